"""What things are called in pybioclip: ranks, models and their label files, the columns of a row."""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Final

from thuja.compat.pybioclip.errors import WrongValue

TOL10M_HF_DATAFILE_REPO: Final = "imageomics/TreeOfLife-10M"
TOL200M_HF_DATAFILE_REPO: Final = "imageomics/TreeOfLife-200M"
HF_DATAFILE_REPO_TYPE: Final = "dataset"

BIOCLIP_V1_MODEL_STR: Final = "hf-hub:imageomics/bioclip"
BIOCLIP_V2_MODEL_STR: Final = "hf-hub:imageomics/bioclip-2"
BIOCLIP_MODEL_STR: Final = BIOCLIP_V2_MODEL_STR
TOL_MODELS: Final[Mapping[str, str]] = {
    BIOCLIP_V1_MODEL_STR: TOL10M_HF_DATAFILE_REPO,
    BIOCLIP_V2_MODEL_STR: TOL200M_HF_DATAFILE_REPO,
}
"""The data set in which a model's label files lie."""

TXT_EMB: Final = "embeddings/txt_emb_species.npy"
TXT_NAMES: Final = "embeddings/txt_emb_species.json"

DEFAULT_BATCH_SIZE: Final = 10

PRED_FILENAME_KEY: Final = "file_name"
PRED_CLASSICATION_KEY: Final = "classification"  # spelt so in pybioclip
PRED_SCORE_KEY: Final = "score"
SPECIES_LABEL: Final = "species"
SPECIES_EPITHET_LABEL: Final = "species_epithet"
COMMON_NAME_LABEL: Final = "common_name"

Names = Sequence[Sequence[str] | str]
"""One label as the file of names holds it: the seven names from kingdom to epithet, and the common name."""
Row = dict[str, str | float]


class Rank(Enum):
    """The seven ranks; an Enum without an order, as scripts know it."""

    KINGDOM = 0
    PHYLUM = 1
    CLASS = 2
    ORDER = 3
    FAMILY = 4
    GENUS = 5
    SPECIES = 6

    def get_label(self) -> str:
        """The rank's name in lower case."""
        return self.name.lower()


def get_rank_labels() -> list[str]:
    """The names of the ranks from the kingdom down, in lower case."""
    return [rank.get_label() for rank in Rank]


def get_tol_repo_id(model_str: str) -> str:
    """The data set that holds the label files of a model; raises WrongValue, a ValueError, for others."""
    repository = TOL_MODELS.get(model_str)
    if repository is None:
        known = ", ".join(TOL_MODELS)
        raise WrongValue(f"TreeOfLife predictions are only supported for the following models: {known}")
    return repository


def ensure_tol_supported_model(model_str: str) -> None:
    """Raises WrongValue for a model without label files."""
    get_tol_repo_id(model_str)


def get_tol_classification_labels(rank: Rank) -> list[str]:
    """The columns of an answer at a rank, in order; for species with epithet, binomial and common name."""
    above = get_rank_labels()[: min(rank.value, Rank.GENUS.value) + 1]
    names = [SPECIES_EPITHET_LABEL, SPECIES_LABEL, COMMON_NAME_LABEL] if rank is Rank.SPECIES else []
    return [*above, *names]


def create_classification_dict(names: Names, rank: Rank) -> dict[str, str]:
    """A label's names under those columns."""
    lineage, common = names
    values = [*lineage[: rank.value + 1]]
    if rank is Rank.SPECIES:
        values += [f"{lineage[-2]} {lineage[-1]}", str(common)]
    return dict(zip(get_tol_classification_labels(rank), values, strict=True))
