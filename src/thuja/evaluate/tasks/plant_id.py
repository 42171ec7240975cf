"""PlantID: 2,349 plant photos of 703 species with the captions of plantid.net, retrieval both ways.

What it is: a test set of BioCAP (arXiv:2510.20095). A caption begins with the scientific name ("Bolboschoenus
maritimus, Flowers dark brown with tan bristles."), for 481 with a subspecies or variety, 794 names in all; all
captions are distinct, of 16 words on average. 35 photos stand twice, once under the species and once under a
variety, with two captions: the column `md5` has 2,314 values.

Where: the table is `data/retrieval_annotations/plantID.csv` of github.com/Imageomics/biocap. Photos are not given
out; ask plantid.net for those whose numbers stand in the column `id`.

Licence: the photos are under PlantID's terms; they may not be passed on.

Layout: `plantID.csv` (`id`, `captions`, `md5`, and others that are not read) and `images/<id>.jpg`.

Public: as Cornell Bird, see `cornell_bird.py`; of a photo that stands twice the other caption counts as wrong too.

Corrected: as Cornell Bird; a photo that stands twice is one image with two right captions; a variety counts to its
species in intervals. With mostly three photos a species, a model that knows the species and nothing else gets R@1
.299, R@5 .947 and R@10 .998 in the public way: R@10 measures species recognition alone. Without the scientific name
a caption may still hold the English one.
"""

from pathlib import Path

from thuja.evaluate.protocols.captioned import Captioned
from thuja.evaluate.task import About, Task
from thuja.evaluate.tasks.caption_table import read_captions

TABLE = "plantID.csv"

ABOUT = About(
    name="plant_id",
    title="PlantID",
    where=(
        "table: data/retrieval_annotations/plantID.csv of github.com/Imageomics/biocap; photos: on request from "
        "plantid.net, by the numbers in its column id"
    ),
    licence="photos: PlantID's terms, not to be passed on; table: MIT",
    layout=f"{TABLE} with the columns id and captions (and md5)\nimages/<id>.jpg",
    column="PlantID",
    measure="R@10",
    public='"a photo of" without a space, the first projector, a photo that stands twice has one right caption',
    corrected="the space, the caption projector, each distinct photo once, without the name as well",
)


def read(folder: Path) -> Captioned:
    """Read the table; raises BadFile for another layout."""
    return read_captions(folder, ABOUT, TABLE)


TASK = Task(about=ABOUT, read=read)
