"""What is asked about: whatever a user names, as queries, their vectors, and groups of them."""
