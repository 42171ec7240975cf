"""Texts of a whole world as tables: descriptions of its species, captions of its pictures by one who errs."""

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa

from thuja.biosphere.addressing import addresses_at
from thuja.biosphere.captioner import Captioner
from thuja.biosphere.config import VERSION, WorldConfig
from thuja.biosphere.describe import Account, describe
from thuja.biosphere.evolution import names_of
from thuja.biosphere.habits import Habits
from thuja.biosphere.roles import Role
from thuja.biosphere.rows import ParquetRows
from thuja.biosphere.sighting import Sighting
from thuja.biosphere.truth import record_of
from thuja.biosphere.vocabulary import Wording
from thuja.biosphere.within import Condition
from thuja.biosphere.world import World, world_of
from thuja.errors import OutputExists, UsageError
from thuja.jobs import atomic_path, counted, in_one_sentence, spread

_CHUNK: Final = 500
_HABITS, _DESCRIPTION, _CAPTION = range(11, 14)
"""What a seed is for, beside those of sighting.py and swaps.py."""
_CAPTIONS: Final = pa.schema(
    [("uuid", pa.string()), ("caption", pa.string()), ("errors", pa.int64()), ("error_list", pa.string())]
)


def account_of(world: World, species: int) -> Account:
    """What is known of a species, in this world's own words and habits."""
    kind = world.species[species]
    return Account(
        binomial=kind.taxon.binomial,
        common_names=(kind.taxon.common,),
        female=kind.looks,
        male=world.looks(species, Condition(sex="male")),
        juvenile=world.looks(species, Condition(stage="juvenile")),
        winter=world.looks(species, Condition(season="winter")),
        habitat=kind.habitat,
        habits=Habits.of(np.random.default_rng([world.config.seed, VERSION, _HABITS, species])),
        varies=frozenset(names_of(world.roles, Role.NOISE)),
    )


def descriptions(world: World) -> list[dict[str, Any]]:
    """A row a sentence, in order, in both wordings: whose, its text, whether a picture could show it, its traits."""
    rows: list[dict[str, Any]] = []
    for kind in world.species:
        for place, wording in enumerate(Wording):
            generator = np.random.default_rng([world.config.seed, VERSION, _DESCRIPTION, kind.number, place])
            rows += [
                {
                    "scientific_name": kind.taxon.scientific_name,
                    "wording": wording.value,
                    "sentence": number,
                    "text": sentence.text,
                    "is_visible": sentence.is_visible,
                    "traits": ",".join(sentence.traits),
                }
                for number, sentence in enumerate(describe(account_of(world, kind.number), generator, wording=wording))
            ]
    return rows


def write_captions(
    world: World,
    path: Path,
    captioner: Captioner,
    *,
    is_named: bool = False,
    workers: int = 0,
    force: bool = False,
) -> int:
    """Write a caption of every picture, with how many errors it has and which; returns how many errors there are.

    A Parquet table of `uuid`, `caption`, `errors`, `error_list` (JSON); the same from any number of workers.
    `is_named` begins each with the species' name, which the captioner may mistake for another of its genus or family.
    Raises OutputExists for a file that is there, but with `force`; UsageError for wrong names of captions without
    one; ThujaError when the disk is full.
    """
    if captioner.wrong_name and not is_named:
        raise UsageError("captions without names have no wrong ones", hint="--wrong-name goes with --named")
    if path.exists() and not force:
        raise OutputExists(f"{path} is there already", hint="--force replaces it, or name another file")
    starts = range(0, world.images, _CHUNK)
    parts = (addresses_at(world, np.arange(start, min(start + _CHUNK, world.images))) for start in starts)
    job = partial(_captions, config=world.config, captioner=captioner, is_named=is_named)
    told = counted(spread(job, parts, workers=workers), total=world.images, label="captions", unit="captions")
    errors = 0
    with (
        in_one_sentence(path, hint="mend that, then run it again"),
        atomic_path(path) as temporary,
        closing(told),
        ParquetRows(temporary, _CAPTIONS) as table,
    ):
        for rows in told:
            table.add(rows)
            errors += sum(row["errors"] for row in rows)
    return errors


def _captions(
    work: Sequence[Sequence[int]], *, config: WorldConfig, captioner: Captioner, is_named: bool
) -> list[dict[str, Any]]:
    return list(_rows(world_of(config), captioner, work, is_named=is_named))


def _rows(
    world: World, captioner: Captioner, work: Sequence[Sequence[int]], *, is_named: bool
) -> Iterator[dict[str, Any]]:
    for species, number in work:
        sighting = Sighting.of(world, int(species), int(number))
        generator = np.random.default_rng([world.config.seed, VERSION, _CAPTION, int(species), int(number)])
        is_told = is_named and sighting.species is not None
        name = sighting.species.taxon.binomial if is_told and sighting.species else ""
        others = _mistaken_for(world, int(species)) if is_told else ()
        said = captioner.caption(sighting.specimen, sighting.scene, generator, name=name, others=others)
        yield {
            "uuid": record_of(sighting, world.config, 0).uuid,
            "caption": said.text,
            "errors": len(said.errors),
            "error_list": json.dumps([asdict(error) for error in said.errors]),
        }


def _mistaken_for(world: World, species: int) -> tuple[str, ...]:
    """The species of its family, or all where it is alone there."""
    family = world.species[species].taxon.family
    kin = [s.taxon.binomial for s in world.species if s.taxon.family == family and s.number != species]
    return tuple(kin or [s.taxon.binomial for s in world.species if s.number != species])
