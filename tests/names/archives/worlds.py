"""A small world with what makes taxonomies hard: homonyms across kingdoms, chained synonyms, hybrids, ranks
between the seven and ranks missing, infraspecific and doubtful taxa, authors, names in several languages."""

from tests.names.archives.written import Usage, Vernacular

USAGES = [
    Usage("11", "Animalia", "kingdom"),
    Usage("12", "Chordata", "phylum", "11"),
    Usage("13", "Vertebrata", "subphylum", "12"),
    Usage("14", "Aves", "class", "13"),
    Usage("15", "Passeriformes", "order", "14"),
    Usage("16", "Corvidae", "family", "15", author="Leach, 1820"),
    Usage("17", "Corvinae", "subfamily", "16"),
    Usage("8", "Corvus", "genus", "17", author="Linnaeus, 1758"),
    Usage("9", "Corvus corax", "species", "8", author="Linnaeus, 1758"),
    Usage("10", "Corvus corax principalis", "subspecies", "9", author="Ridgway, 1887"),
    Usage("18", "Corvus vulgaris", "species", accepted="9", status="synonym", author="Tschusi, 1900"),
    Usage("19", "Corvus maximus", "species", accepted="18", status="synonym", author="Scopoli, 1769"),
    Usage("20", "Corvus tropicus", "species", accepted="9", status="misapplied"),
    Usage("21", "Corvus corex", "species", accepted="9", status="misspelling"),
    Usage("22", "Corvus dubius", "species", "8", status="provisional", author="Brehm, 1831"),
    Usage("23", "Muscicapidae", "family", "15"),
    Usage("24", "Oenanthe", "genus", "23", author="Vieillot, 1816"),
    Usage("25", "Oenanthe oenanthe", "species", "24", author="(Linnaeus, 1758)"),
    Usage("30", "Plantae", "kingdom"),
    Usage("31", "Tracheophyta", "phylum", "30"),
    Usage("32", "Magnoliopsida", "class", "31"),
    Usage("33", "Apiaceae", "family", "32"),
    Usage("34", "Oenanthe", "genus", "33", author="L."),
    Usage("35", "Oenanthe crocata", "species", "34", author="L."),
    Usage("36", "Abies", "genus", "31", author="Mill."),
    Usage("37", "Abies × borisii-regis", "species", "36", author="Mattf."),
    Usage("38", "Abies alba", "species", "36", author="Mill."),
    Usage("39", "Abies alba acutifolia", "variety", "38", author="Turrill"),
    Usage("50", "Bacteria", "domain"),
    Usage("51", "Pseudomonadati", "kingdom", "50"),
    Usage("52", "Pseudomonadota", "phylum", "51"),
    Usage("53", "Escherichia coli", "species", "52", author="(Migula 1895) Castellani & Chalmers 1919"),
]
VERNACULARS = [
    Vernacular("9", "Common Raven", "en", is_preferred=True),
    Vernacular("9", "Northern Raven", "en"),
    Vernacular("9", "Grand Corbeau", "fr"),
    Vernacular("9", "Kolkrabe", "de"),
    Vernacular("8", "ʻAlalā", "haw"),
    Vernacular("25", "Northern Wheatear", "en", is_preferred=True),
]

BIRD = ("Animalia", "Chordata", "Aves", "Passeriformes")
CROW = (*BIRD, "Corvidae", "Corvus")
PLANT = ("Plantae", "Tracheophyta")
NONE = (None,) * 7
LINEAGES: dict[str, tuple[str | None, ...]] = {
    "11": ("Animalia", *NONE[:6]),
    "13": ("Animalia", "Chordata", *NONE[:5]),
    "16": (*BIRD, "Corvidae", None, None),
    "17": (*BIRD, "Corvidae", None, None),
    "8": (*CROW, None),
    "9": (*CROW, "corax"),
    "10": (*CROW, "corax"),
    "22": (*CROW, "dubius"),
    "24": (*BIRD, "Muscicapidae", "Oenanthe", None),
    "25": (*BIRD, "Muscicapidae", "Oenanthe", "oenanthe"),
    "34": (*PLANT, "Magnoliopsida", None, "Apiaceae", "Oenanthe", None),
    "35": (*PLANT, "Magnoliopsida", None, "Apiaceae", "Oenanthe", "crocata"),
    "37": (*PLANT, None, None, None, "Abies", "× borisii-regis"),
    "38": (*PLANT, None, None, None, "Abies", "alba"),
    "39": (*PLANT, None, None, None, "Abies", "alba"),
    "50": ("Bacteria", *NONE[:6]),
    "51": ("Bacteria", *NONE[:6]),
    "53": ("Bacteria", "Pseudomonadota", None, None, None, None, "coli"),
}
"""What every source says of the lineages of these, whatever its own words."""
