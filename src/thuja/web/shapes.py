"""What the API says of taxa, answers and pictures: the shapes that several endpoints share."""

from collections.abc import Mapping
from urllib.parse import quote

from pydantic import BaseModel, Field

from thuja.predict.answers import Answer
from thuja.search.query import Credit
from thuja.taxonomy import Taxon


class TaxonShape(BaseModel):
    """A taxon; a name that is not known is the empty string. `species` is the epithet alone."""

    kingdom: str = ""
    phylum: str = ""
    class_: str = Field(default="", serialization_alias="class")
    order: str = ""
    family: str = ""
    genus: str = ""
    species: str = ""
    common: str = ""
    scientific_name: str = ""

    @classmethod
    def of(cls, taxon: Taxon) -> "TaxonShape":
        """The shape of a taxon."""
        kingdom, phylum, class_, order, family, genus, species = taxon.names
        return cls(
            kingdom=kingdom,
            phylum=phylum,
            class_=class_,
            order=order,
            family=family,
            genus=genus,
            species=species,
            common=taxon.common,
            scientific_name=taxon.scientific_name,
        )


class Picture(BaseModel):
    """A picture of the index, with whose it is. Links lead to http and https alone."""

    id: str
    url: str
    credit: str = ""
    license: str = ""
    license_link: str = ""
    source_url: str = ""

    @classmethod
    def of(cls, row: Mapping[str, object]) -> "Picture":
        """From a row of an index with its `uuid`, as far as its columns tell."""
        name, credit = str(row["uuid"]), Credit.of(row)
        return cls(
            id=name,
            url=f"/api/pictures/{quote(name, safe='')}",
            credit=credit.owner,
            license=credit.license,
            license_link=credit.license_link,
            source_url=credit.source_url,
        )


class AnswerShape(BaseModel):
    """One thing that a picture may show: its probability, and its taxon unless it is a label of one's own."""

    text: str
    rank: str | None = None
    score: float
    taxon: TaxonShape | None = None
    pictures: list[Picture] = Field(default_factory=list)

    @classmethod
    def of(cls, answer: Answer) -> "AnswerShape":
        """The shape of an answer."""
        taxon = answer.taxon
        rank = None if taxon is None or taxon.rank is None else taxon.rank.label
        return cls(
            text=answer.text, rank=rank, score=answer.score, taxon=None if taxon is None else TaxonShape.of(taxon)
        )
