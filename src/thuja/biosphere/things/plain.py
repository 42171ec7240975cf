"""Plain shapes, and letters and digits from bitmaps of our own, so that no machine's fonts get into the bytes."""

import numpy as np

from thuja.biosphere.things.kinds import Kind
from thuja.biosphere.things.outlines import Part, box, oval, poly, star_like


def _crescent() -> Part:
    outer = oval("body", (50, 50), (48, 48), (40, 320)).points
    inner = oval("body", (68, 50), (36, 38), (40 + 14, 320 - 14)).points
    return Part("body", np.concatenate([outer, inner[::-1]]))


SHAPES: tuple[Kind, ...] = (
    Kind(
        name="circle", test=("disc",), home="shape", inner=(22, 22, 78, 78), parts=(oval("body", (50, 50), (48, 48)),)
    ),
    Kind(name="square", home="shape", inner=(16, 16, 84, 84), parts=(box("body", 4, 4, (92, 92)),)),
    Kind(
        name="triangle",
        test=("three-cornered shape",),
        home="shape",
        inner=(32, 46, 68, 88),
        parts=(poly("body", (50, 4), (98, 96), (2, 96)),),
    ),
    Kind(
        name="rectangle", test=("oblong",), home="shape", inner=(18, 36, 82, 64), parts=(box("body", 2, 26, (96, 48)),)
    ),
    Kind(
        name="pentagon",
        test=("five-sided shape",),
        home="shape",
        inner=(28, 28, 72, 74),
        parts=(star_like("body", 5, (50, 40.4)),),
    ),
    Kind(
        name="diamond",
        train=("lozenge",),
        test=("rhombus/rhombuses",),
        home="shape",
        inner=(34, 34, 66, 66),
        parts=(poly("body", (50, 0), (86, 50), (50, 100), (14, 50)),),
    ),
    Kind(
        name="oval", test=("ellipse",), home="shape", inner=(26, 38, 74, 62), parts=(oval("body", (50, 50), (49, 30)),)
    ),
    Kind(
        name="cross/crosses",
        test=("plus sign",),
        home="shape",
        parts=(
            poly(
                "body",
                (36, 4),
                (64, 4),
                (64, 36),
                (96, 36),
                (96, 64),
                (64, 64),
                (64, 96),
                (36, 96),
                (36, 64),
                (4, 64),
                (4, 36),
                (36, 36),
            ),
        ),
    ),
    Kind(name="crescent", train=("crescent shape",), test=("half-moon",), home="shape", parts=(_crescent(),)),
    Kind(
        name="arrow",
        test=("pointer",),
        home="shape",
        parts=(poly("body", (2, 38), (54, 38), (54, 14), (98, 50), (54, 86), (54, 62), (2, 62)),),
    ),
)

_BITMAPS = """
A .XXX. X...X X...X XXXXX X...X X...X X...X
B XXXX. X...X X...X XXXX. X...X X...X XXXX.
C .XXX. X...X X.... X.... X.... X...X .XXX.
D XXXX. X...X X...X X...X X...X X...X XXXX.
E XXXXX X.... X.... XXXX. X.... X.... XXXXX
F XXXXX X.... X.... XXXX. X.... X.... X....
G .XXX. X...X X.... X.XXX X...X X...X .XXX.
H X...X X...X X...X XXXXX X...X X...X X...X
I XXXXX ..X.. ..X.. ..X.. ..X.. ..X.. XXXXX
J ..XXX ...X. ...X. ...X. ...X. X..X. .XX..
K X...X X..X. X.X.. XX... X.X.. X..X. X...X
L X.... X.... X.... X.... X.... X.... XXXXX
M X...X XX.XX X.X.X X.X.X X...X X...X X...X
N X...X XX..X XX..X X.X.X X..XX X..XX X...X
O .XXX. X...X X...X X...X X...X X...X .XXX.
P XXXX. X...X X...X XXXX. X.... X.... X....
Q .XXX. X...X X...X X...X X.X.X X..X. .XX.X
R XXXX. X...X X...X XXXX. X.X.. X..X. X...X
S .XXXX X.... X.... .XXX. ....X ....X XXXX.
T XXXXX ..X.. ..X.. ..X.. ..X.. ..X.. ..X..
U X...X X...X X...X X...X X...X X...X .XXX.
V X...X X...X X...X X...X X...X .X.X. ..X..
W X...X X...X X...X X.X.X X.X.X XX.XX X...X
X X...X X...X .X.X. ..X.. .X.X. X...X X...X
Y X...X X...X .X.X. ..X.. ..X.. ..X.. ..X..
Z XXXXX ....X ...X. ..X.. .X... X.... XXXXX
0 .XXX. X...X X..XX X.X.X XX..X X...X .XXX.
1 ..X.. .XX.. ..X.. ..X.. ..X.. ..X.. .XXX.
2 .XXX. X...X ....X ..XX. .X... X.... XXXXX
3 XXXX. ....X ....X .XXX. ....X ....X XXXX.
4 ...X. ..XX. .X.X. X..X. XXXXX ...X. ...X.
5 XXXXX X.... XXXX. ....X ....X X...X .XXX.
6 .XXX. X.... X.... XXXX. X...X X...X .XXX.
7 XXXXX ....X ...X. ..X.. .X... .X... .X...
8 .XXX. X...X X...X .XXX. X...X X...X .XXX.
9 .XXX. X...X X...X .XXXX ....X ....X .XXX.
"""
_CELL = 100 / 7


def _glyph(line: str) -> Kind:
    sign, *rows = line.split()
    runs = [
        box("body", 14.3 + _CELL * start, _CELL * y, (_CELL * length, _CELL))
        for y, row in enumerate(rows)
        for start, length in _runs(row)
    ]
    is_digit = sign.isdigit()
    name, train, test = ("digit", "number", "numeral") if is_digit else ("letter", "capital", "upper-case letter")
    words = [f"{word} {sign}/{word}s {sign}" for word in (name, train, test)]
    return Kind(name=words[0], train=(words[1],), test=(words[2],), home="glyph", parts=tuple(runs))


def _runs(row: str) -> list[tuple[int, int]]:
    """Where each row of filled cells begins, and how long it is."""
    starts = [x for x, cell in enumerate(row) if cell == "X" and (x == 0 or row[x - 1] != "X")]
    return [(x, len(row[x:].split(".")[0])) for x in starts]


GLYPHS: tuple[Kind, ...] = tuple(_glyph(line) for line in _BITMAPS.split("\n") if line)
