"""What a score is, a file a family of measures; all are written out on arrays."""
