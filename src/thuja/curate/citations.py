"""How the sources of images ask to be cited, as facts: names, years, identifiers."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from thuja.errors import BadFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """One thing to cite; `link` is a DOI's address, or another."""

    who: str
    year: str
    title: str
    where: str = ""
    link: str = ""

    def __str__(self) -> str:
        parts = [f"{self.who} ({self.year})" if self.year else self.who, self.title, self.where, self.link]
        return ". ".join(part.rstrip(".") for part in parts if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetCitation:
    """What a source says of one of its data sets, "" where it says nothing."""

    title: str = ""
    citation: str = ""
    rights: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceCitations:
    """The data sets of one source by their keys, and the DOIs of the downloads that they came in."""

    dois: tuple[str, ...] = ()
    datasets: Mapping[str, DatasetCitation] = field(default_factory=dict)

    def joined(self, other: "SourceCitations") -> "SourceCitations":
        """Both together: two downloads of one source. Of a data set the first citation that says something stays."""
        said = {key: one for key, one in self.datasets.items() if one != DatasetCitation()}
        datasets = {**self.datasets, **other.datasets, **said}
        return SourceCitations(dois=tuple(dict.fromkeys((*self.dois, *other.dois))), datasets=datasets)


def read_source_citations(path: Path) -> SourceCitations:
    """Read a `citations.json` (`doi`, `datasets` by key), as a source's reader leaves it; raises BadFile."""
    try:
        said: Any = json.loads(path.read_text(encoding="utf-8"))
        datasets = {
            str(key): DatasetCitation(**{name: str(one.get(name) or "") for name in ("title", "citation", "rights")})
            for key, one in said.get("datasets", {}).items()
        }
        doi = str(said.get("doi") or "")
        return SourceCitations(dois=(doi,) if doi else (), datasets=datasets)
    except (OSError, ValueError, AttributeError, RecursionError) as error:
        raise BadFile(f"{path} holds no citations: {str(error).splitlines()[0]}") from error


_EOL = Citation(
    who="Parr, C. S. et al.",
    year="2014",
    title="The Encyclopedia of Life v2: Providing Global Access to Knowledge About Life on Earth",
    where="Biodiversity Data Journal 2: e1079",
    link="https://doi.org/10.3897/BDJ.2.e1079",
)
_FATHOMNET = Citation(
    who="Katija, K. et al.",
    year="2022",
    title="FathomNet: A global image database for enabling artificial intelligence in the ocean",
    where="Scientific Reports 12: 15914",
    link="https://doi.org/10.1038/s41598-022-19939-2",
)
_BIOSCAN_1M = Citation(
    who="Gharaee, Z. et al.",
    year="2023",
    title="A Step Towards Worldwide Biodiversity Assessment: The BIOSCAN-1M Insect Dataset",
    where="NeurIPS Datasets and Benchmarks",
    link="https://arxiv.org/abs/2307.10455",
)
_BIOSCAN_5M = Citation(
    who="Gharaee, Z. et al.",
    year="2024",
    title="BIOSCAN-5M: A Multimodal Dataset for Insect Biodiversity",
    where="NeurIPS Datasets and Benchmarks",
    link="https://arxiv.org/abs/2406.12723",
)
_INAT21 = Citation(
    who="Van Horn, G. et al.",
    year="2021",
    title="Benchmarking Representation Learning for Natural World Image Collections",
    where="CVPR",
    link="https://arxiv.org/abs/2103.16483",
)
_INATURALIST = Citation(
    who="iNaturalist",
    year="",
    title="iNaturalist Licensed Observation Images",
    where="Registry of Open Data on AWS",
    link="https://registry.opendata.aws/inaturalist-open-data",
)
_TREEOFLIFE_10M = Citation(
    who="Stevens, S. et al.",
    year="2024",
    title="BioCLIP: A Vision Foundation Model for the Tree of Life (TreeOfLife-10M)",
    where="CVPR; data set https://doi.org/10.57967/hf/1972",
    link="https://arxiv.org/abs/2311.18803",
)
_TREEOFLIFE_200M = Citation(
    who="Gu, J. et al.",
    year="2025",
    title="BioCLIP 2: Emergent Properties from Scaling Hierarchical Contrastive Learning (TreeOfLife-200M)",
    link="https://arxiv.org/abs/2505.23883",
)

_OF_SOURCE: Sequence[tuple[re.Pattern[str], Sequence[Citation]]] = tuple(
    (re.compile(pattern), cited)
    for pattern, cited in (
        (r"treeoflife10m|tol10m", (_TREEOFLIFE_10M,)),
        (r"treeoflife|tol200m", (_TREEOFLIFE_200M,)),
        (r"bioscan5m", (_BIOSCAN_5M,)),
        (r"bioscan1m", (_BIOSCAN_1M,)),
        (r"bioscan", (_BIOSCAN_1M, _BIOSCAN_5M)),
        (r"fathomnet", (_FATHOMNET,)),
        (r"eol|encyclopediaoflife", (_EOL,)),
        (r"inat(uralist)?(20)?21", (_INAT21,)),
        (r"inat", (_INATURALIST,)),
    )
)
"""By what a source's name begins with, in letters and digits alone; the first that fits."""


def citations_of(data_source: str) -> Sequence[Citation]:
    """What a source of that name asks to be cited by, as far as it is known.

    >>> [citation.year for citation in citations_of("BIOSCAN-5M")]
    ['2024']
    """
    name = re.sub(r"[^a-z0-9]", "", data_source.lower())
    return next((cited for pattern, cited in _OF_SOURCE if pattern.match(name)), ())


def cite_download(doi: str, data_source: str) -> Citation:
    """A download by its DOI, however that is written; GBIF's are those under 10.15468.

    >>> str(cite_download("doi:10.15468/dl.bfv433", "gbif"))
    'GBIF.org. GBIF Occurrence Download. https://doi.org/10.15468/dl.bfv433'
    """
    bare = re.sub(r"^(?:https?://(?:dx\.)?doi\.org/|doi:)", "", doi.strip(), flags=re.IGNORECASE)
    link = f"https://doi.org/{bare}"
    if bare.startswith("10.15468/"):
        return Citation(who="GBIF.org", year="", title="GBIF Occurrence Download", link=link)
    return Citation(who=data_source, year="", title="Download", link=link)
