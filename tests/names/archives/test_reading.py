"""Each format, written as its maker writes it, is read as the same world."""

from pathlib import Path

import polars as pl
import pytest
from tests.names.archives.worlds import LINEAGES, USAGES, VERNACULARS
from tests.names.archives.written import (
    Usage,
    pack,
    write_col_darwin_core,
    write_coldp,
    write_coldp_tables,
    write_gbif,
    write_lines,
    write_ncbi,
    write_open_tree,
)

from thuja.names.archives import Archive, read_archive
from thuja.names.lineages import RANK_COLUMNS, USAGE_SCHEMA

WRITERS = {
    "gbif": write_gbif,
    "col": write_col_darwin_core,
    "coldp": write_coldp,
    "coldp-tables": write_coldp_tables,
    "ncbi": write_ncbi,
    "ott": write_open_tree,
}
# NCBI and the Open Tree give further names no ids, and have no misapplied names.
WITH_OWN_IDS = ("gbif", "col", "coldp", "coldp-tables")


@pytest.fixture(params=sorted(WRITERS))
def source(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def archive(source: str, tmp_path: Path) -> Archive:
    WRITERS[source](tmp_path / "w", USAGES, VERNACULARS)
    return read_archive(pack(tmp_path / "w", tmp_path / "w.zip"), scratch=tmp_path)


def row(archive: Archive, id_: str) -> dict[str, str | None]:
    return archive.usages.row(by_predicate=pl.col("id") == id_, named=True)


def named(archive: Archive, name: str) -> list[tuple[str, str]]:
    """Status and accepted id of the usages of that name."""
    return archive.usages.filter(pl.col("name") == name).select("status", "accepted").rows()


def test_every_format_gives_the_same_lineages(archive: Archive) -> None:
    found = {id_: lineage for id_, *lineage in archive.usages.select("id", *RANK_COLUMNS).rows() if id_ in LINEAGES}
    assert {id_: tuple(lineage) for id_, lineage in found.items()} == LINEAGES
    assert dict(archive.usages.schema) == USAGE_SCHEMA
    assert archive.problems == ()


def test_names_are_canonical_and_authors_apart(archive: Archive) -> None:
    names = {usage.id: usage.name for usage in USAGES if usage.is_accepted}
    found = dict(archive.usages.filter(pl.col("id").is_in(list(names))).select("id", "name").rows())
    different = {id_: (name, found[id_]) for id_, name in names.items() if found[id_] != name}
    assert set(different) <= {"11", "30"}  # NCBI and the Open Tree say Metazoa and Viridiplantae


def test_authors_are_kept_where_the_source_has_them(source: str, archive: Archive) -> None:
    authors = {"9": "Linnaeus, 1758", "25": "(Linnaeus, 1758)", "37": "Mattf.", "39": "Turrill"}
    expected = dict.fromkeys(authors) if source == "ott" else authors
    assert {id_: row(archive, id_)["authorship"] for id_ in authors} == expected


def test_synonyms_lead_to_the_accepted_usage_through_other_synonyms(archive: Archive) -> None:
    assert named(archive, "Corvus vulgaris") == [("synonym", "9")]
    assert named(archive, "Corvus maximus") == [("synonym", "9")]
    assert row(archive, "9")["accepted"] == "9"
    synonyms = archive.usages.filter(pl.col("status") == "synonym")
    assert synonyms.select(RANK_COLUMNS).null_count().row(0) == (len(synonyms),) * 7


def test_each_source_says_what_it_can_of_doubt_and_error(source: str, archive: Archive) -> None:
    misapplied = [("misapplied", "9")] if source in WITH_OWN_IDS else []
    misspelt = [("synonym" if source in WITH_OWN_IDS else "misspelling", "9")]
    doubtful = [("accepted" if source == "ncbi" else "provisional", "22")]
    assert named(archive, "Corvus tropicus") == misapplied
    assert named(archive, "Corvus corex") == misspelt
    assert named(archive, "Corvus dubius") == doubtful


def test_a_homonym_stands_once_in_each_kingdom(archive: Archive) -> None:
    genera = archive.usages.filter(pl.col("name") == "Oenanthe").sort("kingdom")
    assert genera["kingdom"].to_list() == ["Animalia", "Plantae"]
    assert genera["accepted"].to_list() == ["24", "34"]


def test_vernacular_names_come_with_language_and_preference(source: str, archive: Archive) -> None:
    languages = ("en",) if source in ("ncbi", "ott") else ("en", "fr", "de", "haw")
    has_preference = source not in ("gbif", "col")
    expected = {
        (v.id, v.name, v.language, v.is_preferred and has_preference) for v in VERNACULARS if v.language in languages
    }
    assert set(archive.vernaculars.select("id", "name", "language", "is_preferred").rows()) == expected
    assert len(archive.vernaculars) == len(expected)


def test_the_archive_says_whose_it_is(source: str, archive: Archive) -> None:
    about = archive.about
    expected = {
        "gbif": ("gbif", "2023-08-28", "GBIF Backbone Taxonomy", "CC BY 4.0", "https://doi.org/10.15468/39omei"),
        "col": ("w", "", "", "", ""),
        "coldp": ("col", "Annual Checklist 2024", "Catalogue of Life Checklist", "cc by"),
        "coldp-tables": ("col", "Annual Checklist 2024", "Catalogue of Life Checklist", "cc by"),
        "ott": ("ott", "3.7", "Open Tree of Life taxonomy", "CC0"),
        "ncbi": ("ncbi",),
    }[source]
    assert (about.name, about.version, about.title, about.licence, about.url)[: len(expected)] == expected
    assert about.source.endswith("w.zip")


def test_retired_ids_lead_to_their_successors(source: str, archive: Archive) -> None:
    assert archive.further_ids.rows() == ([("999", "9")] if source in ("ncbi", "ott") else [])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["w.tar.gz", "w.tar", "w.tgz", "w.zip", "w.tar.bz2", "w.tar.xz"])
@pytest.mark.parametrize("inside", ["", "release-3/"])
def test_the_packing_makes_no_difference(tmp_path: Path, source: str, name: str, inside: str) -> None:
    WRITERS[source](tmp_path / "w", USAGES, VERNACULARS)
    plain = read_archive(tmp_path / "w")
    packed = read_archive(pack(tmp_path / "w", tmp_path / name, inside=inside), scratch=tmp_path / "scratch")
    assert packed.usages.equals(plain.usages)
    assert packed.vernaculars.equals(plain.vernaculars)
    assert list((tmp_path / "scratch").iterdir()) == []


def test_things_sequenced_and_not_described_are_provisional(tmp_path: Path) -> None:
    names = ["Mus sp. 129SV", "uncultured bacterium", "Mus cf. musculus", "[Candida] glabrata", "Mus musculus"]
    write_ncbi(tmp_path, [Usage(str(index + 5), name, "species") for index, name in enumerate(names)])
    found = read_archive(tmp_path).usages.filter(pl.col("rank") == "species")
    assert found.select("name", "status", "species").rows() == [
        ("Mus sp. 129SV", "provisional", "Mus sp. 129SV"),
        ("uncultured bacterium", "provisional", "uncultured bacterium"),
        ("Mus cf. musculus", "provisional", "Mus cf. musculus"),
        ("Candida glabrata", "accepted", "glabrata"),
        ("Mus musculus", "accepted", "musculus"),
    ]


def test_ncbis_further_names_are_synonyms_misspellings_or_nothing(tmp_path: Path) -> None:
    names = [
        ("[Candida] glabrata", "scientific name"),
        ("[Candida] glabrata (H.W.Anderson) S.A.Mey. & Yarrow, 1978", "authority"),
        ("Candida glabrata", "equivalent name"),
        ("Torulopsis glabrata", "synonym"),
        ("Torulopsis glabrata (H.W.Anderson) Lodder & N.F.de Vries, 1939", "synonym"),
        ("Cryptococcus glabratus Anderson 1917", "genbank synonym"),
        ("Candida glabrata CBS 138", "synonym"),
        ("Candida glabratta", "misspelling"),
        ("CBS 138", "type material"),
        ("yeasts", "blast name"),
        ("Torulopsis", "in-part"),
    ]
    write_lines(tmp_path / "nodes.dmp", ["1\t|\t1\t|\tno rank\t|", "5\t|\t1\t|\tspecies\t|"])
    rows = [f"5\t|\t{name}\t|\t\t|\t{kind}\t|" for name, kind in names]
    write_lines(tmp_path / "names.dmp", ["1\t|\troot\t|\t\t|\tscientific name\t|", *rows])
    archive = read_archive(tmp_path)
    assert archive.usages.select("id", "name", "status", "accepted").rows() == [
        ("5", "Candida glabrata", "accepted", "5"),
        ("5~1", "Torulopsis glabrata", "synonym", "5"),
        ("5~2", "Cryptococcus glabratus", "synonym", "5"),
        ("5~3", "Candida glabrata CBS 138", "synonym", "5"),
        ("5~4", "Candida glabratta", "misspelling", "5"),
    ]
    assert row(archive, "5")["authorship"] == "(H.W.Anderson) S.A.Mey. & Yarrow, 1978"
    assert archive.problems == ()


def test_flags_of_the_open_tree_leave_out_what_is_no_taxon_and_doubt_what_is_hidden(tmp_path: Path) -> None:
    usages = [
        Usage("1", "Animalia", "kingdom"),
        Usage("2", "environmental samples", "unranked", "1"),
        Usage("3", "Corvus", "genus", "2"),
        Usage("4", "Corvus corax", "species", "3"),
        Usage("5", "Corvus antiquus", "species", "3"),
        Usage("6", "Corvus novus", "species", "3"),
    ]
    flags = {
        "2": "was_container,incertae_sedis",
        "4": "hidden_inherited",
        "5": "extinct",
        "6": "incertae_sedis_inherited",
    }
    write_open_tree(tmp_path, usages, flags=flags)
    found = read_archive(tmp_path).usages.select("name", "status", "kingdom").rows()
    # What is no taxon still passes its kingdom down to what stands in it.
    assert found == [
        ("Metazoa", "accepted", "Animalia"),
        ("Corvus", "accepted", "Animalia"),
        ("Corvus corax", "provisional", "Animalia"),
        ("Corvus antiquus", "accepted", "Animalia"),
        ("Corvus novus", "accepted", "Animalia"),
    ]


META = """<archive xmlns="http://rs.tdwg.org/dwc/text/"><core fieldsTerminatedBy="," fieldsEnclosedBy='"'
 ignoreHeaderLines="1" rowType="http://rs.tdwg.org/dwc/terms/Taxon"><files><location>classification.txt</location></files>
 <id index="1"/><field index="0" term="http://rs.tdwg.org/dwc/terms/scientificName"/>
 <field index="2" term="http://rs.tdwg.org/dwc/terms/taxonRank"/><field index="3" term="http://rs.tdwg.org/dwc/terms/family"/>
 <field index="4" term="http://rs.tdwg.org/dwc/terms/taxonomicStatus"/>
 <field index="5" term="http://rs.tdwg.org/dwc/terms/acceptedNameUsageID"/>
 </core></archive>"""


def test_meta_xml_tells_the_columns_and_flat_ranks_and_joined_authors_are_divided(tmp_path: Path) -> None:
    (tmp_path / "meta.xml").write_text(META)
    rows = [
        '"Poa annua L., 1753",a,SPECIES,Poaceae,valid,',
        '"Poa annua var. reptans Hausskn. ex Hack.",b,VAR.,Poaceae,,',
        '"Poa crocea van der Hoeven, 1840",c,species,Poaceae,junior synonym,a',
        "Poaceae Barnhart,d,familia,,odd word,",
    ]
    write_lines(tmp_path / "classification.txt", ["name,key,rank,family,status,of", *rows])
    archive = read_archive(tmp_path)
    columns = ("id", "name", "authorship", "rank", "status", "accepted", "family", "genus", "species")
    assert archive.usages.select(columns).rows() == [
        ("a", "Poa annua", "L., 1753", "species", "accepted", "a", "Poaceae", None, "annua"),
        ("b", "Poa annua reptans", "Hausskn. ex Hack.", "variety", "accepted", "b", "Poaceae", None, "annua"),
        ("c", "Poa crocea", "van der Hoeven, 1840", "species", "synonym", "a", None, None, None),
        ("d", "Poaceae", "Barnhart", "family", "provisional", "d", "Poaceae", None, None),
    ]
    assert archive.problems == (
        'statuses of no vocabulary, provisional unless an accepted name is given: 1 ("odd word")',
    )


def test_coldp_may_be_comma_separated_flat_and_hold_bare_names(tmp_path: Path) -> None:
    rows = [
        '1,,accepted,Donacia (Donaciomima) clavareaui,"Jacobson, 1906",species,Animalia,Chrysomelidae,Donacia',
        "2,1,ambiguous synonym,Donacia jacobsoni,,species,,,",
        "3,,bare name,Donacia nuda,,species,Animalia,,",
        "4,,provisionally accepted,Tobacco mosaic virus,,species,Viruses,,Tobamovirus",
    ]
    write_lines(
        tmp_path / "name-usage.csv", ["ID,parentID,status,scientificName,authorship,rank,kingdom,family,genus", *rows]
    )
    archive = read_archive(tmp_path)
    assert archive.usages.select(
        "id", "name", "authorship", "status", "accepted", "kingdom", "genus", "species"
    ).rows() == [
        ("1", "Donacia clavareaui", "Jacobson, 1906", "accepted", "1", "Animalia", "Donacia", "clavareaui"),
        ("2", "Donacia jacobsoni", None, "synonym", "1", None, None, None),
        ("4", "Tobacco mosaic virus", None, "provisional", "4", "Viruses", "Tobamovirus", "Tobacco mosaic virus"),
    ]


def test_a_table_of_lineages_brings_the_taxa_above_its_species(tmp_path: Path) -> None:
    write_lines(
        tmp_path / "mine.csv",
        [
            "id,kingdom,family,genus,species,common,authorship",
            'r7,Animalia,Corvidae,Corvus,corax,Raven,"Linnaeus, 1758"',
            ",Animalia,Corvidae,,Corvus frugilegus,,",
            "r7,Animalia,Corvidae,Pica,Pica pica,Magpie,",
            ",,,,,,",
        ],
    )
    archive = read_archive(tmp_path / "mine.csv")
    assert archive.about.name == "mine"
    found = archive.usages.sort("id").select("id", "name", "rank", "authorship", "genus", "species").rows()
    assert found == [
        ("Animalia", "Animalia", "kingdom", None, None, None),
        ("Animalia////Corvidae", "Corvidae", "family", None, None, None),
        ("Animalia////Corvidae/Corvus", "Corvus", "genus", None, "Corvus", None),
        ("Animalia////Corvidae/Corvus/frugilegus", "Corvus frugilegus", "species", None, "Corvus", "frugilegus"),
        ("Animalia////Corvidae/Pica", "Pica", "genus", None, "Pica", None),
        ("Animalia////Corvidae/Pica/pica", "Pica pica", "species", None, "Pica", "pica"),
        ("r7", "Corvus corax", "species", "Linnaeus, 1758", "Corvus", "corax"),
    ]
    assert archive.problems == ("ids given to several lineages, kept for the first: 1 (r7)",)
    assert sorted(archive.vernaculars.select("id", "name").rows()) == [
        ("Animalia////Corvidae/Pica/pica", "Magpie"),
        ("r7", "Raven"),
    ]
    pl.read_csv(tmp_path / "mine.csv").write_parquet(tmp_path / "mine.parquet")
    assert read_archive(tmp_path / "mine.parquet").usages.equals(archive.usages)


def test_inaturalists_table_is_told_by_its_columns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THUJA_CACHE", str(tmp_path / "cache"))
    ranks = {"phylum": "Chordata", "class": "Aves", "order": "Passeriformes", "family": "Corvidae", "genus": "Corvus"}
    crow = {"kingdom": "Animalia", **ranks, "infraspecificEpithet": None}
    rows = [
        {"id": 1, "scientificName": "Corvus corax", "taxonRank": "species", "specificEpithet": "corax", **crow},
        {"id": 2, "scientificName": "Corvus × mixtus", "taxonRank": "hybrid", "specificEpithet": "×", **crow},
        {
            "id": 3,
            "scientificName": "Life",
            "taxonRank": "stateofmatter",
            "specificEpithet": None,
            **dict.fromkeys(crow),
        },
    ]
    pl.DataFrame(rows).write_parquet(tmp_path / "taxa.parquet")
    cache = tmp_path / "cache"
    cache.mkdir()
    names = {"id": [1, 9], "name": ["Raven", "Nobody"], "common_key": ["raven", "nobody"], "is_preferred": [True, True]}
    pl.DataFrame(names).write_parquet(cache / "english-names.parquet")
    archive = read_archive(tmp_path / "taxa.parquet")
    assert archive.about.name == "inat"
    assert archive.usages.select("id", "name", "rank", "family", "species").rows() == [
        ("1", "Corvus corax", "species", "Corvidae", "corax"),
        ("2", "Corvus × mixtus", "species", "Corvidae", "× mixtus"),
    ]
    assert archive.vernaculars.rows() == [("1", "Raven", "en", True, "iNaturalist", 0)]
