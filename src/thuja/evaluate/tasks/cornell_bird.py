"""Cornell Bird: 7,007 bird photos of 700 species with the captions of the Macaulay Library, retrieval both ways.

What it is: a test set of BioCAP (arXiv:2510.20095). A caption begins with the species' name, spelt with underscores
("Aberts_Towhee, Large, ground-dwelling sparrow..."); 5,913 of the 7,007 are distinct, of 22 words on average.

Where: the table is `data/retrieval_annotations/cornell_bird.csv` of github.com/Imageomics/biocap. Photos are not
given out; ask the Macaulay Library (macaulaylibrary.org) for the assets whose numbers stand in the column `id`.

Licence: the photos belong to their makers, under the Macaulay Library's terms; they may not be passed on.

Layout: `cornell_bird.csv` (`id`, `captions`, `md5`, and others that are not read) and `images/<id>.jpg`.

Public (BioCAP's `retrieval_openclip.py`): the text is "a photo of" and the caption with no space between; images
and texts by the first projector, which was trained on names; R@1, R@5, R@10 by the row's own number, so that of
two images with one caption the other is wrong. The paper's table has R@10.

Corrected: the space, and the name spelt with spaces; the caption projector where the model has one; each distinct
caption and image once, any right one counts; the same again without the species name, which 297 captions repeat
in their text; intervals over species. With some ten photos a species, a model that knows the species and nothing
else gets R@1 .100, R@5 .498 and R@10 .895 in the public way: the figures measure species recognition first.
"""

from pathlib import Path

from thuja.evaluate.protocols.captioned import Captioned
from thuja.evaluate.task import About, Task
from thuja.evaluate.tasks.caption_table import read_captions

TABLE = "cornell_bird.csv"

ABOUT = About(
    name="cornell_bird",
    title="Cornell Bird",
    where=(
        "table: data/retrieval_annotations/cornell_bird.csv of github.com/Imageomics/biocap; photos: on request "
        "from macaulaylibrary.org, by the asset numbers in its column id"
    ),
    licence="photos: the Macaulay Library's terms, not to be passed on; table: MIT",
    layout=f"{TABLE} with the columns id and captions (and md5)\nimages/<id>.jpg",
    column="Cornell Bird",
    measure="R@10",
    public='"a photo of" without a space, the first projector, a caption that stands twice counts as wrong',
    corrected="the space, the caption projector, any image with the caption is right, without the name as well",
)


def read(folder: Path) -> Captioned:
    """Read the table; raises BadFile for another layout."""
    return read_captions(folder, ABOUT, TABLE)


TASK = Task(about=ABOUT, read=read)
