"""From folders to a run's sources: what fits is held in memory as pixels, the rest is read from shards as it comes."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from thuja.errors import EmptyInput, UnknownName, UsageError
from thuja.images import Preparation
from thuja.jobs import DATA_VERBS, made_by, require_complete
from thuja.model.description import describe
from thuja.model.published import find_model
from thuja.train.corpus import Corpus
from thuja.train.options import Machine
from thuja.train.parallel import Fleet
from thuja.train.pictures import kept_preparation
from thuja.train.recipe import Recipe
from thuja.train.shard_source import ShardSource
from thuja.train.sources import FeatureSource, Floats, MemorySource, Source
from thuja.train.start import preparation_of

HELD_BYTES = 3 << 30
"""Pixels of a stream that are held in memory, at most."""

Place = Path | str | Source | Corpus
"""A curated folder, a folder of shards or a pattern of their names; or what is open already."""


def open_sources(
    recipe: Recipe, data: Path | Mapping[str, Place], *, split: str = "train", preparation: Preparation | None = None
) -> dict[str, Source]:
    """A source for each stream. A path alone is the first stream's.

    `preparation` is the model's; by default as the one that the recipe starts from has it, which is
    fetched. Raises UnknownName for a stream that the recipe has not, UsageError for one that has no
    data, and EmptyInput for a place without images.
    """
    places: Mapping[str, Place] = {recipe.streams[0].name: data} if isinstance(data, Path) else data
    names = [stream.name for stream in recipe.streams]
    for name in places:
        if name not in names:
            raise UnknownName.of("stream", name, names)
    kept = kept_preparation(preparation or start_preparation(recipe), recipe.augmentation)
    sources: dict[str, Source] = {}
    for stream in recipe.streams:
        if stream.name not in places:
            raise UsageError(
                f"the recipe {recipe.name} has a stream {stream.name}, and no data is given for it",
                hint=f"--stream {stream.name}=FOLDER",
            )
        place = places[stream.name]
        if isinstance(place, Path | str):
            place = open_source(place, kept, split=split, window=stream.window)
        elif isinstance(place, Corpus):
            place = MemorySource(place, kept)
        sources[stream.name] = place
    return sources


def open_source(place: Path | str, kept: Preparation, *, split: str = "train", window: int = 32) -> Source:
    """The images of a split; those of a curated folder are held in memory where they are few.

    Any other folder or pattern is one of shards. Raises BadFile for a folder whose making did not end.
    """
    folder = Path(place)
    verb = made_by(folder)
    if verb:
        require_complete(folder, verb=verb)
    source = ShardSource.open(place, kept, split=split, window=window)
    if verb not in DATA_VERBS:
        return source
    if len(source) * kept.size**2 * 3 > HELD_BYTES:
        return source
    corpus = Corpus.find(folder, split)
    if corpus is None:
        raise EmptyInput(f"{folder} has no images in its {split} split", hint="see the counts in its summary.json")
    return MemorySource(corpus, kept)


def close_sources(sources: Mapping[str, Source]) -> None:
    """Close the shards that are open; a source that is used again opens them again."""
    for source in sources.values():
        if isinstance(source, ShardSource):
            source.close()


def featurized(sources: Mapping[str, Source], featurize: Callable[[Corpus], Floats]) -> dict[str, Source]:
    """Each stream's features of the frozen trunk, computed once."""
    found: dict[str, Source] = {}
    for name, source in sources.items():
        if not isinstance(source, MemorySource):
            raise UsageError(
                f"a frozen trunk's features are held in memory, and the {len(source):,} images of {name} are too many",
                hint="--set unfreeze_epochs=N with N the recipe's epochs",
            )
        found[name] = FeatureSource(source.corpus, featurize(source.corpus))
    return found


def feed_workers(sources: Sequence[Source], machine: Machine, fleet: Fleet) -> int:
    """How many processes decode: none where a stream is in memory, which they cannot share; else what the machine says.

    Shards beside such a stream are decoded by threads.
    """
    workers = machine.decoders(fleet.device)
    if all(isinstance(source, ShardSource) for source in sources):
        return workers
    for source in sources:
        if isinstance(source, ShardSource):
            source.threads = max(1, workers)
    return 0


def start_preparation(recipe: Recipe) -> Preparation:
    """How the model that the run starts from takes its images."""
    if not recipe.start:
        return preparation_of(recipe.image)
    return describe(find_model(recipe.start)).preparation
