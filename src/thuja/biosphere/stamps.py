"""Small letters for what cameras and museums write into pictures, drawn here so that every machine draws the same."""

import unicodedata
from functools import cache

import numpy as np
import numpy.typing as npt
from PIL import Image

HEIGHT = 7
"""Pixels of a line of letters at 128 pixels a picture."""

_GLYPHS = """
A 01110 10001 10001 11111 10001 10001 10001
B 11110 10001 10001 11110 10001 10001 11110
C 01110 10001 10000 10000 10000 10001 01110
D 11110 10001 10001 10001 10001 10001 11110
E 11111 10000 10000 11110 10000 10000 11111
F 11111 10000 10000 11110 10000 10000 10000
G 01110 10001 10000 10111 10001 10001 01110
H 10001 10001 10001 11111 10001 10001 10001
I 01110 00100 00100 00100 00100 00100 01110
J 00111 00010 00010 00010 00010 10010 01100
K 10001 10010 10100 11000 10100 10010 10001
L 10000 10000 10000 10000 10000 10000 11111
M 10001 11011 10101 10101 10001 10001 10001
N 10001 11001 10101 10101 10011 10001 10001
O 01110 10001 10001 10001 10001 10001 01110
P 11110 10001 10001 11110 10000 10000 10000
Q 01110 10001 10001 10001 10101 10010 01101
R 11110 10001 10001 11110 10100 10010 10001
S 01111 10000 10000 01110 00001 00001 11110
T 11111 00100 00100 00100 00100 00100 00100
U 10001 10001 10001 10001 10001 10001 01110
V 10001 10001 10001 10001 10001 01010 00100
W 10001 10001 10001 10101 10101 11011 10001
X 10001 10001 01010 00100 01010 10001 10001
Y 10001 10001 01010 00100 00100 00100 00100
Z 11111 00001 00010 00100 01000 10000 11111
0 01110 10001 10011 10101 11001 10001 01110
1 00100 01100 00100 00100 00100 00100 01110
2 01110 10001 00001 00110 01000 10000 11111
3 11110 00001 00001 01110 00001 00001 11110
4 00010 00110 01010 10010 11111 00010 00010
5 11111 10000 11110 00001 00001 10001 01110
6 00110 01000 10000 11110 10001 10001 01110
7 11111 00001 00010 00100 01000 01000 01000
8 01110 10001 10001 01110 10001 10001 01110
9 01110 10001 10001 01111 00001 00010 01100
. 00000 00000 00000 00000 00000 00000 00100
, 00000 00000 00000 00000 00000 00100 01000
: 00000 00000 00100 00000 00000 00100 00000
- 00000 00000 00000 01110 00000 00000 00000
+ 00000 00100 00100 11111 00100 00100 00000
/ 00001 00001 00010 00100 01000 10000 10000
# 01010 01010 11111 01010 11111 01010 01010
( 00010 00100 00100 00100 00100 00100 00010
) 01000 00100 00100 00100 00100 00100 01000
° 01100 10010 10010 01100 00000 00000 00000
' 00100 00100 00000 00000 00000 00000 00000
? 01110 10001 00001 00110 00100 00000 00100
"""
_BLANK = 3
"""The width of the space between words, in pixels."""

Bitmap = npt.NDArray[np.uint8]


def written(text: str, width: int, size: int, *, lines: int = 1) -> Image.Image:
    """The coverage, mode L, of the text in at most that many lines, for a picture of `size` pixels.

    It is at most `width` pixels wide, and pressed together where it needs more. Letters are capitals;
    accents are left away, and a box stands for what has no letter here.
    """
    scale = size / 128
    rows = _broken(text, round(width / scale), lines)
    bitmap = np.zeros((len(rows) * (HEIGHT + 2) - 2, max(row.shape[1] for row in rows)), dtype=np.uint8)
    for number, row in enumerate(rows):
        bitmap[number * (HEIGHT + 2) :][:HEIGHT, : row.shape[1]] = row
    image = Image.fromarray(bitmap * np.uint8(255))
    wide, high = min(width, max(1, round(image.width * scale))), max(1, round(image.height * scale))
    if (wide, high) == image.size:
        return image
    return image.resize((wide, high), Image.Resampling.NEAREST if scale.is_integer() else Image.Resampling.BILINEAR)


def bitmap_of(text: str) -> Bitmap:
    """One line of letters, (7, width), 1 where there is ink, one column of space after each letter."""
    plain = unicodedata.normalize("NFKD", text).upper()
    glyphs = [_glyphs().get(letter, _glyphs()[""]) for letter in plain if not unicodedata.combining(letter)]
    return np.concatenate(glyphs, axis=1) if glyphs else np.zeros((HEIGHT, 1), dtype=np.uint8)


@cache
def _glyphs() -> dict[str, Bitmap]:
    glyphs = {" ": np.zeros((HEIGHT, _BLANK), dtype=np.uint8)}
    box = ["", "11111", *["10001"] * 5, "11111"]
    for letter, *rows in [line.split() for line in _GLYPHS.strip().splitlines()] + [box]:
        whole = np.array([[int(bit) for bit in row] for row in rows], dtype=np.uint8)
        inked = np.flatnonzero(whole.any(axis=0))
        glyphs[letter] = np.pad(whole[:, inked[0] : inked[-1] + 1], ((0, 0), (0, 1)))
    return glyphs


def _broken(text: str, width: int, lines: int) -> list[Bitmap]:
    """The text in lines: a line is full when the next word would not fit; the last one takes what is left."""
    words = text.split() or [""]
    rows = [words[0]]
    for word in words[1:]:
        longer = f"{rows[-1]} {word}"
        if len(rows) == lines or bitmap_of(longer).shape[1] <= width:
            rows[-1] = longer
        else:
            rows.append(word)
    return [bitmap_of(row) for row in rows]
