"""Museum images that show no specimen: labels, drawers, folders, maps; by the nearest class of a support set."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from thuja.curate.filters import looking
from thuja.curate.filters.image_types import MUSEUM_BASES
from thuja.curate.filters.support import ANY, Embed, SupportSet, digest_of, read_supports
from thuja.curate.handed_names import describe
from thuja.curate.steps import Frame, Step
from thuja.errors import UsageError

STEP = "specimens"
COLUMNS = (*looking.COLUMNS, "basis_of_record", "img_type")
_PREFIX = "Museum Specimen: "


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecimenSettings:
    """The recipe's [specimens]; without `support` nothing is looked at.

    `support`: a support set, or a folder of one for each of the twelve kinds of museum specimen, as the papers
    have. `prototypes`: k-means middles a class. `bases`: of which records the images are looked at, the papers'.
    """

    support: Path | None = None
    prototypes: int = 4
    bases: tuple[str, ...] = MUSEUM_BASES

    def __post_init__(self) -> None:
        if self.prototypes < 1:
            raise UsageError(f"specimens.prototypes must be at least 1, got {self.prototypes}")


def specimens(
    batch: pl.DataFrame, settings: SpecimenSettings, embed: Embed, *, supports: Mapping[str, SupportSet]
) -> pl.DataFrame:
    """`specimen_class` of each museum row, and `not_a_specimen` where the nearest class shows none."""
    bases = [_code(name) for name in settings.bases]
    wanted = [_code(basis or "") in bases for basis in batch["basis_of_record"].to_list()]
    kinds = [(kind or "").removeprefix(_PREFIX) for kind in batch["img_type"].to_list()]
    names: list[str | None] = [None] * batch.height
    reasons: list[str | None] = [None] * batch.height
    seen = [(place, image) for place, image in enumerate(looking.images_of(batch, wanted)) if image is not None]
    embeddings = embed([image for _, image in seen]) if seen else None
    for number, (place, _) in enumerate(seen):
        support = supports.get(kinds[place], supports.get(ANY))
        if support is None or embeddings is None:
            continue
        nearest = int(support.nearest(embeddings[number : number + 1])[0])
        names[place] = support.classes[nearest]
        reasons[place] = None if support.is_specimen[nearest] else "not_a_specimen"
    return pl.DataFrame(
        {"specimen_class": names, "reason": reasons}, schema={"specimen_class": pl.String, "reason": pl.String}
    )


def _code(name: str) -> str:
    return name.replace("_", "").replace(" ", "").upper()


def specimens_step(settings: SpecimenSettings, embed: Embed | None = None) -> Step:
    """Drop museum images that show no specimen. `embed` is asked for where there is a support set."""
    supports: Mapping[str, SupportSet] = {}
    told: dict[str, Any] = asdict(settings) | {"embed": describe(embed)}
    if settings.support is not None:
        found = read_supports(settings.support)
        supports = {kind: support.prototypes(settings.prototypes) for kind, support in found.items()}
        told["support"] = digest_of(settings.support)

    def apply(frame: Frame) -> Frame:
        if not supports:
            return frame
        assert embed is not None, "a support set needs the model that made it"
        look = partial(specimens, settings=settings, embed=embed, supports=supports)
        return looking.looked_at(frame, look, COLUMNS, step=STEP, fills=("specimen_class",))

    return Step(name=STEP, settings=told, apply=apply, is_rowwise=True)
