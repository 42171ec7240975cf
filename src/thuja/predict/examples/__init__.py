"""Learning from a few photos: examples, what they answer alone or with text labels, what else they teach."""
