"""What every test shares: the data folder beside the project, and hypothesis without a stopwatch."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

REPOSITORY = Path(__file__).parent.parent

# Two busy cores make any deadline a coin toss; a failing example is the same on every machine.
settings.register_profile("thuja", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("thuja")


def shared_path() -> Path:
    return Path(os.environ.get("THUJA_SHARED", REPOSITORY.parent / "shared"))


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("shared") and not shared_path().is_dir():
        pytest.skip(f"needs the data folder {shared_path()}, or THUJA_SHARED naming it")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The data folder, for tests that carry the mark `shared`."""
    return shared_path()
