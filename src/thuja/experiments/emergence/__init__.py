"""What a space learns of the tree, of ecology and of variation within species, from how it is taught and how much."""
