"""Faces that other tools' scripts know, over thuja's own parts."""
