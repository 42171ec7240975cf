"""A batch of answers looked through by people: least certain first, each decision kept, exported as examples."""
