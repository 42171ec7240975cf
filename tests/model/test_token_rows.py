"""Rows of token ids: what is joined from parts equals what is tokenised whole."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from thuja.model import Tokenizer
from thuja.model.token_rows import TokenRows, prompted_rows, token_rows
from thuja.phrasing import PROMPTS

TOKENIZER = Tokenizer.train(["a photo of a raven's.", "it's Corvus corax", "12.5 in a video game", "{x} &amp;"], 600)
PLAIN = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12)
NAMES = st.lists(
    st.one_of(PLAIN, st.text(max_size=8), st.sampled_from(["", "corvus corax", "a's", "x" * 40])), max_size=5
)
PROMPTED = st.lists(
    st.one_of(
        st.sampled_from([*PROMPTS, "{}", "{}{}", "({}) and {}'s", "&{};", "é {}", "a\u00a0{}\tb"]),
        st.tuples(PLAIN, PLAIN).map("{}".join),
    ),
    min_size=1,
    max_size=4,
)


def as_lists(rows: TokenRows) -> list[list[int]]:
    assert not any(row[length:].any() for row, length in zip(rows.ids, rows.lengths, strict=True))
    return [row[:length].tolist() for row, length in zip(rows.ids, rows.lengths, strict=True)]


@given(names=NAMES, prompts=PROMPTED, length=st.integers(3, 40))
@example(names=[], prompts=["{}&"], length=3)
def test_prompted_rows_are_those_of_the_whole_texts(names: list[str], prompts: list[str], length: int) -> None:
    whole = [prompt.replace("{}", name) for name in names for prompt in prompts]
    assert as_lists(prompted_rows(TOKENIZER, names, prompts, context_length=length)) == TOKENIZER.encode(whole, length)


@given(texts=st.lists(st.text(max_size=20), max_size=6), length=st.integers(3, 20))
def test_rows_are_the_tokenizers_ids(texts: list[str], length: int) -> None:
    assert as_lists(token_rows(TOKENIZER, texts, length)) == TOKENIZER.encode(texts, length)


@pytest.mark.parametrize("name", ["Corvus corax", "×Corvus", "a & b"])
def test_a_name_in_eighty_prompts_is_tokenised_whole_only_when_it_has_to_be(name: str) -> None:
    class Counting(Tokenizer):
        asked = 0

        def encode(self, texts, context_length):
            self.asked += len(texts)
            return super().encode(texts, context_length)

    counting = Counting(TOKENIZER._vocab, TOKENIZER._merges)
    prompted_rows(counting, [name] * 10, PROMPTS, context_length=77)
    plain = 2 * 10 + 2 * len(PROMPTS)  # the prompts hold it in two ways; each prompt has two sides
    assert counting.asked == (plain if name.isascii() and "&" not in name else 10 * len(PROMPTS) + 2 * len(PROMPTS))


def test_a_text_of_a_million_letters_takes_no_more_room_than_the_context() -> None:
    rows = prompted_rows(TOKENIZER, ["x" * 1_000_000, "y"], PROMPTS, context_length=24)
    assert rows.ids.shape == (2 * len(PROMPTS), 24)
