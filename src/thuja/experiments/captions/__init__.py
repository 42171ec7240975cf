"""What captions buy: arms that differ in whose captions they learn from, and scores of what they know by it."""
