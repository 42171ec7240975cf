"""Claims about sealed worlds: stated and committed before the world is opened, each once.

A claims file is Markdown; each claim is a section of its own with four lines, in any order:

    ## C1: habitat shows beyond ancestry
    - Claim: ...
    - Measure: ...
    - Decision rule: ...
    - Seeds: 100-109

and, after the run, a fifth that begins with `- Result:`. It is that line which holds that a claim opens its worlds
once: who ran it adds the figures in the commit after the run, and from then on no world is made for it.
"""

import re
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from thuja.biosphere.config import SEALED
from thuja.errors import UsageError

_FIELDS: Final = ("Claim", "Measure", "Decision rule", "Seeds")
_LONGEST: Final = 1000
"""Seeds that one claim may name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One section of a claims file."""

    name: str
    seeds: frozenset[int]
    has_result: bool


def open_seed(seed: int, claim: str) -> str:
    """Say whether a world of that seed may be made for `claim`, written FILE#NAME; returns what to note of it.

    Seeds below 100 are free; a claim that is given for one is stated in its file, no more. Others need a claim that
    names the seed, has no result yet, and stands in a git commit as it stands in the file. Raises UsageError.
    """
    if not claim:
        if seed < SEALED:
            return ""
        raise UsageError(
            f"the world of seed {seed} is sealed: worlds from {SEALED} on are opened once for each claim",
            hint="state the claim in a committed file and give --claim docs/claims.md#NAME; seeds below 100 are free",
        )
    file, _, name = claim.partition("#")
    found = {one.name: one for one in read_claims(Path(file))}
    if name not in found:
        raise UsageError(
            f'{file} states no claim "{name}"', hint=f"it has {', '.join(found) or 'none'}; give FILE#NAME"
        )
    if seed < SEALED:
        return name
    if seed not in found[name].seeds:
        raise UsageError(f"the claim {name} does not name seed {seed}", hint="its line Seeds says which it opens")
    if found[name].has_result:
        raise UsageError(f"the claim {name} has its result: its worlds are opened once", hint="state another claim")
    return f"{name} {_commit(Path(file))}"


def read_claims(path: Path) -> list[Claim]:
    """The claims of a file, each with a name of its own.

    Raises UsageError for a file that is not there, a section that lacks a line or has it twice, and two of one name.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read the claims in {path}: {error}", hint="give --claim FILE#NAME") from error
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    claims = [_claim(section, path) for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]]
    for name, count in Counter(claim.name for claim in claims).items():
        if count > 1:
            raise UsageError(f'{path} states {count} claims of the name "{name}"', hint="give each a name of its own")
    return claims


def _claim(section: str, path: Path) -> Claim:
    name = section.split("\n", 1)[0].partition(":")[0].strip()
    lines = re.findall(r"^- ([A-Z][a-z ]+):[ \t]*(.*)$", section, flags=re.MULTILINE)
    for field in _FIELDS:
        told = [text for found, text in lines if found == field]
        if len(told) != 1 or not told[0].strip():
            wrong = f"{len(told)} lines" if len(told) > 1 else "no text in its line" if told else "no line"
            raise UsageError(
                f"the claim {name} in {path} has {wrong} {field}", hint=f"a claim has {', '.join(_FIELDS)}, once each"
            )
    # Its text may stand on the lines below.
    has_result = re.search(r"^\s*[-*+]\s*Result\s*:", section, flags=re.MULTILINE) is not None
    return Claim(name=name, seeds=_seeds(dict(lines)["Seeds"], name), has_result=has_result)


def _seeds(text: str, name: str) -> frozenset[int]:
    seeds: set[int] = set()
    for part in text.strip().rstrip(".").split(","):
        match = re.fullmatch(r"\s*(\d{1,9})(?:\s*(?:-|–|to)\s*(\d{1,9}))?\s*", part)
        if match is None or int(match[2] or match[1]) - int(match[1]) >= _LONGEST:
            raise UsageError(f'the claim {name} has seeds "{text}"', hint="such as 100-109, or 100, 103")
        seeds.update(range(int(match[1]), int(match[2] or match[1]) + 1))
    return frozenset(seeds)


def _commit(path: Path) -> str:
    """The last commit of a claims file that stands on disk as it was committed."""
    try:
        changed = _git(path, "status", "--porcelain", "--", path.name)
        commit = _git(path, "log", "-1", "--format=%H", "--", path.name)
    except (OSError, subprocess.CalledProcessError) as error:
        raise UsageError(
            f"{path} is in no git repository: nothing shows that the claim came before the run", hint="commit it to one"
        ) from error
    if changed or not commit:
        raise UsageError(f"{path} is not committed as it stands", hint="commit the claim before the run")
    return commit


def _git(path: Path, *words: str) -> str:
    call = ["git", "-C", str(path.resolve().parent), *words]
    return subprocess.run(call, check=True, capture_output=True, text=True).stdout.strip()
