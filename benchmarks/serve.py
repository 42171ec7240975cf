"""`thuja serve` under load on loopback: errors, waiting times, memory, and its throughput against the bare model's.

    python benchmarks/serve.py PHOTOS [--model RUN] [--clients 64] [--seconds 60] [--rows 20000]

PHOTOS is a folder of images. Without a RUN a ViT of the recipe `small`'s shape is made, with random weights and 1,000
labels: as fast as a model gets, so that the server itself is what is measured. The index holds the photos' vectors and
as many drawn around them as --rows says. First the bare model names the photos (`Predictor.predict`, decoding
included), then the server is started as a process of its own, and asked by all clients at once:

    60 % identify one photo, 5 % four, 5 % one with siblings, 20 % search (words, or like an id), 10 % small things
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path

# As the command line does, before torch is loaded: threads that wait by spinning slow down what they wait for.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np

from thuja.embeddings import Embeddings
from thuja.encode import Hardware, build_labels
from thuja.images import Preparation
from thuja.images.finding import find_images
from thuja.model import Model, ModelConfig, TextConfig, Tokenizer, VisionConfig
from thuja.predict import Predictor
from thuja.search.store.build import BuildOptions, build_index
from thuja.taxonomy import Taxon

FORM = {"Content-Type": "multipart/form-data; boundary=b"}
JSON = {"Content-Type": "application/json"}


@dataclass
class Tally:
    """What came of all requests: statuses and seconds by kind; memory (MB) while they ran."""

    statuses: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    retry_after: int = 0
    photos: int = 0
    memory: list[tuple[float, float]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, kind: str, status: str, seconds: float, *, photos: int, has_retry: bool) -> None:
        with self.lock:
            self.statuses[kind][status] += 1
            self.retry_after += has_retry
            if status == "200":
                self.seconds[kind].append(seconds)
                self.photos += photos


def lineage(number: int) -> Taxon:
    """A made-up species: ten a genus, ten genera a family."""
    return Taxon(
        kingdom="Animalia",
        family=f"Family{number // 100}idae",
        genus=f"Genus{number // 10}",
        species=f"species{number}",
    )


def small_run(folder: Path, labels: int) -> Path:
    """A model of the recipe `small`'s shape with random weights, and labels beside it."""
    if not (folder / "labels").is_dir():
        tokenizer = Tokenizer.train([f"a photo of Genus{number} species{number}." for number in range(50)], 600)
        config = ModelConfig(
            embed_dim=128,
            vision=VisionConfig(image_size=64, patch_size=8, width=128, layers=6, head_width=32),
            text=TextConfig(context_length=48, vocab_size=600, width=128, heads=4, layers=4),
        )
        import torch

        made = Model.create(config, tokenizer, Preparation(size=64), generator=torch.Generator().manual_seed(0))
        made.save(folder)
        build_labels(Model.load(folder), [lineage(number) for number in range(labels)]).save(folder / "labels")
    return folder


def built_index(folder: Path, vectors: np.ndarray, *, model: str, rows: int) -> Path:
    """An index of the photos' vectors, and of vectors drawn around them."""
    generator = np.random.default_rng(0)
    drawn = vectors[generator.integers(0, len(vectors), rows)]
    drawn = drawn + 0.3 / np.sqrt(drawn.shape[1]) * generator.normal(size=drawn.shape)
    drawn = (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)
    import pyarrow as pa

    taxa = [lineage(number % 1000) for number in range(rows)]
    columns = pa.table(
        {name: [getattr(taxon, name) for taxon in taxa] for name in ("kingdom", "family", "genus", "species")}
    )
    ids = [f"row-{number}" for number in range(rows)]
    Embeddings(ids=ids, vectors=drawn, model=model, columns=columns).save(folder / "rows.parquet")
    build_index([folder / "rows.parquet"], folder / "index", BuildOptions())
    return folder / "index"


def form(photos: list[bytes], question: dict[str, object]) -> bytes:
    parts = [
        b'--b\r\nContent-Disposition: form-data; name="images"; filename="a.jpg"\r\n\r\n' + one + b"\r\n"
        for one in photos
    ]
    asked = b'--b\r\nContent-Disposition: form-data; name="question"\r\n\r\n' + json.dumps(question).encode()
    return b"".join(parts) + asked + b"\r\n--b--\r\n"


def drawn_request(
    dice: random.Random, photos: list[bytes], rows: int
) -> tuple[str, str, str, bytes, dict[str, str], int]:
    """What a client asks next: kind, method, path, body, headers, photos."""
    roll = dice.random()
    if roll < 0.6:
        return "identify 1", "POST", "/api/identify", form([dice.choice(photos)], {"k": 5}), FORM, 1
    if roll < 0.65:
        return "identify 4", "POST", "/api/identify", form(dice.choices(photos, k=4), {"k": 5}), FORM, 4
    if roll < 0.7:
        body = form([dice.choice(photos)], {"confidence": 0.9, "wants": ["siblings"]})
        return "identify with siblings", "POST", "/api/identify", body, FORM, 1
    if roll < 0.8:
        asked = {"text": f"a photo of Genus{dice.randrange(100)}", "k": 20}
        return "search words", "POST", "/api/search", json.dumps(asked).encode(), JSON, 0
    if roll < 0.9:
        asked = {"id": f"row-{dice.randrange(rows)}", "k": 20, "filter": {"within": [f"Genus{dice.randrange(100)}"]}}
        return "search like, filtered", "POST", "/api/search", json.dumps(asked).encode(), JSON, 0
    path = dice.choice(["/api/about", "/api/taxa?q=Genus1", "/", "/healthz"])
    return "small things", "GET", path, b"", {}, 0


def client(address: tuple[str, int], until: float, tally: Tally, *, photos: list[bytes], seed: int, rows: int) -> None:
    dice = random.Random(seed)
    connection = HTTPConnection(*address, timeout=120)
    while time.monotonic() < until:
        kind, method, path, body, headers, count = drawn_request(dice, photos, rows)
        began = time.monotonic()
        try:
            connection.request(method, path, body or None, headers)
            answer = connection.getresponse()
            answer.read()
            status, has_retry = str(answer.status), answer.getheader("Retry-After") is not None
        except (OSError, HTTPException) as error:
            status, has_retry = type(error).__name__, False
            connection.close()
        tally.add(kind, status, time.monotonic() - began, photos=count, has_retry=has_retry)
        if has_retry:
            time.sleep(0.5)
    connection.close()


def memory_of(process: int) -> float:
    """Resident megabytes."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


def passes_of(address: tuple[str, int]) -> str:
    """What the model's thread did: passes, items and seconds of each work; and the processor's seconds of it all."""
    connection = HTTPConnection(*address)
    connection.request("GET", "/metrics")
    lines = [line.rpartition(" ") for line in connection.getresponse().read().decode().splitlines() if line[:1] != "#"]
    found = {name: float(value) for name, _, value in lines}
    parts = []
    for work in ("look", "judge", "read", "why"):
        tag = f'{{work="{work}"}}'
        if count := found.get(f"thuja_batch_items_count{tag}"):
            items, seconds = found[f"thuja_batch_items_sum{tag}"], found[f"thuja_model_seconds_sum{tag}"]
            parts.append(f"{work}: {count:.0f} passes of {items / count:.1f}, {seconds:.1f} s")
    return f"{'; '.join(parts)}; processor {found['process_cpu_seconds_total']:.0f} s"


def bare(predictor: Predictor, photos: list[bytes]) -> float:
    """Photos a second that the model names by itself, decoding included; the best of three."""
    rates = []
    for _ in range(3):
        began = time.monotonic()
        named = sum(1 for _ in predictor.predict(photos, k=5))
        rates.append(named / (time.monotonic() - began))
    return max(rates)


def told(tally: Tally, seconds: float, rate: float) -> None:
    print(f"\n{'kind':<24}{'answered':>9}{'503':>6}{'errors':>8}{'p50 ms':>9}{'p99 ms':>9}{'max ms':>9}")
    for kind, statuses in sorted(tally.statuses.items()):
        waits = np.array(tally.seconds[kind] or [np.nan]) * 1000
        bad = sum(count for status, count in statuses.items() if status not in ("200", "503"))
        p50, p99 = np.percentile(waits, [50, 99])
        print(f"{kind:<24}{statuses['200']:>9}{statuses['503']:>6}{bad:>8}{p50:>9.0f}{p99:>9.0f}{waits.max():>9.0f}")
    everything = sum(sum(statuses.values()) for statuses in tally.statuses.values())
    refused = sum(statuses["503"] for statuses in tally.statuses.values())
    print(f"{everything / seconds:.1f} requests/s; {refused} times 503, {tally.retry_after} with Retry-After")
    served = tally.photos / seconds
    print(f"{served:.1f} photos/s through the server, {rate:.1f} by the bare model: {served / rate:.0%}")
    print("memory, MB: " + ", ".join(f"{at:.0f} s {megabytes:.0f}" for at, megabytes in tally.memory))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--count", type=int, default=100, help="photos")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "thuja-serve")
    said = parser.parse_args()
    said.work.mkdir(parents=True, exist_ok=True)
    found = find_images([said.photos])
    photos = [path.read_bytes() for path in found[:: max(1, len(found) // said.count)][: said.count]]
    run = said.model or small_run(said.work / "run", 1_000)
    predictor = Predictor(run, hardware=Hardware(precision="fp32"))
    predictor.encoder.model.eval()
    rate = bare(predictor, photos)
    megabytes = sum(map(len, photos)) / len(photos) / 2**20
    print(f"{len(photos)} photos of {megabytes:.2f} MiB each; the bare model names {rate:.1f}/s", flush=True)
    from thuja.encode import encode_images

    vectors = encode_images(
        predictor.encoder, [(str(place), one) for place, one in enumerate(photos)]
    ).embeddings.vectors
    index = built_index(Path(tempfile.mkdtemp(dir=said.work)), vectors, model=predictor.model.id, rows=said.rows)
    del predictor
    command = [sys.executable, "-m", "thuja", "serve", "--model", str(run), "--index", str(index), "--port", "0"]
    with (said.work / "log.jsonl").open("w") as log:
        server = subprocess.Popen([*command, "--precision", "fp32"], stdout=subprocess.PIPE, stderr=log, text=True)
    assert server.stdout is not None
    host, _, port = server.stdout.readline().strip().removeprefix("thuja serves http://").strip("/").partition(":")
    tally, began = Tally(), time.monotonic()
    until = began + said.seconds
    address = (host, int(port))
    threads = [
        threading.Thread(
            target=client, args=(address, until, tally), kwargs={"photos": photos, "seed": seed, "rows": said.rows}
        )
        for seed in range(said.clients)
    ]
    for thread in threads:
        thread.start()
    while time.monotonic() < until:
        tally.memory.append((time.monotonic() - began, memory_of(server.pid)))
        time.sleep(said.seconds / 8)
    for thread in threads:
        thread.join()
    seconds = time.monotonic() - began
    tally.memory.append((seconds, memory_of(server.pid)))
    passes = passes_of(address)
    server.terminate()
    print(f"{said.clients} clients, {seconds:.0f} s; stopped with {server.wait(60)}")
    told(tally, seconds, rate)
    print(passes)


if __name__ == "__main__":
    main()
