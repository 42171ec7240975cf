"""`thuja analyze EMBEDDINGS`: the tree, traits between species, variation within them, and the theorem, on one page."""

import shlex
import sys
from pathlib import Path

import click

from thuja.cli.analyze_files import file_hashes, named_files
from thuja.taxonomy import Rank

_SECTIONS = ("tree", "traits", "within", "theorem", "maps")


@click.command("space")
@click.argument("embeddings", type=click.Path(path_type=Path))
@click.option("--out", "-o", type=click.Path(path_type=Path), required=True, help="The folder to write.")
@click.option("--table", "tables", type=click.Path(path_type=Path), multiple=True,
              help="More columns (CSV, TSV, Parquet), by uuid or by taxon; may be repeated.")  # fmt: skip
@click.option("--trait", "traits", multiple=True, metavar="COLUMN", help="A trait of species; may be repeated.")
@click.option("--decoy", "decoys", multiple=True, metavar="COLUMN", help="A trait that should not show.")
@click.option("--within", "factors", multiple=True, metavar="COLUMN", help="What varies within species: life_stage.")
@click.option("--control", "controls", multiple=True, metavar="NAME=FILE", help="The same images by another network.")
@click.option("--swapped", multiple=True, metavar="NAME=FILE", help="The same specimens on other backgrounds.")
@click.option("--texts", type=click.Path(path_type=Path), help="The taxa's texts: a label space of the same model.")
@click.option("--temperature", type=click.FloatRange(min=0, min_open=True), default=0.01, show_default=True,
              help="That the model was trained with.")  # fmt: skip
@click.option("--phylogeny", type=click.Path(path_type=Path), help="A tree with lengths in time, in Newick's format.")
@click.option("--by", metavar="COLUMN", help="Measure the images of each value apart too: img_type.")
@click.option("--left-out", default="order", show_default=True, metavar="RANK", help="Clades that traits are read off.")
@click.option("--only", multiple=True, metavar="SECTION", help=f"Of {', '.join(_SECTIONS)}; may be repeated.")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True)
@click.option("--force", is_flag=True, help="Replace what an earlier run wrote there.")
def space_command(
    embeddings: Path,
    *,
    out: Path,
    tables: tuple[Path, ...],
    traits: tuple[str, ...],
    decoys: tuple[str, ...],
    factors: tuple[str, ...],
    controls: tuple[str, ...],
    swapped: tuple[str, ...],
    texts: Path | None,
    temperature: float,
    phylogeny: Path | None,
    by: str | None,
    left_out: str,
    only: tuple[str, ...],
    seed: int,
    force: bool,
) -> None:
    """Analyze EMBEDDINGS (Parquet with uuid, emb and columns of ranks) and write one page, with all of it as CSV.

    What is measured hangs on what is given: traits need --trait, variation within species --within, the theorem
    --texts. Every number stands beside what it is held against: --control files, nulls, ceilings.

    \b
    Example:
      thuja analyze embeddings.parquet --table data/catalog.parquet --trait habitat --within life_stage --out analysis
    """
    _no_telemetry()
    from thuja.analyze.page import Made, write_report
    from thuja.analyze.reading import Sources
    from thuja.analyze.run import Question, analyze_space, files_of, open_question
    from thuja.errors import UnknownName
    from thuja.jobs import output_folder, require_output

    for name in only:
        if name not in _SECTIONS:
            raise UnknownName.of("section", name, _SECTIONS)
    sources = Sources(embeddings=embeddings, tables=tables, controls=named_files(controls, "--control"), texts=texts)
    question = Question(
        sources=sources,
        traits=tuple(dict.fromkeys(traits)),
        decoys=tuple(dict.fromkeys(decoys)),
        factors=tuple(dict.fromkeys(factors)),
        swapped=named_files(swapped, "--swapped"),
        phylogeny=phylogeny,
        temperature=temperature,
        by=by,
        left_out=Rank.parse(left_out),
        sections=only or _SECTIONS,
        seed=seed,
    )
    require_output(out, verb="analyze", force=force, can_resume=False)
    opened = open_question(question)
    with output_folder(out, verb="analyze", force=force, can_resume=False):
        sections = analyze_space(opened, say=lambda text: click.echo(text, err=True))
        made = Made(command=shlex.join(["thuja", *sys.argv[1:]]), inputs=file_hashes(files_of(question)))
        page = write_report(sections, out, title=f"What {opened.name} holds", made=made, summary=opened.sentences())
    found = sum(len(section.findings) for section in sections)
    click.echo(f"{found} findings: {page}")


def _no_telemetry() -> None:
    import os

    os.environ.setdefault("DO_NOT_TRACK", "1")
