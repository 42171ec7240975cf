"""What `import thuja` offers, and that offering it costs nothing."""

import subprocess
import sys

import pytest

import thuja


@pytest.mark.parametrize("name", thuja.__all__)
def test_every_public_name_resolves(name: str) -> None:
    value = getattr(thuja, name)
    assert name == "__version__" or value.__name__ == name


def test_the_public_names_are_what_dir_lists() -> None:
    assert dir(thuja) == sorted(thuja.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'thuja' has no attribute 'Taxonn'"):
        thuja.Taxonn  # noqa: B018


def test_importing_thuja_loads_nothing_heavy() -> None:
    script = "import sys, thuja; print(sorted({'torch', 'numpy', 'pyarrow', 'PIL', 'click'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "[]\n"
