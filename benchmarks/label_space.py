"""A label space of real names in 80 prompts: texts a second, beside open_clip, with the same random weights.

    python benchmarks/label_space.py [--names 500] [--peer-texts 2000] [--precision fp32 bf16] [--shape ViT-B-16]

The names are species of the embedded backbone with their seven ranks: drawn from all of life (which
share little), and neighbours in the tree (as in the whole backbone, or a country's birds). open_clip
pads each text to 77 tokens and has a random part of the same texts; tokenising counts for both.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from peers import declare_operators
from random_models import random_model
from thuja.encode import Encoder, Hardware, available_cpus, encode_texts
from thuja.encode.label_sources import find_labels
from thuja.encode.texts import phrases
from thuja.model import Model
from thuja.model.packed import PackedMatrix, can_pack
from thuja.model.prefixes import TreeSize, pack, sort_rows
from thuja.model.token_rows import prompted_rows
from thuja.phrasing import PROMPTS
from thuja.taxonomy import RANKS

Floats = npt.NDArray[np.float32]


def draw_names(count: int, text_type: str) -> dict[str, list[str]]:
    """Species with all seven ranks: from anywhere, and next to each other."""
    table = find_labels(["backbone"])
    whole = np.flatnonzero((table.table.select(rank.label for rank in RANKS).to_numpy() != "").all(axis=1))
    generator = np.random.default_rng(0)
    start = int(generator.integers(len(whole) - count))
    places = {"random": generator.choice(whole, count, replace=False), "neighbours": whole[start : start + count]}
    return {
        kind: phrases([table.taxa(row, row + 1)[0] for row in map(int, rows)], text_type, is_bare=True)
        for kind, rows in places.items()
    }


def timed(work: Callable[[], Floats]) -> tuple[Floats, float]:
    started = time.perf_counter()
    vectors = work()
    return vectors, time.perf_counter() - started


def peer_encoder(model: Model, device: str, batch: int) -> Callable[[Sequence[str]], Floats]:
    """open_clip's text tower with these weights, as open_clip runs it: every text has 77 tokens."""
    declare_operators()
    import open_clip

    reference = open_clip.CLIP(**model.config.to_open_clip(own_tokenizer=False)).eval()
    reference.load_state_dict(model.state_dict())
    reference.to(device)
    tokenizer = open_clip.SimpleTokenizer()

    def encode(texts: Sequence[str]) -> Floats:
        parts = []
        with torch.inference_mode():
            for start in range(0, len(texts), batch):
                tokens = tokenizer(texts[start : start + batch]).to(device)
                parts.append(reference.encode_text(tokens, normalize=True).cpu().numpy())
        return np.concatenate(parts)

    return encode


class Peer:
    """open_clip over its texts in pieces, between ours: each of ours is held to the faster one around it."""

    def __init__(self, encode: Callable[[Sequence[str]], Floats], texts: Sequence[str]) -> None:
        self.encode, self._texts = encode, texts
        self.parts: list[Floats] = []
        self.speeds: list[float] = []

    def run(self, pieces: int) -> None:
        """The next one of so many pieces."""
        step = -(-len(self._texts) // pieces)
        piece = self._texts[len(self.parts) * step :][:step]
        vectors, seconds = timed(lambda: self.encode(piece))
        self.parts.append(vectors)
        self.speeds.append(len(piece) / seconds)


def matrix_rate(dtype: torch.dtype, device: str) -> float:
    """GFLOP/s of a product of the tower's MLP, the best of twenty, by the faster of torch's two libraries."""
    x, weight, bias = (torch.rand(shape, dtype=dtype, device=device) for shape in ((2048, 512), (2048, 512), (2048,)))
    ways: list[Callable[[], torch.Tensor]] = [lambda: torch.nn.functional.linear(x, weight, bias)]
    if device == "cpu" and can_pack():
        packed = PackedMatrix(weight, bias)
        ways.append(lambda: packed(x))
    seconds = []
    for way in ways * 20:
        started = time.perf_counter()
        way()[0, 0].item()
        seconds.append(time.perf_counter() - started)
    return 2 * 2048 * 512 * 2048 / min(seconds) / 1e9


def centred_cosine(ours: Floats, theirs: Floats) -> float:
    """The mean cosine once the mean vector is taken off: untrained towers put all texts near one point."""
    first, second = ours - ours.mean(axis=0), theirs - theirs.mean(axis=0)
    return float(((first * second).sum(1) / np.linalg.norm(first, axis=1) / np.linalg.norm(second, axis=1)).mean())


def describe(names: Sequence[str], model: Model, device: str) -> float:
    """Print how the texts share their beginnings and how fast trees are made; returns nodes a text."""
    started = time.perf_counter()
    rows = prompted_rows(model.tokenizer, names, PROMPTS, context_length=model.config.text.context_length)
    tokenised = time.perf_counter() - started
    distinct, _ = sort_rows(rows)
    nodes = sum(len(tree.tokens) for _, tree in pack(distinct, TreeSize.on(torch.device(device))))
    seconds = time.perf_counter() - started
    padded = 77 * len(rows)
    print(f"  {len(rows):,} texts of {rows.lengths.mean():.1f} tokens, {nodes / len(rows):.2f} nodes a text:")
    print(f"  1 in {padded / nodes:.1f} of the padded tokens, 1 in {rows.lengths.sum() / nodes:.1f} of the real ones")
    print(f"  trees alone: {len(rows) / seconds:,.0f} texts/s, tokenising {len(rows) / tokenised:,.0f}, one thread")
    return nodes / len(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--names", type=int, default=500)
    parser.add_argument("--peer-texts", type=int, default=2000)
    parser.add_argument("--peer-batch", type=int, default=32)
    parser.add_argument("--text-type", default="taxon")
    parser.add_argument("--precision", nargs="+", default=["fp32", "bf16"])
    parser.add_argument("--shape", default="ViT-B-16")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "thuja-benchmarks")
    options = parser.parse_args()
    torch.set_num_threads(available_cpus())
    folder = random_model(options.shape, options.folder)
    names = draw_names(options.names, options.text_type)
    generator = np.random.default_rng(1)
    print(f"{torch.get_num_threads()} threads, load {os.getloadavg()[0]:.1f}, {options.shape}, {options.device}")

    texts = {kind: [prompt.replace("{}", name) for name in some for prompt in PROMPTS] for kind, some in names.items()}
    chosen = generator.choice(len(texts["random"]), options.peer_texts, replace=False)
    sample = [texts["random"][row] for row in chosen]
    peer = Peer(peer_encoder(Model.load(folder), options.device, options.peer_batch), sample)
    peer.encode(sample[: options.peer_batch])
    peer.run(len(names) * len(options.precision) + 1)
    for precision in options.precision:
        model = Encoder.prepare(Model.load(folder), Hardware(device=options.device, precision=precision)).model
        rate = matrix_rate({"fp32": torch.float32, "bf16": torch.bfloat16}[precision], options.device)
        print(f"thuja {precision}, matrices {rate:,.0f} GFLOP/s")
        for kind, some in names.items():
            print(f" {kind} names")
            nodes = describe(some, model, options.device)
            _, seconds = timed(lambda some=some, model=model: encode_texts(model, some, prompts=PROMPTS))  # type: ignore[misc]
            peer.run(len(names) * len(options.precision) + 1)
            speed, base = len(some) * len(PROMPTS) / seconds, max(peer.speeds[-2:])
            width, layers = model.config.text.width, model.config.text.layers
            share = speed * nodes * 24 * width**2 * layers / 1e9 / rate
            print(f"  {speed:,.1f} texts/s: {speed / base:.1f} x open_clip, {share:.0%} of the matrix rate")
        theirs = np.concatenate(peer.parts)
        ours = encode_texts(model, sample[: len(theirs)])
        gap, cosine = np.abs(ours - theirs).max(), centred_cosine(ours, theirs)
        print(f" max difference to open_clip {gap:.1e}, centred cosine {cosine:.5f}")
    speeds = ", ".join(f"{speed:.1f}" for speed in peer.speeds)
    print(f"open_clip fp32, padded to 77, before and after each: {speeds} texts/s; load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
