"""The jobs on docs/train-clusters.md: up to date, well formed, and their command line is one that thuja takes."""

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from thuja.cli.train import train
from thuja.recipes import find_recipe

REPOSITORY = Path(__file__).parent.parent
PAGE = (REPOSITORY / "docs" / "train-clusters.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.DOTALL)
    return found


def kubernetes() -> tuple[dict[str, Any], dict[str, Any], str]:
    """The service, the job and its container's script."""
    service, job = yaml.safe_load_all(block("yaml"))
    (container,) = job["spec"]["template"]["spec"]["containers"]
    (script,) = container["args"]
    return service, job, script


def directives() -> dict[str, str]:
    lines = block("bash").splitlines()
    found = [line for line in lines if line.startswith("#SBATCH ")]
    assert lines[0].startswith("#!")
    assert lines[1 : 1 + len(found)] == found, "sbatch reads no directive below the first command"
    return dict(line.removeprefix("#SBATCH --").split("=", 1) if "=" in line else (line[10:], "") for line in found)


@pytest.mark.slow
def test_the_page_is_what_the_script_writes() -> None:
    script = REPOSITORY / "scripts" / "cluster_examples"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False, timeout=120)
    assert done.stderr == ""


@pytest.mark.parametrize("script", [block("bash"), kubernetes()[2]], ids=["slurm", "kubernetes"])
def test_the_shell_can_read_the_script(script: str) -> None:
    done = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True, check=False, timeout=10)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_processes_of_both_jobs_share_the_recipes_batches_evenly() -> None:
    said = directives()
    assert said["ntasks-per-node"] == said["gpus-per-node"]
    slurm = int(said["nodes"]) * int(said["ntasks-per-node"])
    _, job, script = kubernetes()
    (container,) = job["spec"]["template"]["spec"]["containers"]
    nodes, gpus = re.findall(r"--nnodes (\d+) --nproc-per-node (\d+)", script)[0]
    assert job["spec"]["completions"] == job["spec"]["parallelism"] == int(nodes)
    assert container["resources"]["limits"]["nvidia.com/gpu"] == int(gpus)
    assert slurm == int(nodes) * int(gpus) == 32
    assert [stream.batch_size / slurm for stream in find_recipe("bioclip2").streams] == [2816, 320]


def test_both_jobs_get_the_signal_in_time_and_begin_anew() -> None:
    said = directives()
    assert re.fullmatch(r"TERM@\d+", said["signal"]), "B: would tell the batch shell alone"
    assert {"requeue", "open-mode"} <= said.keys()
    service, job, script = kubernetes()
    spec = job["spec"]["template"]["spec"]
    assert spec["terminationGracePeriodSeconds"] == int(said["signal"].split("@")[1])
    assert spec["restartPolicy"] == "Never", "a podFailurePolicy asks for it"
    assert "exit 75" in script
    assert [rule["action"] for rule in job["spec"]["podFailurePolicy"]["rules"]] == ["Ignore", "Ignore"]
    assert service["spec"]["selector"] == {"job-name": job["metadata"]["name"]}
    assert spec["subdomain"] == service["metadata"]["name"]


def command(script: str) -> list[str]:
    """The words behind `thuja train` in a script."""
    (line,) = re.findall(r"thuja train ([^'&\n]*)", script)
    return shlex.split(line)


@pytest.mark.parametrize("script", [block("bash"), kubernetes()[2]], ids=["slurm", "kubernetes"])
def test_the_command_line_runs_as_a_dry_run_on_a_small_data_set(
    script: str, small_world: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("thuja.train.placing.free_memory", lambda device: 80 * 2**30)
    monkeypatch.setattr("thuja.train.checks._free", lambda path: 10**13)
    places = {
        "/data/treeoflife": str(small_world),
        "replay=/data/laion": f"replay={small_world / 'shards' / 'train-*.tar'}",
        "/runs/bioclip2": str(tmp_path / "run"),
        "cuda": "cpu",
    }
    words = command(script)
    assert places.keys() <= set(words)
    smaller = ["--set", "batch_size=16", "--set", "streams.replay.batch_size=8", "--dry-run"]
    arguments = [*(places.get(word, word) for word in words), *smaller]
    result = CliRunner().invoke(train, arguments, catch_exceptions=False)
    assert "bioclip2, from laion/CLIP-ViT-L-14-laion2B-s32B-b82K: 428,402,945 parameters" in result.stdout
    assert not (tmp_path / "run").exists()
