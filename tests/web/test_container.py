"""What builds and starts a container, as far as it can be read without one."""

import shlex
from pathlib import Path

import pytest

yaml = pytest.importorskip("yaml")
ROOT = Path(__file__).parents[2]


def test_all_that_the_dockerfile_copies_is_there_and_not_ignored() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    copied = [
        name for line in lines if line.startswith("COPY ") and "--from" not in line for name in line.split()[1:-1]
    ]
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert copied == ["constraints.txt", "pyproject.toml", "README.md", "LICENSE", "src"]
    assert ignored[0] == "*"
    for name in copied:
        assert (ROOT / name).exists(), name
        assert f"!{name}" in ignored, name


def test_the_container_runs_as_nobody_else_and_asks_itself_for_its_health() -> None:
    text = (ROOT / "Dockerfile").read_text()
    stage = text.rpartition("\nFROM ")[2]
    assert stage.index("useradd --uid 10001") < stage.index("USER thuja") < stage.index("ENTRYPOINT")
    assert "http://127.0.0.1:8080/healthz" in stage
    assert "EXPOSE 8080" in stage


def test_compose_mounts_what_it_serves_read_only_and_makes_nothing_in_its_place() -> None:
    told = yaml.safe_load((ROOT / "compose.yaml").read_text())
    (service,) = told["services"].values()
    binds = {one["target"]: one for one in service["volumes"] if one["type"] == "bind"}
    command = service["command"]
    for option, target in (("--index", "/index"), ("--model", "/model"), ("--key-file", "/keys.txt")):
        assert command[command.index(option) + 1] == target, shlex.join(command)
        assert binds[target]["read_only"] is True
        assert binds[target]["bind"] == {"create_host_path": False}
    assert service["ports"] == ["127.0.0.1:8080:8080"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert set(told["volumes"]) == {one["source"] for one in service["volumes"] if one["type"] == "volume"}
