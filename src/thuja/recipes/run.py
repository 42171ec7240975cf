"""Run a recipe on a curated folder: train, with features, checks and labels wired in."""
