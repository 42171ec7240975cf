"""What an encyclopedia says of how species look, each with its source, revision and licence."""
