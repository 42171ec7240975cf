"""Heads that learn from a few labelled vectors, and what they are worth."""
