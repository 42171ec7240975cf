"""The encoder beside the tools a user would pick instead, on the same random weights and the same photos.

    python benchmarks/encode.py PHOTOS [parity embed share memory start answers] [--shape ViT-B-16] [--count 500]

    parity  both towers and preparations against open_clip, in float32
    embed   `thuja embed` against `bioclip embed`, whole processes, with the cosine to exact float32
    share   of the matrix rate of this machine that the image tower reaches
    memory  of 100,000 small images and of 2,000 through the tower, and its growth
    start   until help, and until the first embedding
    answers whether other precisions name what float32 names, by a model trained here (--trained RUN)

PHOTOS is a folder of images. Models are made once, in --work. Labels: benchmarks/label_space.py.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from peers import declare_operators
from random_models import REPOSITORIES, hub_cache, random_model
from thuja.embeddings import Embeddings
from thuja.encode import EncodeOptions, Encoder, Hardware, encode_images, stream_images
from thuja.images import Preparation
from thuja.images.finding import find_images
from thuja.labels import LabelSpace
from thuja.model import Model

THUJA = [sys.executable, "-c", "from thuja.cli.main import main; main()"]
BENCHMARKS = Path(__file__).parent
ENGINES = (("torch", "fp32"), ("torch", "bf16"), ("openvino", "bf16"), ("onnx", "int8"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What is measured on what."""

    photos: Sequence[Path]
    shape: str
    work: Path
    trained: Path | None = None

    @property
    def model(self) -> Path:
        """The folder of the model of random weights."""
        return random_model(self.shape, self.work)


def timed(words: Sequence[object], **environment: str) -> float:
    """Seconds of one whole process; its output is kept from the screen."""
    started = time.perf_counter()
    done = subprocess.run(
        list(map(str, words)), env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{words[:6]} failed:\n{done.stderr[-2000:]}")
    return time.perf_counter() - started


def parity(run: Run) -> None:
    """Largest difference of unit vectors to open_clip's."""
    declare_operators()
    import open_clip

    photos = run.photos[:4]
    texts = [f"a photo of Animalia Chordata Aves Passeriformes Corvidae Corvus {name}." for name in ("corax", "corone")]
    for shape in ("ViT-B-16", "ViT-L-14", "ViT-H-14"):
        folder = random_model(shape, run.work)
        reference, _, _ = open_clip.create_model_and_transforms(f"local-dir:{folder}")
        reference.eval()
        tokens = open_clip.get_tokenizer(f"local-dir:{folder}")(texts)
        expected = {}
        with torch.inference_mode():
            for name, mode in (("squash", "squash"), ("crop", "shortest")):
                prepare = open_clip.image_transform(224, False, resize_mode=mode, interpolation="bicubic")
                images = torch.stack([prepare(_rgb(photo)) for photo in photos])
                expected[name] = reference.encode_image(images, normalize=True).numpy()
            expected["text"] = reference.encode_text(tokens, normalize=True).numpy()
        del reference
        for kind in ("plain", "packed"):
            model = Model.load(folder)
            encoder = Encoder.plain(model) if kind == "plain" else Encoder.prepare(model, Hardware(precision="fp32"))
            found = {}
            for mode in ("squash", "crop"):
                model.preparation = Preparation(mode=mode)
                batches = stream_images(encoder, [(str(photo), photo) for photo in photos])
                found[mode] = np.concatenate([batch.vectors for batch in batches])
            with torch.inference_mode():
                found["text"] = model.encode_text(texts).numpy()
            said = ", ".join(f"{name} {np.abs(found[name] - expected[name]).max():.1e}" for name in expected)
            print(f"parity {shape} {kind}: {said}")


def _rgb(path: Path) -> object:
    from thuja.images import read_image

    return read_image(path)


def embed(run: Run) -> None:
    """Images a second of whole processes, start included, and the centred cosine to float32."""
    count, out = len(run.photos), run.work / "out"
    shutil.rmtree(out, ignore_errors=True)  # the exported towers too: their conversion is timed
    out.mkdir()
    cache = str(out / "cache")
    peer = [sys.executable, BENCHMARKS / "peers.py", "bioclip", "embed", *run.photos]
    peer += ["--model", f"hf-hub:{REPOSITORIES[run.shape][0]}", "--output", out / "peer.json"]
    slow = timed(peer, HF_HOME=str(hub_cache(run.shape, run.work)), HF_HUB_OFFLINE="1")
    print(f"embed {run.shape}, {count} photos, pybioclip: {count / slow:.2f} images/s")
    theirs = json.loads((out / "peer.json").read_text(encoding="utf-8"))["embeddings"]
    exact: npt.NDArray[np.float32] | None = None
    for engine, precision in ENGINES:
        path = out / f"{engine}-{precision}.parquet"
        words: list[object] = [*THUJA, "embed", *run.photos, "--model", run.model, "--out", path, "--force"]
        words += ["--engine", engine, "--precision", precision]
        words += ["--exact"] if precision == "fp32" else []
        if engine != "torch":  # the first run exports the tower into the cache
            short = [word for word in words if word not in run.photos[1:]]
            print(f"  first run of {engine} {precision}, with its conversion: {timed(short, THUJA_CACHE=cache):.1f} s")
        seconds = timed(words, THUJA_CACHE=cache)
        vectors = Embeddings.load(path).vectors
        exact = vectors if exact is None else exact
        mean, least = centred_cosine(vectors, exact)
        print(
            f"embed {run.shape}, {count} photos, thuja {engine} {precision}: {count / seconds:.2f} images/s, "
            f"{slow / seconds:.2f} x pybioclip; centred cosine to float32: mean {mean:.4f}, least {least:.4f}"
        )
    assert exact is not None
    rows = np.array([theirs[str(photo)] for photo in run.photos], dtype=np.float32)
    print(
        f"  pybioclip's vectors to ours in float32 (it resizes otherwise): cosine {centred_cosine(rows, exact)[0]:.4f}"
    )


def centred_cosine(left: npt.NDArray[np.float32], right: npt.NDArray[np.float32]) -> tuple[float, float]:
    """Mean and least cosine of rows of length one, once the mean row is taken away."""
    centred = []
    for vectors in (left, right):
        unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        unit = unit - unit.mean(axis=0)
        centred.append(unit / np.linalg.norm(unit, axis=1, keepdims=True))
    cosines = (centred[0] * centred[1]).sum(axis=1)
    return float(cosines.mean()), float(cosines.min())


def share(run: Run) -> None:
    """The rate of the image tower in bfloat16, in turns with products of its own shapes."""
    for engine in ("torch", "openvino"):
        words = [sys.executable, str(BENCHMARKS / "encode_share.py"), str(run.model), engine]
        environment = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE"}  # as the command line sets it
        done = subprocess.run(words, check=True, capture_output=True, text=True, env=environment)
        print("share", done.stdout.strip())


def memory(run: Run) -> None:
    """Peak memory of two long streams, and what the second half of each adds."""
    for words in (("tiny", 100_000), (str(run.model), 2_000)):
        done = subprocess.run(
            [sys.executable, str(BENCHMARKS / "encode_memory.py"), *map(str, words), str(run.photos[0])],
            check=True,
            capture_output=True,
            text=True,
        )
        print("memory", done.stdout.strip())


def start(run: Run) -> None:
    """Seconds until help and until one image's embedding is written."""
    helps = [timed([*THUJA, "embed", "--help"]) for _ in range(7)]
    print(f"start thuja embed --help: {statistics.median(helps):.2f} s (median of 7)")
    with tempfile.TemporaryDirectory() as folder:
        words = [*THUJA, "embed", run.photos[0], "--model", run.model, "--out", Path(folder) / "one.parquet", "--force"]
        firsts = [timed(words) for _ in range(3)]
    print(f"start first embedding by {run.shape}: {statistics.median(firsts):.2f} s (median of 3)")


def answers(run: Run) -> None:
    """The share of photos on which an engine's nearest label is that of exact float32."""
    if run.trained is None:
        print("answers: left out, --trained names no run")
        return
    folder = run.trained / "model"
    labels = LabelSpace.load(folder / "labels").vectors.astype(np.float32)
    named = [(str(photo), photo) for photo in run.photos]
    exact: npt.NDArray[np.float32] | None = None
    for engine, precision in ENGINES:
        encoder = Encoder.prepare(Model.load(folder), Hardware(device="cpu", engine=engine, precision=precision))
        vectors = encode_images(encoder, named, EncodeOptions(is_exact=precision == "fp32")).embeddings.vectors
        exact = vectors if exact is None else exact
        same = ((vectors @ labels.T).argmax(1) == (exact @ labels.T).argmax(1)).mean()
        cosine, _ = centred_cosine(vectors, exact)
        print(
            f"answers {encoder.model.id} {engine} {precision}: {same:.1%} of {len(named)} photos named as by float32 "
            f"among {len(labels)}; centred cosine {cosine:.4f}"
        )


PARTS: dict[str, Callable[[Run], None]] = {
    "parity": parity,
    "embed": embed,
    "share": share,
    "memory": memory,
    "start": start,
    "answers": answers,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("parts", nargs="*", choices=PARTS, default=[])
    parser.add_argument("--shape", default="ViT-B-16", choices=REPOSITORIES)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "thuja-benchmark")
    parser.add_argument("--trained", type=Path, metavar="RUN")
    chosen = parser.parse_args()
    found = find_images([chosen.photos])
    step = max(1, len(found) // chosen.count)
    run = Run(photos=found[::step][: chosen.count], shape=chosen.shape, work=chosen.work, trained=chosen.trained)
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.2f} before, torch {torch.__version__}")
    for name in chosen.parts or PARTS:
        PARTS[name](run)
    print(f"load {os.getloadavg()[0]:.2f} after")


if __name__ == "__main__":
    main()
