"""Training on one GPU, on made pictures: BioCLIP 2's step and its batch of 102 thousand, beside open_clip.

    python benchmarks/train_gpu.py [rate ours variants peer large] [--shape ViT-L-14] [--batch 2816] [--replay 320]

    rate      what the GPU multiplies in bfloat16, torch.matmul of 8192 x 8192
    ours      images a second of thuja's loop on the two streams; the share of that rate by the model's operations
              (3 x forward of the tokens run, what is computed again not counted), and with it counted
    variants  the same with texts padded to 77, with repeated texts, with both
    peer      open_clip's model and loss on as many pairs, tensors on the GPU already, blocks computed again
    large     one step of 90,112 + 10,240 pairs by gradient caching: seconds, peak memory

--recompute keeps no activations inside blocks (for 80 GB), --compile compiles them; both hold for both tools.
Pictures are noise that is decoded already: shards and JPEG are measured by benchmarks/train.py.
"""

import argparse
import json
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path
from subprocess import run as start

import numpy as np
import torch

from random_models import random_model
from thuja.model import SHAPES
from thuja.model.config import VisionConfig
from thuja.model.cost import image_flops, text_flops
from thuja.model.machine import find_device
from thuja.phrasing import CAPTIONS
from thuja.record import Record
from thuja.taxonomy import Taxon
from thuja.train import loop, supply
from thuja.train.options import Machine, TrainOptions
from thuja.train.pictures import MARGIN
from thuja.train.recipe import Objective
from thuja.train.sources import NO_DEVIATION, Fetched, Rows
from train_data import Made, draw_texts
from train_ours import Clock, Counted, Repeated, count_tokens

HELD = 256
"""Different pictures of noise."""
LARGE = (90_112, 10_240)


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What is measured, as the command line says it."""

    shape: str
    batch: int
    replay: int
    steps: int
    precision: str
    device: str
    taxa: int
    micro_batch: int | None
    recompute: bool
    compile: bool
    work: Path

    @property
    def image_size(self) -> int:
        """Pixels of a side."""
        return SHAPES[self.shape].vision.image_size


class Generated:
    """A source of noise with captions, as many as are wanted."""

    deviation, taxa = NO_DEVIATION, None

    def __init__(self, texts: Sequence[str], size: int) -> None:
        side = round(size * MARGIN)
        generator = np.random.default_rng(0)
        self._pixels = generator.integers(0, 256, (HELD, side, side, 3), dtype=np.uint8)
        self._records = [Record(uuid=f"{n}", path="", taxon=Taxon(), caption=text) for n, text in enumerate(texts)]
        self.sizes = [len(texts)]
        self.fingerprint = f"noise-{len(texts)}"

    def __len__(self) -> int:
        return len(self._records)

    def fetch(self, rows: Rows) -> Fetched:
        frames = np.full((len(rows), 2), 256, dtype=np.float32)
        return Fetched(records=self.records(rows), pixels=self._pixels[rows % HELD], frames=frames)

    def records(self, rows: Rows) -> list[Record]:
        return [self._records[row] for row in rows]


def settle(device: str) -> None:
    """Wait until the device has done what it was given."""
    if device != "cpu":
        torch.cuda.synchronize()


def peak_gib(device: str) -> float:
    """The most memory held so far."""
    if device == "cpu":
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return torch.cuda.max_memory_allocated() / 2**30


def name_of(device: str) -> str:
    return "a processor" if device == "cpu" else torch.cuda.get_device_name()


def rate(given: Given) -> float:
    """Operations a second of bfloat16 products."""
    side = 1024 if given.device == "cpu" else 8192
    left, right = (torch.randn(side, side, dtype=torch.bfloat16, device=given.device) for _ in range(2))
    seconds = []
    for _ in range(8):
        settle(given.device)
        started = time.perf_counter()
        for _ in range(10):
            left @ right
        settle(given.device)
        seconds.append((time.perf_counter() - started) / 10)
    return 2 * side**3 / statistics.median(seconds[2:])


def ours(given: Given, *, text: str = "tree", repeated: bool = False) -> dict[str, float]:
    """Thuja's own loop on BioCLIP 2's recipe; figures of the steps but the first two."""
    from thuja.recipes import find_recipe

    recipe = find_recipe("bioclip2")
    life, replay = recipe.streams
    pairs = Objective(name="pairs", texts=CAPTIONS)
    life = replace(life, batch_size=given.batch, objectives=(pairs,))
    images = max(given.steps, 4) * given.batch
    recipe = replace(
        recipe,
        start=str(random_model(given.shape, given.work)),
        prepare="",
        streams=(life, replace(replay, batch_size=given.replay)),
        precision=given.precision,
    )
    texts = draw_texts(Made(samples=images, taxa=given.taxa), np.random.default_rng(0))
    alone = [f"a photo number {number} of something that does not live" for number in range(images)]
    sources = {"life": Generated(texts, given.image_size), "replay": Generated(alone, given.image_size)}
    loop.MetricsLog = Clock  # type: ignore[misc]
    supply.TextTable = Repeated if repeated else Counted  # type: ignore[misc]
    tokens = count_tokens(text)
    machine = Machine(
        device=given.device, micro_batch=given.micro_batch, recompute=given.recompute, compile=given.compile
    )
    options = TrainOptions(force=True, steps=given.steps, checkpoint_every=10**9, machine=machine)
    started = time.perf_counter()
    loop.train(recipe, sources, given.work / "run", options=options)
    ends = [started, *(end for end, _ in Clock.ends)]
    seconds = [after - before for before, after in pairwise(ends)]
    return {
        "seconds": statistics.median(seconds[2:] or seconds),
        "tokens": sum(tokens) / given.steps,
        "texts": Counted.texts[0],
        "peak_gib": peak_gib(given.device),
        "loss": Clock.losses[0],
    }


def peer(given: Given) -> dict[str, float]:
    """open_clip's CLIP, ClipLoss and AdamW as open_clip_train calls them, without its data pipeline."""
    from peers import declare_operators

    declare_operators()
    import open_clip
    from open_clip.loss import ClipLoss

    count = given.batch + given.replay
    model = open_clip.create_model(given.shape, device=given.device, output_dict=True)
    if given.recompute:
        model.set_grad_checkpointing()
    texts = draw_texts(Made(samples=count, taxa=given.taxa), np.random.default_rng(0))
    tokens = open_clip.get_tokenizer(given.shape)(texts).to(given.device)
    images = torch.randn(count, 3, given.image_size, given.image_size, device=given.device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5)
    run, loss_of, seconds = torch.compile(model) if given.compile else model, ClipLoss(), []
    is_mixed = given.precision == "amp_bf16"
    for _ in range(given.steps):
        settle(given.device)
        started = time.perf_counter()
        optimizer.zero_grad()
        with torch.autocast(torch.device(given.device).type, dtype=torch.bfloat16, enabled=is_mixed):
            out = run(images, tokens)
            loss = loss_of(out["image_features"], out["text_features"], out["logit_scale"])
        torch.autograd.backward(loss)
        optimizer.step()
        settle(given.device)
        seconds.append(time.perf_counter() - started)
    return {"seconds": statistics.median(seconds[2:]), "peak_gib": peak_gib(given.device)}


def told(name: str, found: dict[str, float], given: Given, best: float) -> None:
    """A line of figures; utilisation where the tokens run are known."""
    count, config = given.batch + given.replay, SHAPES[given.shape]
    assert isinstance(config.vision, VisionConfig)
    line = f"{name:28} {count / found['seconds']:8.1f} images/s, step {found['seconds']:.3f} s, "
    line += f"peak {found['peak_gib']:.1f} GiB"
    if "tokens" in found:
        forward = count * image_flops(config) + found["tokens"] * text_flops(config, 16) / 16
        again = 4 if given.recompute else 3
        shares = [times * forward / found["seconds"] / best for times in (3, again)]
        line += f", {found['texts']:.0f} texts in {found['tokens']:,.0f} tokens; {shares[0]:.1%} of the rate"
        line += f", {shares[1]:.1%} with what is computed again"
    print(line, flush=True)


def apart(given: Given, one: str) -> dict[str, float]:
    """One measurement in a process of its own: nothing of the one before is left on the GPU."""
    words = ["--one", one]
    for name, value in asdict(given).items():
        option = f"--{name.replace('_', '-')}"
        words += [option] if value is True else [] if value in (None, False) else [option, str(value)]
    done = start([sys.executable, __file__, *words], capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"{words[:2]} failed:\n{done.stderr[-2000:]}", file=sys.stderr)
        return {}
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


VARIANTS = {
    "ours": ("thuja", {}),
    "padded": ("texts padded to 77", {"text": "padded"}),
    "repeated": ("repeated texts, at length", {"text": "longest", "repeated": True}),
    "both": ("repeated, padded to 77", {"text": "padded", "repeated": True}),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=["rate", "ours", "variants", "peer", "large", []], default=[])
    parser.add_argument("--shape", default="ViT-L-14")
    parser.add_argument("--batch", type=int, default=2816)
    parser.add_argument("--replay", type=int, default=320)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--precision", default="amp_bf16")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--taxa", type=int, default=200_000)
    parser.add_argument("--micro-batch", type=int, default=None)
    parser.add_argument("--recompute", action="store_true")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "thuja-train-bench")
    parser.add_argument("--one", choices=[*VARIANTS, "peer"], help=argparse.SUPPRESS)
    chosen = vars(parser.parse_args())
    parts, one = chosen.pop("parts") or ["rate", "ours", "variants", "peer", "large"], chosen.pop("one")
    given = Given(**chosen)
    find_device(given.device)
    if one:
        found = peer(given) if one == "peer" else ours(given, **VARIANTS[one][1])  # type: ignore[arg-type]
        print(json.dumps(found))
        return
    best = rate(given)
    print(f"{name_of(given.device)}, torch {torch.__version__}, {best / 1e12:.2f} TFLOP/s in bfloat16", flush=True)
    wanted = [name for name in VARIANTS if ("ours" if name == "ours" else "variants") in parts]
    for name in wanted:
        if found := apart(given, name):
            told(VARIANTS[name][0], found, given, best)
    if "peer" in parts and (found := apart(given, "peer")):
        told("open_clip", found, given, best)
    if "large" in parts:
        large = replace(given, batch=LARGE[0], replay=LARGE[1], steps=1)
        if found := apart(large, "ours"):
            told("one step of 102,400", found, large, best)


if __name__ == "__main__":
    main()
