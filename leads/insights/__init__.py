"""What many leads and mentions say together: counts, what changed, what is waiting."""
