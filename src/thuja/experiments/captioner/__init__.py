"""A small captioner of the simulated world's pictures: whether a description and examples lower what it makes up."""
