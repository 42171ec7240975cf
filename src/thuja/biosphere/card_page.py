"""A world's card to read: the same tables as text for a terminal, as a page, and as Markdown beside the data."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill
from typing import Final

from thuja.biosphere.card import Card
from thuja.biosphere.card_bayes import KIN, PLACE, TRAITS_ALONE, WITH_CONTEXT
from thuja.biosphere.card_scores import TARGETS
from thuja.biosphere.geometry import Geometry
from thuja.biosphere.probes import Score
from thuja.biosphere.traits import View
from thuja.jobs import write_json, write_text
from thuja.report import Headline, Report
from thuja.report.page import Cell

_WIDTH: Final = 100
"""Columns of the terminal's text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table of the card, and what its lines mean."""

    title: str
    note: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def to_text(card: Card) -> str:
    """The whole card as text, tables aligned."""
    parts = [_title(card), *(fill(line, _WIDTH) for line in summary(card))]
    for table in tables(card):
        parts += ["", table.title.upper(), fill(table.note, _WIDTH), "", *_aligned(table)]
    return "\n".join(parts) + "\n"


def to_markdown(card: Card) -> str:
    """The whole card as Markdown, fit for a README.md beside the data."""
    parts = [f"# {_title(card)}", *summary(card)]
    for table in tables(card):
        head = "| " + " | ".join(table.columns) + " |"
        rule = "|" + "|".join("---" if n == 0 else "---:" for n in range(len(table.columns))) + "|"
        rows = ["| " + " | ".join(_written(cell).replace("|", "\\|") for cell in row) + " |" for row in table.rows]
        parts += [f"## {table.title}", table.note, "\n".join([head, rule, *rows])]
    return "\n\n".join(parts) + "\n"


def to_report(card: Card) -> Report:
    """The whole card as a page."""
    report = Report(_title(card), summary=summary(card)).headlines(_headlines(card))
    for table in tables(card):
        report.section(table.title, table.note).table(table.columns, table.rows)
    return report


def save_card(card: Card, folder: Path) -> None:
    """Write `card.json`, `card.html` and `README.md` into a folder."""
    write_json(folder / "card.json", card.to_dict())
    to_report(card).save(folder / "card.html")
    write_text(folder / "README.md", to_markdown(card))


def summary(card: Card) -> list[str]:
    """What the card says in a few sentences."""
    ceiling = {row.target: row.score for row in card.ceilings if row.source == TRAITS_ALONE}
    sentences = [
        f"A simulated world of {card.counts['species']:,} species and {card.counts['pictures']:,} pictures. "
        f"Scores are of {card.pictures:,} pictures of {card.species:,} species, one an individual, drawn at "
        f"{card.size} pixels.",
        "Who saw all visible traits, went by nothing else and knew the world would name "
        f"{_percent(ceiling['species'].accuracy)} % of the pictures' species and "
        f"{_percent(ceiling['family'].accuracy)} % of their families.",
    ]
    best = max(
        (row for row in card.swaps if row.part == "background only"), key=lambda row: row.own.macro, default=None
    )
    if best is not None:
        sentences.append(
            f"The background alone tells {_percent(best.own.macro)} % of the habitats on own grounds and "
            f"{_percent(best.other.macro)} % once grounds are exchanged; chance is {_percent(best.own.chance)} % "
            f"({best.features}, macro)."
        )
    return sentences


def tables(card: Card) -> list[Table]:
    """All tables, the scores first."""
    found = [_scores(card), _left_out(card), _swaps(card), _roles(card), _traits(card), _hidden(card)]
    found += [
        _geometry(card.expected, "Within and between species: expected", card),
        _geometry(card.drawn, "Within and between species: as drawn", card),
    ]
    found += [_shares(card), *_counted(card)]
    return [table for table in found if table.rows]


def _title(card: Card) -> str:
    return f"Biosphere {card.fingerprint}, seed {card.knobs['seed']}"


def _scores(card: Card) -> Table:
    told: dict[tuple[str, str], dict[str, Score]] = {}
    for ceiling in card.ceilings:
        told.setdefault(("Bayes' rule", ceiling.source), {})[ceiling.target] = ceiling.score
    for probe in card.probes:
        told.setdefault((probe.shown, probe.features), {})[probe.target] = probe.score
    for unseen in card.unseen:
        how = "Bayes' rule, alone" if unseen.source != KIN else "the tree, one left out"
        told.setdefault((unseen.source, how), {})[unseen.target] = unseen.score
    rows: list[tuple[Cell, ...]] = [
        (*key, *(_interval(scores[target]) if target in scores else None for target in TARGETS))
        for key, scores in told.items()
    ]
    best = told["Bayes' rule", TRAITS_ALONE]
    rows.append(("nothing", "one answer for all", *(_percent(best[target].chance) for target in TARGETS)))
    rows.append(("accuracy", "the commonest", *(_percent(best[target].majority) for target in TARGETS)))
    rows += [
        ("accuracy", source, *(_percent(told["Bayes' rule", source][target].accuracy) for target in TARGETS))
        for source in (TRAITS_ALONE, WITH_CONTEXT)
    ]
    return Table(
        title="What can be told of a picture, and from what",
        note="Macro accuracy in per cent, with its 95 % interval over species, on new individuals of known species. "
        "The first line is the ceiling of whatever goes by the organism, the second of whatever goes by its ground "
        "and camera as well. They are exact for who sees them so: what shows in part counts as seen without error, "
        "nothing stands in front, colours count as unseen in infrared (one contrast of greys is left of them), an "
        "ailment is seen in every view and its severity falls into eight bins; how often stages, sexes, seasons and "
        "ailments occur is counted. Context is how often each species stands on each habitat's ground and before "
        "each camera, and the date in a camera trap's strip. The site is not seen in it: what a site alone would tell "
        f"of its species stands beside it as {PLACE}. A camera trap's fixed ground may betray that: there a model may "
        "pass the ceiling. Below the ceilings, linear probes of what is shown, the organism and its silhouette drawn "
        "alike for all cameras but for the view. Then what is told without a look: by the body plan, which an order "
        "shares, by the site, and of habitats by those of all other species. Of stage and sex the body plan and the "
        "site know nothing: theirs is the prior's answer. The last lines are shares of all pictures.",
        columns=("shown", "as", *TARGETS),
        rows=tuple(rows),
    )


def _left_out(card: Card) -> Table:
    rows = [
        (row.source, row.features, _interval(row.score), _percent(row.score.accuracy), _percent(row.score.chance))
        for row in card.left_out
    ]
    return Table(
        title="The habitat of species never met",
        note="No picture of the species asked about is learnt from. Kin is the best prediction along the tree. "
        "Convergent traits tell habitats among strangers too; decoy and diagnostic traits follow the tree as they do, "
        "so what they tell is what kin tell. The more labile habitats are, the less that is. In worlds of 200 species "
        "at the usual habitat_rate of 10, kin tell about half of the habitats of species left out: in ten worlds 37 to "
        "81 %, 54 in the mean, with a third of the species left out; 63 with one. That much is ancestry's, and no sign "
        "of ecology seen. "
        f"Here the habitat_rate is {card.knobs['habitat_rate']:g}, with a third of {card.species:,} species left out.",
        columns=("from", "as", "macro", "accuracy", "chance"),
        rows=tuple(rows),
    )


def _swaps(card: Card) -> Table:
    rows = [
        (row.part, row.features, _interval(row.own), _interval(row.other), _percent(row.own.chance))
        for row in card.swaps
    ]
    return Table(
        title="Habitat when grounds are exchanged",
        note="Probes for the species' habitat learn from pictures on its own ground and are then asked on own "
        "grounds and on those of other habitats. What goes by the background falls to chance or below it; what goes "
        "by the organism keeps its score. The organism is cut out of the same pictures, in the camera's own light and "
        "air. Macro, per cent.",
        columns=("part", "as", "own ground", "other ground", "chance"),
        rows=tuple(rows),
    )


def _roles(card: Card) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (
            row.role,
            row.traits,
            row.named,
            *map(_two, (row.signal_asked, row.follows.signal, row.follows.k, row.habitat_asked, row.follows.habitat)),
            _percent(row.follows.habitat_found),
            _two(row.follows.shadow),
            _two(row.follows.kin),
        )
        for row in card.roles
    ]
    return Table(
        title="What traits follow",
        note="Signal: Pagel's lambda, beside what the role's own habitat gives. Habitat: the share of the variance "
        "that the species' habitat has beyond ancestry; found: the per cent of liabilities that it is significant for, "
        "5 by chance. Shadow: the share of the habitat that nobody sees, which pulls decoys. Kin: R2 of traits of "
        f"species left out, told by their kin. Noise traits do not differ between species. {_ancestry(card)}",
        columns=(
            *("role", "traits", "named", "signal asked", "signal", "K"),
            *("habitat asked", "habitat", "found", "shadow", "kin"),
        ),
        rows=tuple(rows),
    )


def _traits(card: Card) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (
            row.trait,
            row.role,
            "yes" if row.is_named else "no",
            row.kind,
            *(map(_two, (row.follows.signal, row.follows.habitat)) if row.follows else (None, None)),
            *(_two(row.shows[view.value]) for view in View),
        )
        for row in card.traits
    ]
    return Table(
        title="Traits one by one",
        note="The part that each plays in this world, dealt at random; whether any text names it; its kind; Pagel's "
        "lambda and the habitat's share of its variance beyond ancestry, as means over its liabilities; and how well "
        "it is stated to show in each view, from 0 to 1, as a mean over the world's body plans.",
        columns=("trait", "role", "named", "kind", "lambda", "habitat", *(view.value for view in View)),
        rows=tuple(rows),
    )


def _hidden(card: Card) -> Table:
    rows = [
        (f"hidden_{place}", *map(_two, (row.asked, row.known, row.left_out, row.kin)))
        for place, row in enumerate(card.hidden, start=1)
    ]
    return Table(
        title="Hidden ecological variables",
        note="They are never drawn. Known: R2 with all traits as they are drawn, over all species: as asked, "
        "unless species are fewer than twice the columns. Left out: R2 on "
        "species left out, by ridge regression on the same: what so few species allow. Kin: by kin alone. "
        f"{_ancestry(card)}",
        columns=("variable", "asked", "known", "left out", "kin"),
        rows=tuple(rows),
    )


def _geometry(geometry: Geometry, title: str, card: Card) -> Table:
    asked = _two(float(card.knobs["overlap"]))
    rows = [
        (row.axis, asked if row.axis != "individual" else None, *map(_two, (row.share, row.random, row.matched)))
        for row in geometry.axes
    ]
    return Table(
        title=title,
        note=f"The share of each axis' variance that lies inside the span of species differences, {geometry.span} of "
        f"{geometry.width} dimensions. Random: what any span of so many dimensions holds. Matched: what one holds "
        "that is drawn from the spectrum of all variance.",
        columns=("axis", "asked", "inside", "random", "matched"),
        rows=tuple(rows),
    )


def _shares(card: Card) -> Table:
    return Table(
        title="Labels, cameras and names",
        note="Shares in per cent, asked for and found; labels and cameras over observations drawn at random.",
        columns=("share of", "asked", "found"),
        rows=tuple(
            (row.of, None if row.asked is None else _percent(row.asked), _percent(row.found)) for row in card.shares
        ),
    )


def _counted(card: Card) -> list[Table]:
    return [
        Table(
            title="Kinds of picture",
            note="The share of each img_type, in per cent of pictures.",
            columns=("img_type", "share"),
            rows=tuple((kind, _percent(share)) for kind, share in card.kinds.items()),
        ),
        Table(
            title="Counts",
            note="How many there are.",
            columns=("of", "count"),
            rows=tuple(card.counts.items()),
        ),
        Table(
            title="Knobs",
            note="All of them: with the version they give this world again, byte for byte.",
            columns=("knob", "value"),
            rows=(*((name, str(value)) for name, value in card.knobs.items()), ("version", str(card.version))),
        ),
    ]


def _headlines(card: Card) -> list[Headline]:
    found = [
        Headline(
            label=f"{row.target.capitalize()}, by all that is visible",
            value=f"{_percent(row.score.accuracy)} %",
            note=f"Bayes' rule on true traits alone; chance {_percent(row.score.chance)} %",
        )
        for row in card.ceilings
        if row.source == TRAITS_ALONE and row.target in ("species", "habitat")
    ]
    convergent = next((row for row in card.roles if row.role == "convergent"), None)
    if convergent is not None:
        found.append(
            Headline(
                label="Habitat's share in convergent traits",
                value=_two(convergent.follows.habitat),
                note=f"beyond ancestry; asked {_two(convergent.habitat_asked)}",
            )
        )
    return found


def _ancestry(card: Card) -> str:
    """Of how many species ancestry is spoken."""
    if card.ancestry == card.counts["species"]:
        return "Over all species."
    return f"Ancestry is of {card.ancestry:,} species drawn at random of {card.counts['species']:,}."


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


def _two(value: float) -> str:
    return f"{value + 0.0:.2f}".replace("-0.00", "0.00")


def _interval(score: Score) -> str:
    return f"{_percent(score.macro)} ({100 * score.low:.0f}–{100 * score.high:.0f})"


def _written(cell: Cell) -> str:
    if cell is None:
        return "–"
    return f"{cell:,}" if isinstance(cell, int) else str(cell)


def _aligned(table: Table) -> Sequence[str]:
    """The lines of a table, words to the left and all else to the right."""
    cells = [list(table.columns), *([_written(cell) for cell in row] for row in table.rows)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(table.columns))]
    words = [place < 2 and any(cell[place][:1].isalpha() for cell in cells[1:]) for place in range(len(widths))]
    lines = [
        "  ".join(
            cell.ljust(width) if is_word else cell.rjust(width)
            for cell, width, is_word in zip(row, widths, words, strict=True)
        ).rstrip()
        for row in cells
    ]
    return [lines[0], "-" * max(map(len, lines)), *lines[1:]]
