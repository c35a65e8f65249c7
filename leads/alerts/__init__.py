"""From a stored post to the person who wants to know: causes, the outbox, delivery, digests."""
