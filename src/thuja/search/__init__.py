"""Find pictures in an index: by picture, by words, by example, under filters, in folders of any size."""
