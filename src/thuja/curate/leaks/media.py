"""One id for an image on the web, whatever size, scheme or mirror its address asks for."""

from typing import Final
from urllib.parse import unquote

import polars as pl

_NUMBERED: Final = (
    # iNaturalist: /photos/ID/original.jpg, large, medium, ... on three hosts, and the photo's page
    (
        "inaturalist",
        r"^(?:inaturalist-open-data\.s3[a-z0-9.-]*\.amazonaws\.com|s3[a-z0-9.-]*\.amazonaws\.com/"
        r"(?:inaturalist-open-data|static\.inaturalist\.org)|(?:[a-z0-9-]+\.)?inaturalist\.org)/photos/(\d+)(?:[/?.]|$)",
    ),
    # Flickr: SERVER/ID_SECRET_SIZE.jpg on its many hosts, and the photo's page
    ("flickr", r"^[a-z0-9]+\.static\.?flickr\.com/(?:\d+/){1,2}(\d+)_[0-9a-f]+"),
    ("flickr", r"^(?:[a-z]+\.)?flickr\.com/photos/[^/]+/(\d+)"),
    # EOL: 509.1234.580x360.jpg, and before 2018 1234_580_360.jpg or 1234_orig.jpg
    (
        "eol",
        r"^(?:[a-z0-9.-]+\.)?eol\.org/(?:data/media|content)/([0-9a-f/]+/[^/?]+?)"
        r"(?:_orig|_\d+_\d+|\.\d+x\d+|\.crop)*\.(?:jpe?g|png|gif|webp)(?:\?.*)?$",
    ),
    ("commons", r"^upload\.wikimedia\.org/wikipedia/commons/(?:thumb/)?[0-9a-f]/[0-9a-f]{2}/([^/?]+)"),
    ("commons", r"^(?:commons\.)?(?:m\.)?wikimedia\.org/wiki/(?:Special:(?:FilePath|Redirect/file)/|File:)([^/?]+)"),
    # the Macaulay Library: /api/v1/asset/ID/1200
    (
        "macaulay",
        r"^(?:cdn\.download\.ams\.birds\.cornell\.edu/api/v\d/asset|(?:[a-z0-9-]+\.)?macaulaylibrary\.org/"
        r"(?:asset|photo))/(\d+)",
    ),
    # LILA's camera traps lie in three clouds
    (
        "lila",
        r"^(?:storage\.googleapis\.com/public-datasets-lila|[a-z0-9.-]+\.amazonaws\.com/agentmorris/lila-wildlife|"
        r"data\.source\.coop/agentmorris/lila-wildlife|lilawildlife\.blob\.core\.windows\.net/lila-wildlife)/([^?]+)",
    ),
    ("plantnet", r"^bs\.plantnet\.org/(?:v\d/)?image/[a-z]+/([0-9a-f]+)"),
    (
        "observation",
        r"^(?:[a-z0-9.-]+\.)?(?:observation\.org|waarneming\.nl|waarnemingen\.be)/(?:media/)?photos?/(\d+)",
    ),
    # plantid.net: PhotoPath/Thumb192/...
    ("plantid", r"^plantid\.net/PhotoPath/(?:Thumb\d+/)?([^?]+)"),
)
"""Name of the collection, and the pattern of an address whose group is the image's id in it."""

_SIZES: Final = r"[?&](?:w|h|width|height|maxwidth|maxheight|quality|dpr|utm_[a-z]+)=[^&]*"


def media_ids(urls: pl.Series) -> pl.Series:
    """The id of the image at each address; null for what is no web address.

    Where the collection is known, its own id of the image; else the address without scheme, `www.`, fragment, default
    port and parameters that ask for a size, its host in lower case and its `%20` decoded.

    >>> large = "http://inaturalist-open-data.s3.amazonaws.com/photos/12/large.jpg"
    >>> media_ids(pl.Series([large, "https://WWW.Example.org:443/a%20b.jpg?width=80#top"])).to_list()
    ['inaturalist:12', 'url:example.org/a b.jpg']
    """
    bare = urls.str.strip_chars().str.replace(r"#.*$", "")
    is_web = bare.str.contains(r"(?i)^https?://[^/?]")
    bare = bare.str.replace(r"(?i)^https?://", "")
    frame = _decoded(bare).alias("bare").to_frame().with_columns(is_web.alias("is_web"))
    host = pl.col("bare").str.extract(r"^([^/?]*)").str.to_lowercase().str.replace(r":(?:80|443)$", "")
    host = host.str.replace(r"^www\.", "")
    frame = frame.with_columns((host + pl.col("bare").str.replace(r"^[^/?]*", "")).alias("bare"))
    known = [
        pl.lit(f"{name}:") + pl.col("bare").str.extract(pattern).str.replace_all(" ", "_", literal=True)
        for name, pattern in _NUMBERED
    ]
    plain = pl.col("bare").str.replace_all(_SIZES, "").str.replace(r"/$", "")
    plain = pl.when(plain.str.contains("?", literal=True)).then(plain).otherwise(plain.str.replace("&", "?"))
    return frame.select(pl.when("is_web").then(pl.coalesce(*known, pl.lit("url:") + plain))).to_series().alias("media")


def _decoded(urls: pl.Series) -> pl.Series:
    """With the `%` escapes decoded; most addresses have none, and are not looked at one by one."""
    is_escaped = urls.str.contains("%", literal=True).fill_null(value=False)
    if not is_escaped.any():
        return urls
    plain = pl.Series([unquote(url) for url in urls.filter(is_escaped).to_list()], dtype=pl.String)
    return urls.scatter(is_escaped.arg_true(), plain)
