"""The web application: a page and an API over a model and an index."""
