"""Whole tables of names: read them, answer their distinct rows, write them with the answers beside."""
