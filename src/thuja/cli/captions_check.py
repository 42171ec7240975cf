"""`thuja captions check`: look at captions that somebody made, and say what is wrong with each."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from thuja.cli.hardware import HardwareChoice, hardware_options

if TYPE_CHECKING:
    from thuja.captions.check.checking import Tally
    from thuja.captions.check.settings import CheckSettings
    from thuja.captions.check.similarity import Similarity

_HEAD = "caption"
"""BioCAP's second projector."""


@click.command("check")
@click.argument("source", type=click.Path(path_type=Path), metavar="TABLE|DATA")
@click.option("--out", "-o", type=click.Path(path_type=Path), required=True, help="The Parquet table to write.")
@click.option("--images", "has_images", is_flag=True, help="Hold colour words against the pictures.")
@click.option("--model", "-m", "name", metavar="NAME", help="Hold captions against pictures by this model, too.")
@click.option("--descriptions", type=click.Path(path_type=Path), help="What thuja captions describe wrote.")
@click.option("--lexicon", type=click.Path(path_type=Path), help="A text file with words for parts and traits.")
@click.option("--nameless", is_flag=True, help="Captions must not name their species, rather than must.")
@click.option("--max-words", type=click.IntRange(min=1), default=20, show_default=True, help="The longest caption.")
@click.option("--only", metavar="CHECK,...", help="These checks alone, parted by commas.  [default: all]")
@click.option("--leave-out", metavar="CHECK,...", help="All checks but these.")
@hardware_options
@click.option("--force", is_flag=True, help="Replace the output file if it is there.")
def check_command(
    source: Path,
    *,
    out: Path,
    has_images: bool,
    name: str | None,
    descriptions: Path | None,
    lexicon: Path | None,
    nameless: bool,
    max_words: int,
    only: str | None,
    leave_out: str | None,
    hardware: HardwareChoice,
    force: bool,
) -> None:
    """Check captions: length, language, refusals, names, invisible claims, copies, traits, colours, repeats.

    TABLE is Parquet, CSV, TSV or JSON lines with a column `caption`, and, where they are known, `uuid`, the ranks or
    `scientific_name`, `common`, `description` and `path`. DATA is a folder with a catalog or shards whose records have
    captions. The output has a row a caption: whether it is accepted, its score, which checks reject it and why. Without
    names the check `name` has nothing to go by, without --images `colours`, without descriptions `traits`.

    \b
    Examples:
      thuja captions check captions.csv --out checked.parquet
      thuja captions check data --images --descriptions descriptions --out checked.parquet
    """
    import pyarrow.parquet as pq

    from thuja.captions.check.checking import Checking, check_captions
    from thuja.captions.check.repeats import Repeats
    from thuja.captions.check.rows import read_captions, read_descriptions
    from thuja.captions.descriptions.description import Descriptions
    from thuja.errors import EmptyInput, OutputExists, UsageError
    from thuja.jobs import atomic_path

    if out.suffix.lower() not in (".parquet", ".pq"):
        raise UsageError(f'cannot write a Parquet table to "{out.name}"', hint="--out checked.parquet")
    if out.exists() and not force:
        raise OutputExists(f"{out} is there already", hint="--force replaces it")
    chosen = _chosen(only, leave_out, has_images=has_images, has_model=name is not None)
    checking = Checking(
        settings=_settings(source, lexicon, max_words=max_words, chosen=chosen),
        is_name_wanted=not nameless,
        repeats=Repeats() if "repeats" in chosen else None,
        descriptions=read_descriptions(descriptions) if descriptions else Descriptions(),
        similarity=_similarity(name, hardware) if name is not None and "similarity" in chosen else None,
    )
    table, tally = check_captions(read_captions(source, has_images=has_images or name is not None), checking)
    if not tally.captions:
        raise EmptyInput(f"{source} has no captions", hint="a column caption, or records with captions")
    with atomic_path(out) as temporary:
        pq.write_table(table, temporary)
    _report(out, tally)


def _settings(source: Path, lexicon: Path | None, *, max_words: int, chosen: Sequence[str]) -> "CheckSettings":
    from thuja.captions.check.rows import names_in
    from thuja.captions.check.settings import CHECKS, CheckSettings
    from thuja.captions.check.traits.lexicon import read_lexicon
    from thuja.captions.descriptions.visual import judge_of

    return CheckSettings(
        checks=tuple(name for name in chosen if name in CHECKS),
        min_words=min(CheckSettings().min_words, max_words),
        max_words=max_words,
        other_names=names_in(source),
        lexicon=read_lexicon(lexicon) if lexicon else None,
        judge=judge_of(),
    )


def _chosen(only: str | None, leave_out: str | None, *, has_images: bool, has_model: bool) -> list[str]:
    """The checks to make: all but those that --leave-out names, or those of --only; the pictures' with pictures."""
    from thuja.captions.check.settings import CHECKS
    from thuja.errors import UnknownName, UsageError

    every = (*CHECKS, "repeats", "similarity")
    named, left_out = _names(only), _names(leave_out)
    unknown = next((name for name in (*named, *left_out) if name not in every), None)
    if unknown is not None:
        raise UnknownName.of("check", unknown, every)
    for name, is_there, option in (("colours", has_images or has_model, "--images"), ("similarity", has_model, "-m")):
        if name in named and not is_there:
            raise UsageError(f"the check {name} looks at the pictures", hint=f"add {option}")
    wanted = (*named, "similarity") if named and has_model else named or every
    chosen = [name for name in wanted if name not in left_out]
    if not chosen:
        raise UsageError("no check is left", hint="leave fewer out")
    return chosen


def _names(listed: str | None) -> tuple[str, ...]:
    return tuple(name.strip() for name in (listed or "").split(",") if name.strip())


def _similarity(name: str, hardware: HardwareChoice) -> "Similarity":
    """The cosine of a model's embeddings of picture and caption, by its head for captions where it has one."""
    from dataclasses import replace

    from thuja.encode import EncodeOptions, Encoder, encode_images, encode_texts
    from thuja.model import Model
    from thuja.model.published import find_model

    encoder = Encoder.prepare(Model.load(find_model(name)), hardware.settled())
    heads = [head.name for head in encoder.model.config.heads]
    options = EncodeOptions(label="similarity")
    if _HEAD in heads:
        options = replace(options, head=_HEAD)

    def similarity(images: Sequence[bytes], captions: Sequence[str]) -> Sequence[float]:
        texts = encode_texts(encoder.model, captions)
        seen = encode_images(encoder, ((str(place), data) for place, data in enumerate(images)), options).embeddings
        places = [int(name) for name in seen.ids]
        found = [0.0] * len(images)
        for place, cosine in zip(places, (seen.vectors * texts[places]).sum(axis=1), strict=True):
            found[place] = float(cosine)
        return found

    return similarity


def _report(out: Path, tally: "Tally") -> None:
    click.echo(f"{out}: {tally.accepted:,} of {tally.captions:,} captions accepted", err=True)
    for check, count in tally.by_check.most_common():
        click.echo(f"  {check}: {count:,} rejected", err=True)
    if tally.unread:
        click.echo(f"  {tally.unread:,} pictures could not be read, and were not looked at", err=True)
