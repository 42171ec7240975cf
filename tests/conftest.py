"""What every test may ask for."""

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The data folder beside the project: THUJA_SHARED, or ../shared; skips the test where there is none."""
    folder = Path(os.environ.get("THUJA_SHARED") or REPOSITORY.parent / "shared")
    if not (folder / "photos" / "manifest.csv").is_file():
        pytest.skip(f"no data folder at {folder}: set THUJA_SHARED")
    return folder
