"""What a curation is told to do: its sources, and the settings of every step."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any

from thuja.curate.caps import CapSettings
from thuja.curate.download.settings import DownloadSettings
from thuja.curate.duplicates.settings import DuplicateSettings
from thuja.curate.filters.bursts import BurstSettings
from thuja.curate.filters.camera import CameraSettings
from thuja.curate.filters.people import PeopleSettings
from thuja.curate.filters.quality import QualitySettings
from thuja.curate.filters.screen import ScreenSettings
from thuja.curate.filters.specimens import SpecimenSettings
from thuja.curate.leaks.settings import LeakSettings
from thuja.curate.sources.spec import SourceSpec
from thuja.curate.splits import SplitSettings
from thuja.errors import UsageError
from thuja.images import DEFAULT_LIMITS, Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class NameSettings:
    """[names]: backbones by name or path, the first preferred, and the least probability of an answer."""

    backbones: tuple[str, ...] = ()
    threshold: float = 0.8

    def __post_init__(self) -> None:
        if not 0 <= self.threshold <= 1:
            raise UsageError(f"names.threshold is a probability from 0 to 1, got {self.threshold}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardSettings:
    """[shards]: how kept images are packed; `max_side` is the longest side in pixels (the paper's 720)."""

    max_side: int = 720
    size: int = 10_000
    text_keys: bool = False

    def __post_init__(self) -> None:
        for name in ("max_side", "size"):
            if getattr(self, name) < 1:
                raise UsageError(f"shards.{name} must be at least 1, got {getattr(self, name)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitSettings:
    """[limits]: what one file may ask for, in bytes and in pixels as its header declares them."""

    max_bytes: int = DEFAULT_LIMITS.max_bytes
    max_pixels: int = DEFAULT_LIMITS.max_pixels

    @property
    def limits(self) -> Limits:
        """The limits for a decoder; raises UsageError where they are not positive."""
        return Limits(max_bytes=self.max_bytes, max_pixels=self.max_pixels)


@dataclass(frozen=True, slots=True, kw_only=True)
class CurateRecipe:
    """A whole curation: where images come from, and the settings of each step.

    A step whose settings are None is left out. `seed` fixes every draw: splits, caps and the order in the shards.
    `encoder` is a model (a folder, or a published one's name), whose embeddings tell museum specimens, confirm
    duplicates and find leaks, where their settings ask for that.
    """

    sources: tuple[SourceSpec, ...]
    title: str = ""
    seed: int = 0
    encoder: str = ""
    screen: ScreenSettings = field(default_factory=ScreenSettings)
    names: NameSettings = field(default_factory=NameSettings)
    download: DownloadSettings = field(default_factory=DownloadSettings)
    limits: LimitSettings = field(default_factory=LimitSettings)
    quality: QualitySettings | None = None
    people: PeopleSettings | None = None
    camera: CameraSettings | None = None
    specimens: SpecimenSettings | None = None
    bursts: BurstSettings | None = None
    duplicates: DuplicateSettings = field(default_factory=DuplicateSettings)
    leaks: LeakSettings | None = None
    caps: CapSettings = field(default_factory=CapSettings)
    splits: SplitSettings = field(default_factory=SplitSettings)
    shards: ShardSettings = field(default_factory=ShardSettings)

    def __post_init__(self) -> None:
        if not self.sources:
            raise UsageError("a recipe needs a source", hint='[[sources]] with kind = "folder" and path = "photos"')

    def to_table(self) -> dict[str, Any]:
        """The recipe as JSON can hold it: what recipe.json says, and what steps are told apart by."""
        table: dict[str, Any] = plain(asdict(self))
        return table


def named_files(recipe: CurateRecipe) -> Iterator[tuple[str, Path]]:
    """Every file that the settings of the steps name, with the setting's name: `leaks.indexes`, `screen.takedown`."""
    for table in fields(recipe):
        settings = getattr(recipe, table.name)
        for setting in fields(settings) if is_dataclass(settings) else ():
            value = getattr(settings, setting.name)
            for path in value if isinstance(value, tuple) else (value,):
                if isinstance(path, Path):
                    yield f"{table.name}.{setting.name}", path


def plain(value: Any) -> Any:
    """A value of a recipe as JSON can hold it."""
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return str(value) if isinstance(value, Path) else value


def settings_of(settings: Any) -> dict[str, Any]:
    """A settings dataclass as a step's fingerprint takes it; a file that it names counts by its size and time too."""
    table: dict[str, Any] = plain(asdict(settings))
    for name in list(table):
        value = getattr(settings, name)
        paths = [value] if isinstance(value, Path) else value if isinstance(value, tuple) else []
        for path in paths:
            if isinstance(path, Path) and path.is_file():
                status = path.stat()
                table[f"{path} of"] = [status.st_size, status.st_mtime_ns]
    return table
