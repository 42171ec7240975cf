"""Nearest vectors of one segment: codes find candidates, the stored vectors score them exactly."""
