"""How fast evaluation is from cached vectors, a part at a time.

    python benchmarks/evaluate.py few-shot [the part's own options]

Each part is a file beside this one, `evaluate_<part>.py`, which says what it measures.
"""

import runpy
import sys
from pathlib import Path

PREFIX = "evaluate_"


def main() -> None:
    here = Path(__file__).parent
    parts = sorted(path.stem.removeprefix(PREFIX).replace("_", "-") for path in here.glob(f"{PREFIX}*.py"))
    part = sys.argv[1] if len(sys.argv) > 1 else ""
    if part not in parts:
        sys.exit(f'unknown part: "{part}"\nhint: one of {", ".join(parts)}')
    path = here / f"{PREFIX}{part.replace('-', '_')}.py"
    sys.argv[:2] = [str(path)]
    runpy.run_path(str(path), run_name="__main__")


if __name__ == "__main__":
    main()
