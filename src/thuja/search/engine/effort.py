"""How hard an approximate search tries."""

from dataclasses import dataclass

from thuja.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """`probes` lists are looked into and `candidates` scored exactly; None leaves it to the segment's size.

    `is_exact` scores every row that the filter keeps instead.
    """

    probes: int | None = None
    candidates: int | None = None
    is_exact: bool = False

    def __post_init__(self) -> None:
        for name, value in (("probes", self.probes), ("candidates", self.candidates)):
            if value is not None and value < 1:
                raise UsageError(f"{name} is at least 1, got {value}")


STANDARD = Effort()
EXACT = Effort(is_exact=True)
