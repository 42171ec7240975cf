"""What is said adds up to one vector."""

from dataclasses import replace

import numpy as np
import pytest
from tests.search.query.making import DIM, ENCODE, MODEL, TAXA, read_words

from thuja.errors import UsageError
from thuja.phrasing import phrase
from thuja.search.engine.effort import STANDARD
from thuja.search.query import Direction, Query, answer
from thuja.search.query.encoding import unit, worded
from thuja.search.query.vectors import sought


def vector(index, query: Query) -> np.ndarray:
    return sought(index, query, ENCODE, effort=STANDARD).vector


def test_a_name_is_put_in_the_words_of_label_spaces(index) -> None:
    expected = read_words([phrase(TAXA[0], "taxon_com")])[0]
    for name in ("Corvus corax", "raven", "corvus CORAX"):
        assert vector(index, Query(text=name)) @ expected == pytest.approx(1, abs=1e-5)
    told = answer(index, Query(text="raven"), ENCODE).told
    assert told == ('"raven" is understood as Animalia Chordata Aves Passeriformes Corvidae Corvus corax (raven)',)


def test_a_description_is_no_name(index) -> None:
    assert vector(index, Query(text="black feathers")) @ read_words(["a photo of black feathers"])[0] == pytest.approx(
        1
    )
    assert worded("A raven in flight. ") == ["A raven in flight."]


def test_a_picture_alone_is_its_vector(index) -> None:
    data = bytes(range(1, DIM + 1))
    assert vector(index, Query(images=(data,))) @ ENCODE.images([data])[0] == pytest.approx(1)
    given = np.arange(1, DIM + 1, dtype=np.float32)
    assert vector(index, Query(vector=5 * given)) @ unit(given) == pytest.approx(1)


def test_words_join_a_picture_at_one_spread_of_scores(index) -> None:
    picture = index.vectors(index.keys_of(["row-0007"]))[0]
    words = ENCODE.described("juvenile plumage")
    found = [vector(index, Query(id="row-0007", text="juvenile plumage", text_weight=weight)) for weight in (0, 0.5, 1)]
    assert found[0] @ picture == pytest.approx(1, abs=1e-5)
    assert found[2] @ words == pytest.approx(1, abs=1e-5)
    spreads = [float((index.sample() @ part).std()) for part in (picture, words)]
    assert found[1] @ unit(picture / spreads[0] + words / spreads[1]) == pytest.approx(1, abs=1e-5)


def test_what_is_unlike_is_left_behind(index) -> None:
    like, unlike = index.vectors(index.keys_of(["row-0000", "row-0003"]))
    plain = vector(index, Query(like=("row-0000",)))
    away = vector(index, Query(like=("row-0000",), unlike=("row-0003",)))
    assert away @ unlike < plain @ unlike
    assert away @ like > 0.5
    alone = vector(index, Query(unlike=("row-0003",)))
    assert alone @ unlike < 0


def test_pictures_in_hand_are_not_found_again(index) -> None:
    query = Query(id="row-0000", like=("row-0006",), unlike=("row-0003",), k=237)
    found = {hit.id for hit in answer(index, query).hits}
    assert len(found) == 237
    assert not found & {"row-0000", "row-0006", "row-0003"}


def test_a_direction_leads_from_one_end_to_the_other(index) -> None:
    start, end = index.vectors(index.keys_of(["row-0000", "row-0003"]))
    way = vector(index, Query(direction=Direction(from_ids=("row-0000",), to_ids=("row-0003",))))
    assert way @ unit(end - start) == pytest.approx(1, abs=1e-5)
    back = vector(index, Query(direction=Direction(from_ids=("row-0000",), to_ids=("row-0003",), strength=-2)))
    assert back @ way == pytest.approx(-1, abs=1e-5)
    words = vector(index, Query(direction=Direction(from_text="small", to_text="large")))
    assert words @ unit(ENCODE.described("large") - ENCODE.described("small")) == pytest.approx(1, abs=1e-5)
    learnt = vector(index, Query(id="row-0000", direction=Direction(vector=end - start, strength=0.5)))
    step = unit(end - start)
    spreads = [float((index.sample() @ part).std()) for part in (start, step)]
    assert learnt @ unit(start / spreads[0] + 0.5 * step / spreads[1]) == pytest.approx(1, abs=1e-5)


def test_a_model_of_another_space_is_refused_with_both_names(index) -> None:
    with pytest.raises(UsageError, match=f"made with {MODEL}, and the model is bioclip-2"):
        answer(index, Query(text="x"), replace(ENCODE, model="bioclip-2"))
    with pytest.raises(UsageError, match="have 16 numbers, and those of made 32"):
        answer(index, Query(text="x"), replace(ENCODE, dim=32))
    with pytest.raises(UsageError, match="has 3 numbers, and those of the index 16"):
        answer(index, Query(vector=np.ones(3)))


def test_words_to_a_model_that_reads_none_are_refused(index) -> None:
    with pytest.raises(UsageError, match="reads no text"):
        answer(index, Query(text="a moth"), replace(ENCODE, texts=None))


def test_two_ends_alike_are_no_direction(index) -> None:
    with pytest.raises(UsageError, match="both ends"):
        vector(index, Query(direction=Direction(from_ids=("row-0000",), to_ids=("row-0000",))))
