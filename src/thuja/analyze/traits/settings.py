"""How a trait is analysed: which clades are left out, how many traits are simulated, what it is held against."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from thuja.analyze.phylogeny import Phylogeny
from thuja.analyze.space import Space
from thuja.errors import UsageError
from thuja.taxonomy import Rank


class Kind(StrEnum):
    """What a trait's values are; AUTO takes numbers of more than two values for numbers, all else for categories."""

    AUTO = "auto"
    NUMBER = "number"
    CATEGORY = "category"


@dataclass(frozen=True, slots=True, kw_only=True)
class TraitSettings:
    """`left_out` is the rank of the clades that predictions are made for, `folds` the most parts they are put in.

    `draws` traits are simulated a choice of branch lengths. `decoys` names columns that are treated as the trait is.
    `stratum` names a column of images whose every value is analysed apart. `swapped` are the same specimens on other
    backgrounds, by name. `rho` is the power of Grafen's heights, and a `phylogeny` is a third choice of branch
    lengths. Vectors of images are set to length one unless `is_unit` is False. Of more than `most` species that many
    are drawn: the tables of ancestry grow with their square, and the work with their cube.
    """

    left_out: Rank = Rank.ORDER
    folds: int = 10
    kind: Kind = Kind.AUTO
    draws: int = 199
    replicates: int = 1000
    decoys: tuple[str, ...] = ()
    stratum: str = ""
    swapped: Mapping[str, Space] = field(default_factory=dict)
    rho: float = 1.0
    phylogeny: Phylogeny | None = None
    is_unit: bool = True
    most: int = 1500

    def __post_init__(self) -> None:
        if self.left_out is Rank.SPECIES:
            raise UsageError("clades are left out, and a species is none", hint="genus, family or a rank above")
        if self.folds < 3:
            raise UsageError(f"clades are put in three folds or more, got {self.folds}", hint="10 is usual")
        if self.draws < 19 or self.replicates < 1:
            raise UsageError(
                f"a null takes 19 simulated traits or more and an interval one replicate, got {self.draws} and "
                f"{self.replicates}"
            )
        if self.most < 20:
            raise UsageError(f"at most {self.most} species are too few", hint="20 or more")
