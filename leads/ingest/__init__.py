"""Posts in, leads and mentions out."""
