"""Measure how well every trait shows on every body plan in every view, and write src/thuja/biosphere/shown.py.

    python scripts/measure_visibility.py --specimens 16 --workers 2

A specimen with random looks, pose and light is drawn by the real renderer at 128 pixels, in clear air and with
nothing in front, and drawn again with one trait changed: a share from one end of its range to the other (from
below 0.3 to above 0.7 or back), a count or a state to another. Then it is counted

- how many pixels change by more than `STEP` grey levels in some band (`all`);
- how many do so beyond what the pixels next to them show (`plain`): the two colours of a coat are balanced anew
  when anything in the frame changes, which moves the edges of its pattern a little, and that tells nothing;

both as shares of the specimen's pixels. A trait shows in a view of a plan

- plainly (1), where `plain` is at least `PLAIN` in every specimen; in whole views in all but one of sixteen;
- not at all (0), where `all` is below `NOTHING` in every specimen;
- in part (0.5) otherwise; and never more than in part at a distance, where all is small, nor in a near view if
  it is counted or measured on all of the body (`ON_ALL`), of which that view shows a half.

In near views `MORE` times as many specimens must agree where it depends on the specimen whether a trait comes into
the frame: that it is hidden, unless it sits at the other end, and that a mark at some place (`AT_PLACES`) is plain.

Takes some minutes.
"""

import argparse
import sys
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.biosphere import scenes  # noqa: E402

from thuja.biosphere.bodies import PLANS  # noqa: E402
from thuja.biosphere.draw import draw, silhouette  # noqa: E402
from thuja.biosphere.scene import Scene, Specimen  # noqa: E402
from thuja.biosphere.traits import TRAITS, Region, Trait, View  # noqa: E402

SIZE = 128
STEP = 16
"""Grey levels of 255."""
PLAIN = 0.0025
NOTHING = 0.002
MORE = 5
ON_ALL = ("elongation", "limb_count", "limb_length", "ocelli")
AT_PLACES = ("limb_tip", "limb_marks", "collar_width", "ocellus_size", "ocellus_form", "midline_width")
FAR = 0.24
"""The fill of a distant view; they go from 0.18 to 0.3."""
HEADER = '''"""How well every trait shows, as scripts/measure_visibility.py measured it: do not edit, run that again.

By body plan and view, one figure for each trait in the order of TRAITS: 1 plainly, 5 in part (a half), 0 not at all.
"""

from collections.abc import Mapping
from typing import Final

SHOWN: Final[Mapping[str, Mapping[str, str]]] = {
'''


@dataclass(frozen=True, slots=True)
class Change:
    """How much of a specimen's pixels change: all that do, and those that do plainly."""

    all: float
    plain: float


class Picture:
    """A specimen in a scene, to be drawn again with changes."""

    def __init__(self, specimen: Specimen, scene: Scene) -> None:
        self.specimen, self.scene = specimen, scene
        self._before = _pixels(specimen, scene)
        self._body = np.count_nonzero(np.asarray(silhouette(specimen, scene, SIZE)) > 127)

    def change(self, other: Specimen) -> Change:
        """What changes when another specimen stands there."""
        after = _pixels(other, self.scene)
        changed = np.count_nonzero((np.abs(self._before - after) > STEP).any(axis=2))
        # Either way round: what came into the picture, or what left it.
        plain = max(_beyond(self._before, after), _beyond(after, self._before))
        return Change(all=changed / self._body, plain=plain / self._body)


def _pixels(specimen: Specimen, scene: Scene) -> np.ndarray:
    return np.asarray(draw(specimen, scene, SIZE), dtype=np.int16)


def _beyond(before: np.ndarray, after: np.ndarray) -> int:
    """How many pixels after are outside of the range of the nine about them before."""
    padded = np.pad(before, ((1, 1), (1, 1), (0, 0)), mode="edge")
    about = [padded[row : row + SIZE, column : column + SIZE] for row in range(3) for column in range(3)]
    low, high = np.min(about, axis=0), np.max(about, axis=0)
    return np.count_nonzero(((after > high + STEP) | (after < low - STEP)).any(axis=2))


def seen(plan: str, view: View, generator: np.random.Generator) -> tuple[Specimen, Scene]:
    """A specimen whose shares are all at an end of their range, in clear air."""
    ends = {name: _end(generator) for name, trait in TRAITS.items() if not trait.is_discrete}
    who = scenes.specimen(generator, plan, **ends)
    fill = FAR if view is View.DISTANT else float(generator.uniform(0.35, 0.98))
    where = scenes.clear(scenes.scene(generator, view=view, fill=fill))
    return who, replace(where, angle=float(generator.uniform(-80, 80))) if PLANS[plan].turns else where


def _end(generator: np.random.Generator) -> float:
    share = 0.3 * float(generator.random())
    return share if generator.random() < 0.5 else 1 - share


def with_another(specimen: Specimen, trait: Trait, generator: np.random.Generator) -> Specimen:
    """The same specimen with another value of the trait: the other end, or another state or count."""
    own = getattr(specimen.looks, trait.name)
    others = [value for value in trait.states or trait.counts if value != own]
    value = others[int(generator.integers(len(others)))] if trait.is_discrete else 1 - own
    return replace(specimen, looks=replace(specimen.looks, **{trait.name: value}))


def changes(plan: str, view: View, seed: int, *, names: Iterable[str] = TRAITS) -> list[Change]:
    """What each of these traits changes on one specimen."""
    generator = np.random.default_rng([list(PLANS).index(plan), list(View).index(view), seed])
    picture = Picture(*seen(plan, view, generator))
    return [picture.change(with_another(picture.specimen, TRAITS[name], generator)) for name in names]


def figures(changed: list[list[Change]], view: View) -> str:
    """The row of the table, from the changes of each specimen and trait."""
    allowed = len(changed) // 16 if view is View.WHOLE else 0
    row = ""
    for name, *own in zip(TRAITS, *changed, strict=True):
        is_capped = view is View.DISTANT or (view is not View.WHOLE and name in ON_ALL)
        figure = _figure(own, allowed=allowed)
        row += "5" if is_capped and figure == "1" else figure
    return row


def _figure(changed: list[Change], *, allowed: int) -> str:
    """The figure for a trait, from what it changes on each specimen; so many may fail to show plainly."""
    if all(one.all < NOTHING for one in changed):
        return "0"
    return "1" if sum(one.plain < PLAIN for one in changed) <= allowed else "5"


def measure(task: tuple[str, View], specimens: int) -> str:
    """The row of a plan and a view."""
    plan, view = task
    row = figures([changes(plan, view, seed) for seed in range(specimens)], view)
    names = [name for name, figure in zip(TRAITS, row, strict=True) if _is_doubtful(name, view, figure)]
    if not names:
        return row
    more = [changes(plan, view, seed, names=names) for seed in range(specimens, specimens * (1 + MORE))]
    agreed = {name: _figure(own, allowed=0) for name, *own in zip(names, *more, strict=True)}
    return "".join("5" if agreed.get(n, figure) != figure else figure for n, figure in zip(TRAITS, row, strict=True))


def _is_doubtful(name: str, view: View, figure: str) -> bool:
    """Whether sixteen specimens are too few to tell."""
    is_hidden = figure == "0" and TRAITS[name].region is Region.ALL
    return is_hidden or (figure == "1" and view is not View.WHOLE and name in AT_PLACES)


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--specimens", type=int, default=16, help="how many of each plan in each view")
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    tasks = [(plan, view) for plan in PLANS for view in View]
    with ProcessPoolExecutor(arguments.workers) as pool:
        rows = list(pool.map(partial(measure, specimens=arguments.specimens), tasks))
    text = HEADER
    for plan in PLANS:
        text += f'    "{plan}": {{\n'
        for view in View:
            text += f'        "{view.value}": "{rows[tasks.index((plan, view))]}",\n'
        text += "    },\n"
    (ROOT / "src/thuja/biosphere/shown.py").write_text(text + "}\n")


if __name__ == "__main__":
    main()
