"""What folders and tables call the splits."""

_SPLIT_WORDS = {
    "train": ("train", "training"),
    "val": ("val", "valid", "validation", "dev"),
    "test": ("test", "testing", "heldout", "held-out", "held_out", "eval"),
    "unseen": ("unseen",),
}
SPLIT_OF = {word: split for split, words in _SPLIT_WORDS.items() for word in words}
