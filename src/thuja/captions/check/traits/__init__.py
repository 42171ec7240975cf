"""Which part of a body a text says what of: parts, colours, shapes, patterns, counts."""
