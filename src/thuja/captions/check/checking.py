"""Check captions that somebody made: each by itself, with its picture, and beside the others of its species."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Final

import numpy as np
import pyarrow as pa

from thuja.captions.check.choosing import checks_of
from thuja.captions.check.finding import Finding, Pixels, Subject
from thuja.captions.check.naming import names_of
from thuja.captions.check.repeats import Repeats
from thuja.captions.check.rows import Captioned
from thuja.captions.check.settings import CheckSettings
from thuja.captions.check.similarity import Fit, Similarity
from thuja.captions.check.verdict import verdict
from thuja.captions.descriptions.description import Descriptions
from thuja.errors import ImageError
from thuja.images import decode
from thuja.jobs import Progress

_BATCH: Final = 512
_SIDE: Final = 256
"""Pixels of the shorter side from which colours are measured."""

CHECKED_SCHEMA: Final = pa.schema(
    [
        ("uuid", pa.string()),
        ("scientific_name", pa.string()),
        ("common", pa.string()),
        ("caption", pa.string()),
        ("is_accepted", pa.bool_()),
        ("score", pa.float64()),
        ("checks", pa.list_(pa.string())),
        ("reasons", pa.list_(pa.string())),
        ("findings", pa.string()),
    ]
)
"""One row a caption: `checks` that reject it and their `reasons`; `findings` is a JSON object of scores and facts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checking:
    """How captions are checked beside the settings of single checks.

    `repeats` is None to let captions of a species repeat each other; `similarity` needs images.
    """

    settings: CheckSettings = field(default_factory=CheckSettings)
    is_name_wanted: bool = True
    descriptions: Descriptions = field(default_factory=Descriptions)
    repeats: Repeats | None = field(default_factory=Repeats)
    similarity: Similarity | None = None
    fit: Fit = field(default_factory=Fit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many captions there are, how many are accepted, how many each check rejects, whose pictures fail."""

    captions: int
    accepted: int
    by_check: Counter[str]
    unread: int


def check_captions(rows: Iterable[Captioned], checking: Checking) -> tuple[pa.Table, Tally]:
    """A table of CHECKED_SCHEMA in the rows' order, and its sums.

    Pixels are held for one caption, encoded pictures for a batch where a model sees them, texts for all. A picture that
    cannot be read leaves its caption without the checks that need it, and is counted.
    """
    known: list[Captioned] = []
    subjects: list[Subject] = []
    findings: list[list[Finding]] = []
    unread = 0
    checks = checks_of(checking.settings)
    progress = Progress(total=None, label="checking", unit="captions")
    for batch in _batches(rows):
        images: list[bytes | None] = []
        for row in batch:
            image, pixels = _image(row)
            unread += row.read_image is not None and pixels is None
            images.append(image if checking.similarity is not None else None)
            subject = _subject(row, checking)
            findings.append([check(row.caption, replace(subject, image=pixels)) for check in checks])
            known.append(Captioned(uuid=row.uuid, caption=row.caption, taxon=row.taxon))
            subjects.append(subject)
        _add_fit(batch, images, subjects[-len(batch) :], findings[-len(batch) :], checking)
        progress.advance(len(batch))
    progress.close()
    if checking.repeats is not None:
        for own, found in zip(findings, checking.repeats([row.caption for row in known], subjects), strict=True):
            own.append(found)
    table = pa.Table.from_pylist(
        [_row(row, found) for row, found in zip(known, findings, strict=True)], schema=CHECKED_SCHEMA
    )
    return table, _tally(findings, unread)


def _add_fit(
    batch: Sequence[Captioned],
    images: Sequence[bytes | None],
    subjects: Sequence[Subject],
    findings: Sequence[list[Finding]],
    checking: Checking,
) -> None:
    if checking.similarity is None:
        return
    seen = [place for place, image in enumerate(images) if image is not None]
    told = checking.fit(
        [image for image in images if image is not None],
        [batch[place].caption for place in seen],
        [subjects[place] for place in seen],
        checking.similarity,
    )
    for place, finding in zip(seen, told, strict=True):
        findings[place].append(finding)


def _batches(rows: Iterable[Captioned]) -> Iterator[list[Captioned]]:
    iterator = iter(rows)
    while batch := list(islice(iterator, _BATCH)):
        yield batch


def _image(row: Captioned) -> tuple[bytes | None, Pixels | None]:
    """The picture, encoded and decoded, if it can be read."""
    if row.read_image is None:
        return None, None
    try:
        data = row.read_image()
        return data, np.asarray(decode(data, draft=_SIDE))
    except ImageError:
        return None, None


def _subject(row: Captioned, checking: Checking) -> Subject:
    found = checking.descriptions.of(row.taxon)
    return Subject(
        taxon=row.taxon,
        names=names_of(row.taxon),
        is_name_wanted=checking.is_name_wanted,
        description=row.description or (found.text if found else ""),
    )


def _row(row: Captioned, findings: Sequence[Finding]) -> dict[str, object]:
    found = verdict(findings)
    details = {finding.check: {"score": round(finding.score, 4), **finding.facts} for finding in findings}
    return {
        "uuid": row.uuid,
        "scientific_name": row.taxon.scientific_name or None,
        "common": row.taxon.common or None,
        "caption": row.caption,
        "is_accepted": found.is_accepted,
        "score": found.score,
        "checks": list(found.checks),
        "reasons": list(found.reasons),
        "findings": json.dumps(details, ensure_ascii=False),
    }


def _tally(findings: Sequence[Sequence[Finding]], unread: int) -> Tally:
    verdicts = [verdict(found) for found in findings]
    return Tally(
        captions=len(verdicts),
        accepted=sum(found.is_accepted for found in verdicts),
        by_check=Counter(name for found in verdicts for name in found.checks),
        unread=unread,
    )
