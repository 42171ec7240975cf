"""What this server has and allows: the first thing that the page asks for."""

from pathlib import Path

from fastapi import APIRouter
from pydantic import BaseModel

from thuja import __version__
from thuja.predict.among_taxa import AmongTaxa
from thuja.taxonomy import RANKS
from thuja.web.served import Here, Served

router = APIRouter(tags=["server"])


class ModelAbout(BaseModel):
    """The model that answers."""

    id: str
    name: str
    dim: int
    has_text: bool


class LabelsAbout(BaseModel):
    """What it answers with, unless a question says otherwise."""

    count: int
    is_taxa: bool
    ranks: list[str]
    is_calibrated: bool


class ColumnAbout(BaseModel):
    """A column that an index can be filtered by."""

    name: str
    kind: str


class IndexAbout(BaseModel):
    """The index that is searched."""

    rows: int
    version: int
    columns: list[ColumnAbout]
    has_thumbnails: bool
    has_lineage: bool


class LimitsAbout(BaseModel):
    """How much a request may ask for."""

    bytes: int
    image_bytes: int
    pixels: int
    images: int
    text: int
    labels: int
    k: int


class Features(BaseModel):
    """What can be done here."""

    identify: bool
    search: bool
    tree: bool
    map: bool
    compare: bool
    review: bool
    links: bool
    why: bool


class About(BaseModel):
    """All of it."""

    version: str
    model: ModelAbout | None
    labels: LabelsAbout | None
    index: IndexAbout | None
    limits: LimitsAbout
    features: Features


@router.get("/api/about", summary="What this server has and allows")
async def about(here: Here) -> About:
    """The model, its labels, the index, the limits, and what can be done with them."""
    limits = here.limits
    return About(
        version=__version__,
        model=_model(here),
        labels=_labels(here),
        index=_index(here),
        limits=LimitsAbout(**{name: getattr(limits, name) for name in LimitsAbout.model_fields}),
        features=_features(here),
    )


def _model(here: Served) -> ModelAbout | None:
    if here.encoder is None:
        return None
    model = here.encoder.model
    return ModelAbout(id=model.id, name=_name(here) or model.id, dim=model.config.embed_dim, has_text=True)


def _name(here: Served) -> str:
    """What the model is called: of a folder its last part, for where it lies is nobody's business."""
    name = "" if here.predictor is None else here.predictor.name or ""
    return Path(name).name if name and Path(name).is_dir() else name


def _labels(here: Served) -> LabelsAbout | None:
    predictor = here.predictor
    if predictor is None:
        return None
    among = predictor.among
    if not isinstance(among, AmongTaxa):
        return LabelsAbout(count=len(among.labels), is_taxa=False, ranks=[], is_calibrated=False)
    ranks = [rank.label for rank in RANKS if any(taxon[rank] for taxon in among.tree.taxa[rank])]
    is_calibrated = among.weighing.calibration is not None
    return LabelsAbout(count=len(among.labels), is_taxa=True, ranks=ranks, is_calibrated=is_calibrated)


def _index(here: Served) -> IndexAbout | None:
    index = here.index
    if index is None:
        return None
    return IndexAbout(
        rows=len(index),
        version=index.version,
        columns=[ColumnAbout(name=name, kind=str(kind)) for name, kind in index.columns.items()],
        has_thumbnails=index.has_thumbnails,
        has_lineage=index.has_lineage,
    )


def _features(here: Served) -> Features:
    has_labels, has_index = here.predictor is not None, here.index is not None
    has_lineage = here.index is not None and here.index.has_lineage
    return Features(
        identify=has_labels,
        search=has_index,
        tree=has_lineage,
        map=has_index,
        compare=has_lineage,
        review=here.settings.review is not None,
        links=here.settings.allows_links,
        why=has_labels,
    )
