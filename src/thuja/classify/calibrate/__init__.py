"""Scores that mean something: temperature, curves, back-off, sets of subtrees."""
