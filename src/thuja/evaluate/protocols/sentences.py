"""What is asked by text: a caption with and without the species name that it begins with, and sentences as vectors."""

import re
from collections.abc import Sequence

import numpy as np

from thuja.embeddings import Vectors
from thuja.errors import ThujaError
from thuja.evaluate.task import View

_SPECIES = "this species"


def split_name(caption: str) -> tuple[str, str]:
    """The species name that a caption begins with, spelt with spaces, and what follows its first comma.

    >>> split_name("Aberts_Towhee, Large sparrow.")
    ('Aberts Towhee', 'Large sparrow.')
    >>> split_name("No name here")
    ('', 'No name here')
    """
    name, comma, rest = caption.partition(",")
    return (" ".join(name.replace("_", " ").split()), rest.strip()) if comma else ("", caption.strip())


def species_of(caption: str) -> str:
    """The species that a caption names, in small letters, without subspecies or variety.

    A caption without a name is a species of its own.

    >>> species_of("Pellaea mucronata var. mucronata, Leaves curl under.")
    'pellaea mucronata'
    """
    return re.sub(r"\s(?:ssp|subsp|var|f)\..*", "", split_name(caption)[0] or caption.strip()).casefold()


def with_plain_name(caption: str) -> str:
    """The caption with its species name spelt with spaces.

    >>> with_plain_name("Aberts_Towhee, Large sparrow.")
    'Aberts Towhee, Large sparrow.'
    """
    name, rest = split_name(caption)
    return f"{name}, {rest}" if name else rest


def without_name(caption: str) -> str:
    """The caption without the species name: cut from its start, "this species" where it stands again.

    A name is known by its words in any case, with hyphens, underscores or spaces between them, with or without
    the apostrophe and the plural. A part of a name (the genus, "sparrow") stays, and so does a name in another
    language: what remains of species recognition is more than none.

    >>> without_name("Roseate_Spoonbill, Roseate Spoonbills forage in shallow waters.")
    'this species forage in shallow waters.'
    >>> without_name("Bells_Sparrow, Where Bell's Sparrow winters, the bell rings.")
    'Where this species winters, the bell rings.'
    """
    name, rest = split_name(caption)
    return _pattern(name).sub(_SPECIES, rest) if name else rest


def _pattern(name: str) -> re.Pattern[str]:
    words = [re.escape(word) for word in re.split(r"[\s-]+", name) if word]
    owned = [re.sub(r"s$", "['’]?s", word) for word in words]
    return re.compile(r"\b" + r"[\s_-]+".join(owned) + r"(?:['’]?e?s)?\b", re.IGNORECASE)


def encode(view: View, sentences: Sequence[str], task: str) -> Vectors:
    """Sentences as (S, D) float32 of length one, each distinct one encoded once.

    Raises UsageError for a model that reads no text, ThujaError for vectors of another length than the images'
    or that are not numbers.
    """
    row_of = {sentence: row for row, sentence in enumerate(dict.fromkeys(sentences))}
    vectors = np.asarray(view.require_texts(task)(list(row_of)), dtype=np.float32)
    if vectors.shape != (len(row_of), view.vectors.shape[1]):
        raise ThujaError(f"{len(row_of)} texts gave vectors {vectors.shape}, images {view.vectors.shape}")
    if not np.isfinite(vectors).all():
        raise ThujaError(f"{int((~np.isfinite(vectors).all(axis=1)).sum())} text vectors are not numbers")
    return vectors[[row_of[sentence] for sentence in sentences]]
