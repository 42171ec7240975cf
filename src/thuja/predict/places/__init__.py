"""Where and when: records of what lives where, areas, and the place and date of a photo."""
