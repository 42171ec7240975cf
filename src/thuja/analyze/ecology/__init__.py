"""Where organisms live and how plants grow, read from an encyclopedia's introductions by rules of our own."""
