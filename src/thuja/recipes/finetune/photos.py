"""The photos of a fine-tuning: what is learnt from, what says when to stop, what the table is measured on."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from thuja.errors import EmptyInput
from thuja.recipes.curated import label_taxa, named_to_species, require_curated
from thuja.record import Record
from thuja.taxonomy import Taxon
from thuja.train import Corpus

CHECKED = 500
"""Photos that a check in the middle of training looks at, at most."""
HELD_OUT = 0.1
"""The share of the training photos that is held out for checks where there is no val split worth the name."""
FEWEST = 3
"""Observations that a species has at least, where one of them is held out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Photos:
    """`train` is learnt from, `checked` says when to stop, `test` is asked before and after.

    `checked` is the val split or photos held out of train, of other observations; `test` is the
    test split, or `checked` where there is none. Photos named to the genus or above are learnt from
    and asked at the ranks that they have, but do not say when to stop. `unseen` are species held out of training.
    """

    train: Corpus
    checked: Corpus
    test: Corpus
    unseen: Corpus | None = None
    held_out: int = 0
    """How many photos were taken out of the train split for `checked`."""

    @property
    def is_tested_apart(self) -> bool:
        """Whether the test photos had no say in when to stop."""
        return self.test is not self.checked

    @classmethod
    def of(cls, data: Path) -> "Photos":
        """The photos of a folder that `thuja curate` made; raises EmptyInput where there is nothing to learn."""
        require_curated(data, then="thuja finetune")
        train = Corpus.open(data, "train")
        if len(train.taxa) < 2:
            raise EmptyInput(f"the photos in {data} are all of one taxon", hint="two or more are needed to learn from")
        answers = set(label_taxa(data))
        val = Corpus.find(data, "val")
        held_out: list[int] = []
        if val is None or len(val) < max(len(named_to_species(train.taxa)), 2) / 2:
            held_out = [row for row in hold_out(train.records) if train.records[row].taxon in answers]
        if held_out:
            rest = sorted(set(range(len(train))) - set(held_out))
            val, train = train.at(held_out), train.at(rest)
        test = Corpus.find(data, "test")
        known = (val or test or train.at([])).of(answers)
        if not len(known):
            raise EmptyInput(
                f"no species in {data} has {FEWEST} observations, so none can be held out to see what is learnt",
                hint="curate more photos of each species",
            )
        checked = known.spread(CHECKED)
        return cls(
            train=train,
            checked=checked,
            test=test if test is not None and val is not None else checked,
            unseen=Corpus.find(data, "unseen"),
            held_out=len(held_out),
        )


def hold_out(records: Sequence[Record]) -> list[int]:
    """The rows of whole observations, HELD_OUT of each species' of at least FEWEST, and at least one of them.

    Which ones is a matter of their names alone: the same in every run.
    """
    groups: dict[Taxon, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for row, record in enumerate(records):
        groups[record.taxon][observation_of(record)].append(row)
    taxa_of = Counter(name for observations in groups.values() for name in observations)
    rows: list[int] = []
    for observations in groups.values():
        whole = sorted((name for name in observations if taxa_of[name] == 1), key=_order)
        if len(observations) >= FEWEST:
            for name in whole[: max(1, round(HELD_OUT * len(observations)))]:
                rows += observations[name]
    return sorted(rows)


def observation_of(record: Record) -> str:
    """What a photo shares with others of one animal at one moment: those are never parted."""
    for name in ("sequence_id", "observation_id", "occurrence_id", "gbif_id"):
        if value := record.facts.get(name):
            return f"{record.data_source} {name} {value}"
    return record.uuid


def _order(name: str) -> bytes:
    return blake2b(name.encode()).digest()
