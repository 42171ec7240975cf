"""The tokenizer against open_clip's, and the one that is trained."""

import json
import random
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thuja.errors import BadFile, UsageError
from thuja.model import Tokenizer
from thuja.model.tokenizer import clean
from thuja.names import embedded

TEXTS = [
    f"a photo of Animalia Chordata Aves {genus} {epithet} with common name {common}."
    for genus in ("Corvus", "Pica", "Parus")
    for epithet in ("corax", "major", "minor")
    for common in ("Steller’s jay", "raven", "Größe")
]
TRAINED = Tokenizer.train(TEXTS, 640)
ODD = [
    "",
    "   ",
    "Steller&#39;s jay &amp; co",
    "it's we'll I'D",
    "Ærodramus ﬁscheri",
    "日本の鳥 🐦‍⬛ 12,345",
    "<end_of_text> <|endoftext|>",
    "Σίσυφος ΟΔΟΣ",
    "x" * 400,
    "tab\tnew\nline\u00a0nbsp\u200b",
    "'\u017f a\u0345b \u29eb\u0345\u29eb '\ufb05",
]


@pytest.fixture(scope="module")
def clip_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """CLIP's vocabulary as `vocab.json` and `merges.txt`, made from open_clip's own copy."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        from open_clip.tokenizer import SimpleTokenizer
    reference = SimpleTokenizer()
    folder = tmp_path_factory.mktemp("clip")
    (folder / "vocab.json").write_text(json.dumps(reference.encoder), encoding="utf-8")
    merges = ["#version: 0.2", *(" ".join(pair) for pair in reference.bpe_ranks)]
    (folder / "merges.txt").write_text("\n".join(merges) + "\n", encoding="utf-8")
    return folder


def test_ids_are_open_clips_for_clips_vocabulary(clip_folder: Path) -> None:
    from open_clip.tokenizer import SimpleTokenizer

    reference, ours = SimpleTokenizer(), Tokenizer.load(clip_folder)
    assert (ours.vocab_size, ours.start, ours.end) == (49408, 49406, 49407)
    texts = [*TEXTS, *(text for text in ODD if "<end_of_text>" not in text)]
    assert ours.pad(ours.encode(texts, 77), 77).tolist() == reference(texts).tolist()


def test_ids_are_open_clips_on_random_strings(clip_folder: Path) -> None:
    from open_clip.tokenizer import SimpleTokenizer

    reference, ours = SimpleTokenizer(), Tokenizer.load(clip_folder)
    chance = random.Random(0)
    letters = "abcxyzABC ÄÖéñ'’`´.,;:-_()[]&<>/\\\"#0123456789½²  \t\n日鳥αβσΣжЖ🐦😀"
    texts = ["".join(chance.choices(letters, k=chance.randrange(40))) for _ in range(3000)]
    assert ours.pad(ours.encode(texts, 77), 77).tolist() == reference(texts).tolist()


def many_strings(count: int) -> list[str]:
    """Names of the embedded backbone in four phrasings, and every tenth string what no name looks like."""
    chance = random.Random(1)
    names = [name for name in embedded().tables.names["key"].unique().sort().to_list() if name]
    phrases = ("{}", "a photo of {}.", "A photo of {} With Common Name {}.", "{}&nbsp;({}) &amp; co")
    return [
        strange(chance) if chance.random() < 0.1 else chance.choice(phrases).format(*chance.choices(names, k=2))
        for _ in range(count)
    ]


def strange(chance: random.Random) -> str:
    """Any code points, emoji of several, HTML, nothing, over-long, doubly escaped or mis-decoded text.

    Code points that Python's Unicode does not know are left out: open_clip's library may know them
    as letters, and ours not.
    """
    kind = chance.randrange(7)
    points = [chance.choice([chance.randrange(0x250), chance.randrange(0xD800), 0x1F300 + chance.randrange(700)])]
    points += [chance.randrange(0x3000) for _ in range(chance.randrange(30))]
    text = "".join(letter for letter in map(chr, points) if unicodedata.category(letter) != "Cn")
    if kind == 0:
        return "".join(chance.choices("🐦‍⬛👩🏽‍🔬🏳️‍🌈🐻‍❄️ 🇫🇮é\u0301ﷺ½Ⅷ", k=chance.randrange(12)))
    if kind == 1:
        return chance.choice(["", " ", "\t\n", "\u200b", "\u00a0", "\ufeff"])
    if kind == 2:
        return "<i>Corvus</i> &lt;b&gt; &#x1F426; &#39;s &amp;amp; &nbsp;&eacute; &unknown; " + text
    if kind == 3:
        return "Crvs crx & Größe, l'Étang-à-œil's! " * chance.randrange(1, 30)
    if kind == 4:
        return ("Größe l’été " + text).encode("utf-8", "ignore").decode("latin-1")
    return text


@pytest.mark.parametrize("count", [5_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_ids_are_open_clips_on_names_and_on_what_no_name_looks_like(clip_folder: Path, count: int) -> None:
    from open_clip.tokenizer import SimpleTokenizer

    reference, ours = SimpleTokenizer(), Tokenizer.load(clip_folder)
    texts = many_strings(count)
    theirs = reference(texts)
    found = ours.pad(ours.encode(texts, 77), 77)
    different = (found != theirs).any(dim=1).nonzero().flatten().tolist()
    assert [texts[row] for row in different] == []
    assert len(set(texts)) > 0.9 * count


def test_a_special_token_inside_a_text_is_ordinary_characters(clip_folder: Path) -> None:
    for tokenizer in (TRAINED, Tokenizer.load(clip_folder)):
        (ids,) = tokenizer.encode(["<end_of_text> <start_of_text> <pad>"], 77)
        assert ids.count(tokenizer.end) == ids.count(tokenizer.start) == 1


def test_a_text_too_long_is_cut_and_still_ends() -> None:
    (ids,) = TRAINED.encode(["corvus corax " * 50], 12)
    assert len(ids) == 12
    assert (ids[0], ids[-1]) == (TRAINED.start, TRAINED.end)


def test_end_of_text_has_the_highest_id() -> None:
    tokens = TRAINED.pad(TRAINED.encode(TEXTS, 77))
    assert tokens.max() == TRAINED.end == TRAINED.vocab_size - 1
    assert (tokens == TRAINED.end).sum() == len(TEXTS)


@given(st.text(max_size=60).filter(lambda text: "\u0345" not in clean(text)))
def test_no_text_is_unknown(text: str) -> None:
    (ids,) = TRAINED.encode([text], 10_000)
    squeezed = "".join(clean(text).split())
    assert "".join(TRAINED.decode(ids).split()) == squeezed


def test_training_follows_the_texts_and_not_their_order() -> None:
    assert Tokenizer.train(reversed(TEXTS), 640).encode(TEXTS, 77) == TRAINED.encode(TEXTS, 77)
    other = Tokenizer.train(["Quercus robur", "Quercus rubra", "Quercus suber"], 640)
    assert other.encode(["quercus"], 77) == [[other.start, *other.encode(["quercus"], 77)[0][1:-1], other.end]]
    assert len(other.encode(["quercus"], 77)[0]) == 3
    assert len(TRAINED.encode(["quercus"], 77)[0]) > 3


def test_training_stops_at_the_vocabulary_size() -> None:
    assert Tokenizer.train(TEXTS, 530).vocab_size == 530
    with pytest.raises(UsageError, match="at least 515"):
        Tokenizer.train(TEXTS, 514)


def test_saved_and_loaded_gives_the_same_ids(tmp_path: Path) -> None:
    TRAINED.save(tmp_path / "tokenizer.json")
    loaded = Tokenizer.load(tmp_path)
    assert loaded.encode([*TEXTS, *ODD], 40) == TRAINED.encode([*TEXTS, *ODD], 40)
    assert (loaded.pad_id, loaded.is_own) == (TRAINED.pad_id, True)


@pytest.mark.filterwarnings("ignore")
def test_transformers_opens_what_is_saved(tmp_path: Path) -> None:
    from transformers import PreTrainedTokenizerFast

    TRAINED.save(tmp_path / "tokenizer.json")
    other = PreTrainedTokenizerFast.from_pretrained(tmp_path)
    texts = [clean(text) for text in TEXTS]
    padded = other(texts, padding="max_length", truncation=True, max_length=30)["input_ids"]
    assert padded == TRAINED.pad(TRAINED.encode(texts, 30), 30).tolist()


def test_cleaning_mends_entities_quotes_and_white_space() -> None:
    assert clean("  Steller&amp;#39;s\n JAY ") == "steller's jay"
    assert clean("Steller’s") == "steller's"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "not a tokenizer"),
        ('{"model": {"type": "WordPiece", "vocab": {"a": 0}}}', "not a tokenizer"),
        ('{"model": {"vocab": {"a": 0, "b": 2}, "merges": []}}', "token ids"),
        ('{"model": {"vocab": {"a": 0, "b": 1}, "merges": []}}', "byte-level BPE"),
        ('{"model": {"vocab": {"a": 0, "b": "1"}, "merges": []}}', "not a tokenizer"),
        ('{"model": {"vocab": {"a": 0, "b": 1}, "merges": [null]}}', "not a tokenizer"),
    ],
)
def test_a_file_that_is_no_clip_tokenizer_is_refused(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "tokenizer.json").write_text(content, encoding="utf-8")
    with pytest.raises(BadFile, match=said):
        Tokenizer.load(tmp_path)


@pytest.mark.parametrize(
    ("merges", "said"),
    [
        ([["a", "nowhere"]], "merges 'a' and 'nowhere'"),
        ([["q", "z"]], "merges 'q' and 'z'"),
        (["onlyone"], "not a tokenizer"),
        ([[1, 2]], "merges 1 and 2"),
        ([[None, "a"]], "not a tokenizer"),
        (7, "not a tokenizer"),
    ],
)
def test_broken_merges_are_a_bad_file(tmp_path: Path, merges: object, said: str) -> None:
    """It was a bare Exception of the library's."""
    TRAINED.save(tmp_path / "tokenizer.json")
    content = json.loads((tmp_path / "tokenizer.json").read_text(encoding="utf-8"))
    content["model"]["merges"] = merges
    (tmp_path / "tokenizer.json").write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(BadFile, match=said):
        Tokenizer.load(tmp_path)


def test_a_folder_without_a_tokenizer_says_what_it_needs(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="no tokenizer") as caught:
        Tokenizer.load(tmp_path)
    assert "vocab.json and merges.txt" in caught.value.hint
