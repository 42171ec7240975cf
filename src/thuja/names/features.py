"""What speaks for and against a candidate, as numbers: how it was reached, how the spelling differs, the lineage."""

from collections.abc import Callable
from enum import IntEnum

import numpy as np
import polars as pl

from thuja.names.agreement import HIGHER, Agreement, authors_agree
from thuja.names.backbone import Backbone, Hits
from thuja.names.spelling import trigrams
from thuja.names.store import LINEAGE, SPECIES_LEVEL


class How(IntEnum):
    """How a known name was reached from a written one, the surest first."""

    EXACT = 0
    SPECIES_OF = 1
    """The species of an infraspecific name."""
    VARIANT = 2
    """Another ending, hyphen or doubled letter."""
    FUZZY = 3
    COMMON = 4
    MOVED = 5
    """The same epithet in another genus of the family."""
    GENUS = 6
    """The genus alone: the species is another one."""
    WITHIN = 7
    """A known name among other words."""
    HEAD = 8
    """A taxon whose common name ends in the written one: the American Robin is a robin."""


_STATUSES = ("synonym", "provisional", "misapplied")
_ANSWERS = {
    "agrees": Agreement.AGREES,
    "differs": Agreement.DIFFERS,
    "near": Agreement.NEAR,
    "unknown": Agreement.UNKNOWN,
}
_MAIN_RANKS = [*LINEAGE, *SPECIES_LEVEL]
FEATURES = (
    *(how.name.lower() for how in How),
    "second_edit",
    "edit_in_genus",
    "edit_in_word",
    "letters_of_epithet",
    "letters_of_genus",
    "first_letter",
    "last_letters",
    "epithet_elsewhere",
    "epithet_in_family",
    "genus_elsewhere",
    "odd_epithet",
    "odd_genus",
    "congeners",
    "namesakes",
    "near_genus",
    "minor_rank",
    "not_preferred",
    "seen_less",
    *_STATUSES,
    "later_backbone",
    "authors_agree",
    "authors_differ",
    *(f"{rank}_{answer}" for rank in HIGHER for answer in _ANSWERS),
    "lineage_differs",
)
"""The names of the features, which are those of their weights."""


def features(backbone: Backbone, number: int, queries: pl.DataFrame, *, found: pl.DataFrame) -> np.ndarray:
    """The features of candidates, in the order of `FEATURES`.  (N, F) float32

    `queries` and `found` are as `find_candidates` takes and gives them; `number` is the backbone's place
    in the order of preference.
    """
    place = {name: column for column, name in enumerate(FEATURES)}
    rows = np.zeros((len(found), len(FEATURES)), np.float32)
    how = found["how"].to_numpy()
    rows[np.arange(len(rows)), how] = 1
    for name, column in _of_record(backbone, queries, found).items():
        rows[:, place[name]] = column
    rows[:, place["later_backbone"]] = number
    # That the family is the same is how these were found: it is no further evidence.
    rows[how == How.MOVED] = 0
    rows[how == How.MOVED, How.MOVED] = 1
    respelt = np.flatnonzero(how == How.FUZZY)
    if len(respelt):
        for name, column in _of_spelling(backbone, queries, found[respelt]).items():
            rows[respelt, place[name]] = column
    return rows


def _of_record(backbone: Backbone, queries: pl.DataFrame, found: pl.DataFrame) -> dict[str, np.ndarray]:
    """What the backbone says of the name, its authors, and its lineage beside the one given."""
    row = found["row"].to_numpy()
    is_named = row >= 0
    names = backbone.tables.names
    named = np.flatnonzero(is_named)
    status = np.full(len(found), "accepted", object)
    author = np.zeros(len(found), np.uint8)
    if len(named):
        status[named] = names["status"].gather(row[named]).cast(pl.String).to_numpy()
        written = queries["authorship"].gather(found["asked"].to_numpy()[named])
        author[named] = authors_agree(written, names["authorship"].gather(row[named]))
    columns = {word: status == word for word in _STATUSES}
    columns["authors_agree"] = author == Agreement.AGREES
    columns["authors_differ"] = author == Agreement.DIFFERS
    columns["not_preferred"] = ~found["is_preferred"].to_numpy()
    ranks = backbone.tables.taxa["rank"].gather(found["taxon"].to_numpy()).cast(pl.String)
    columns["minor_rank"] = ~ranks.is_in(_MAIN_RANKS).to_numpy()
    columns["near_genus"] = ((found["how"] == int(How.GENUS)) & (found["genus_edits"] > 0)).to_numpy()
    columns["seen_less"] = _seen_less(backbone, found)
    codes = np.stack([found[rank].to_numpy() for rank in HIGHER], axis=1)  # (N, 5)
    for number, rank in enumerate(HIGHER):
        for answer, code in _ANSWERS.items():
            columns[f"{rank}_{answer}"] = codes[:, number] == code
    differs, agrees = (codes == Agreement.DIFFERS).any(axis=1), (codes == Agreement.AGREES).any(axis=1)
    return columns | {"lineage_differs": differs & ~agrees}


def _seen_less(backbone: Backbone, found: pl.DataFrame) -> np.ndarray:
    """Of taxa with one common name, in decades, how much less often each is seen than the one seen most.

    Of those whose names only end in it, this orders them and no more: how many there are is what counts.
    """
    seen = np.log10(1 + backbone.tables.taxa["observations"].gather(found["taxon"].to_numpy()).to_numpy())
    asked = found["asked"].to_numpy()
    less = np.zeros(len(found))
    for how, share in ((How.COMMON, 1.0), (How.HEAD, 0.05)):
        rows = np.flatnonzero((found["how"] == int(how)).to_numpy())
        most = np.zeros(int(asked.max()) + 1 if len(asked) else 0)
        np.maximum.at(most, asked[rows], seen[rows])
        less[rows] = share * (most[asked[rows]] - seen[rows])
    return less


def _of_spelling(backbone: Backbone, queries: pl.DataFrame, found: pl.DataFrame) -> dict[str, np.ndarray]:
    """How the written name differs from the known one, and how much room there is for another."""
    asked, row = found["asked"].to_numpy(), found["row"].to_numpy()
    known = backbone.tables.names.select("key", "epithet")[row]
    genus, epithet = queries["genus"].gather(asked), queries["epithet"].gather(asked)
    held_genus, held = known["key"].str.split(" ").list.first(), known["epithet"].fill_null("")
    in_genus, in_epithet = (found["genus_edits"] > 0).to_numpy(), (found["epithet_edits"] > 0).to_numpy()
    has_epithet = (epithet != "").to_numpy()
    is_ending = (_without_end(epithet) == _without_end(held)).to_numpy()
    return {
        "second_edit": (found["genus_edits"] + found["epithet_edits"] == 2).to_numpy(),
        "edit_in_genus": in_genus & has_epithet,
        "edit_in_word": in_genus & ~has_epithet,
        "letters_of_epithet": in_epithet * _per_letter(epithet),
        "letters_of_genus": in_genus * _per_letter(genus),
        "first_letter": in_genus & (genus.str.slice(0, 1) != held_genus.str.slice(0, 1)).to_numpy(),
        "last_letters": in_epithet & is_ending,
        "epithet_elsewhere": in_epithet * _log_count(epithet, backbone.by_epithet),
        "epithet_in_family": in_epithet & ~is_ending & _is_in_family(backbone, epithet, row),
        "genus_elsewhere": in_genus & (_log_count(genus, backbone.words) > 0),
        "odd_epithet": in_epithet * _odder(backbone, "epithets", epithet, known=held),
        "odd_genus": in_genus * _odder(backbone, "words", genus, known=held_genus),
        "congeners": in_epithet * _log_count(held_genus, backbone.by_genus),
        "namesakes": (in_genus & has_epithet) * _log_count(held, backbone.by_epithet),
    }


def _odder(backbone: Backbone, column: str, written: pl.Series, *, known: pl.Series) -> np.ndarray:
    """How much rarer the rarest three letters of the written word are than those of the known one, in log counts.

    Slips of the finger make groups of letters that no name has; a name that is only missing has usual ones.
    """
    counts = backbone.tables.trigrams[column].to_numpy()
    return np.asarray(_rarest(counts, known) - _rarest(counts, written))


def _rarest(counts: np.ndarray, words: pl.Series) -> np.ndarray:
    code, owner = trigrams(words)
    least = np.full(len(words), np.inf)
    np.minimum.at(least, owner, np.log1p(counts[code]))
    return np.where(np.isfinite(least), least, 0).astype(np.float32)


def _is_in_family(backbone: Backbone, epithets: pl.Series, rows: np.ndarray) -> np.ndarray:
    """Whether the epithet as it is written stands in the family of the name in each row.  (N,) bool"""
    families = _families(backbone, rows)
    distinct = epithets.unique().sort()
    hits = backbone.by_epithet(distinct)
    held = pl.DataFrame({"epithet": distinct.gather(hits.asked), "family": _families(backbone, hits.found)}).unique()
    asked = pl.DataFrame({"epithet": epithets, "family": families}).with_row_index("row")
    found = np.zeros(len(epithets), bool)
    found[asked.join(held, on=["epithet", "family"], how="semi")["row"].to_numpy()] = True
    return found


def _families(backbone: Backbone, rows: np.ndarray) -> pl.Series:
    taxon = backbone.tables.names["taxon"].gather(rows).to_numpy()
    lineage = backbone.tables.taxa["lineage"].gather(taxon).to_numpy()
    return backbone.tables.lineages["family"].gather(lineage)


def _per_letter(words: pl.Series) -> np.ndarray:
    """Lengths centred on the usual eight letters; a longer word leaves less room for chance."""
    return np.asarray((np.clip(words.str.len_chars().to_numpy().astype(np.float32), 2, 16) - 8) / 4)


def _without_end(words: pl.Series) -> pl.Series:
    column = pl.col("word")
    return words.to_frame("word").select(column.str.slice(0, column.str.len_chars() - 2)).to_series()


def _log_count(keys: pl.Series, look_up: Callable[[pl.Series], Hits]) -> np.ndarray:
    """log(1 + the number of rows a key has), each distinct key looked up once."""
    distinct = keys.unique().sort()
    size = np.bincount(look_up(distinct).asked, minlength=len(distinct))
    return np.asarray(np.log1p(size[distinct.search_sorted(keys, "left").to_numpy()]), np.float32)
