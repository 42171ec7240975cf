"""What folders of images say by their names: a label, and a split."""

_SPLIT_WORDS = {
    "train": ("train", "training"),
    "val": ("val", "valid", "validation", "dev"),
    "test": ("test", "testing", "heldout", "held-out", "held_out", "eval"),
    "unseen": ("unseen",),
}
SPLIT_OF = {word: split for split, words in _SPLIT_WORDS.items() for word in words}
"""What folders and tables call the splits."""


def label_and_split(relative: str) -> tuple[str, str]:
    """The label and the split that a relative path says, either of them empty.

    >>> label_and_split("train/Corvus corax/a.jpg")
    ('Corvus corax', 'train')
    """
    folders = relative.split("/")[:-1]
    splits = [folder for folder in folders if folder.lower() in SPLIT_OF]
    labels = [folder for folder in folders if folder.lower() not in SPLIT_OF]
    return (labels[-1] if labels else ""), (SPLIT_OF[splits[0].lower()] if splits else "")
