"""The door: one file a verb; each parses, calls its room and prints."""
