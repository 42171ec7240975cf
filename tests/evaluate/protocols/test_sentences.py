import numpy as np
import pytest

from thuja.errors import ThujaError, UsageError
from thuja.evaluate.protocols.sentences import encode, split_name, with_plain_name, without_name
from thuja.evaluate.task import View


@pytest.mark.parametrize(
    ("caption", "left"),
    [
        ("Black-bellied_Whistling-Duck, Black-bellied Whistling-Ducks perch.", "this species perch."),
        ("Bells_Sparrow, BELL'S SPARROW sings.", "this species sings."),
        ("Bells_Sparrow, Bell’s Sparrow sings.", "this species sings."),
        ("Ruddy_Duck, A ruddy duckling is no duck.", "A ruddy duckling is no duck."),
        ("Lupinus bicolor var. bicolor, Blue lupinus.", "Blue lupinus."),
        ("No name before a comma", "No name before a comma"),
        ("Raven,", ""),
        (", black.", "black."),
    ],
)
def test_a_name_is_taken_out_wherever_it_stands_in_full(caption: str, left: str) -> None:
    assert without_name(caption) == left


def test_the_name_ends_at_the_first_comma() -> None:
    assert split_name("Alder_Flycatcher, Small, olive.") == ("Alder Flycatcher", "Small, olive.")
    assert with_plain_name("Alder_Flycatcher, Small, olive.") == "Alder Flycatcher, Small, olive."
    assert with_plain_name("black all over") == "black all over"


def test_each_distinct_sentence_is_encoded_once() -> None:
    asked: list[str] = []

    def texts(sentences):
        asked.extend(sentences)
        return np.array([[len(sentence), 1.0] for sentence in sentences], np.float32)

    vectors = encode(View(vectors=np.ones((1, 2), np.float32), texts=texts), ["aa", "b", "aa"], "retrieval")
    assert asked == ["aa", "b"]
    assert vectors[:, 0].tolist() == [2, 1, 2]


def test_texts_that_cannot_be_compared_are_refused() -> None:
    image = np.ones((1, 2), np.float32)
    with pytest.raises(UsageError, match="reads no text"):
        encode(View(vectors=image), ["a"], "retrieval")
    with pytest.raises(ThujaError, match=r"1 texts gave vectors \(1, 3\)"):
        encode(View(vectors=image, texts=lambda _: np.ones((1, 3), np.float32)), ["a"], "retrieval")
    with pytest.raises(ThujaError, match="1 text vectors are not numbers"):
        encode(View(vectors=image, texts=lambda _: np.full((1, 2), np.nan, np.float32)), ["a"], "retrieval")
