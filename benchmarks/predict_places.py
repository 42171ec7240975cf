"""What place and date add to an answer: accuracy, likelihood, calibration, and what becomes of a vagrant.

    thuja biosphere make world --species 200 --images 80 --seed 8 --clean --overlap 0 --knob cameras=phone,museum
    thuja curate world --out data --unseen-species 20 --test 0.6
    thuja train small data --out run
    thuja embed data/catalog.parquet --model run --out embeddings.parquet   (or of the splits test and unseen alone)
    python benchmarks/predict_places.py pairs
    python benchmarks/predict_places.py biosphere --world world --data data --run run --embeddings embeddings.parquet
    python benchmarks/predict_places.py stream [--rows 10000000] [--parquet]
    python benchmarks/predict_places.py speed [--rows 867455]

`pairs` is a made world of pairs of species that look alike, one of each pair in the west or in summer, and 3 % of
organisms where their species is not recorded. `biosphere` asks a model that was trained on a simulated world; the
occurrence table is drawn from that world's ranges, with places that are visited up to a hundred times as often as
others, and half of the observations fit the temperature and the prior's weight, the other half are measured. `stream`
is the time and the memory of reading a made table in GBIF's columns. `speed` is what answers with and without the prior
cost beside those without alone.
"""

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from thuja.biosphere import World, WorldConfig
from thuja.classify import Tree, marginals
from thuja.classify.priors.placed import placed_marginals
from thuja.classify.priors.ranges import Occasion, PriorSettings, RangePrior
from thuja.classify.priors.records import Records, cell_of
from thuja.classify.priors.weight import fit_prior_weight, least
from thuja.embeddings import Embeddings
from thuja.labels import LabelSpace
from thuja.metrics.calibration import Binning, ece
from thuja.predict.places.occasions import occasion_of
from thuja.predict.places.occurrences import Area, read_occurrences
from thuja.regions import Region
from thuja.taxonomy import Taxon

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]
HEADING = (
    "| images | n | top-1 | with the prior | NLL | with | ECE | with | in the best 5 | with | right before, wrong with "
    "| wrong before, right with |"
)


@dataclass(frozen=True)
class Case:
    """Images with the row of their true label and their occasions."""

    vectors: Floats
    truth: Indices
    occasions: Sequence[Occasion]

    def part(self, which: npt.ArrayLike) -> "Case":
        rows = np.arange(len(self.truth))[np.asarray(which)]
        return Case(self.vectors[rows], self.truth[rows], [self.occasions[row] for row in rows.tolist()])


def line(name: str, case: Case, labels: LabelSpace, prior: RangePrior, *, scale: float) -> str:
    """A row of the table, without the prior and with it: here the labels are few, and whole posteriors fit."""
    logits = scale * case.vectors @ labels.vectors.astype(np.float32).T  # (N, L)
    weighed = logits + prior.bias(case.occasions)(slice(0, len(labels)), slice(0, len(logits))).T
    both = [_Outcome.of(scores, case.truth) for scores in (logits, weighed)]
    cells = [name, f"{len(case.truth):,}"]
    cells += [f"{100 * one.is_right.mean():.1f} %" for one in both]
    cells += [f"{-one.log_truth.mean():.3f}" for one in both]
    cells += [f"{ece(one.best, one.is_right, binning=Binning.MASS):.3f}" for one in both]
    cells += [f"{100 * one.is_in_five.mean():.1f} %" for one in both]
    before, after = (one.is_right for one in both)
    cells += [f"{100 * (before & ~after).mean():.1f} %", f"{100 * (~before & after).mean():.1f} %"]
    return "| " + " | ".join(cells) + " |"


@dataclass(frozen=True)
class _Outcome:
    """Of N images: the log probability of the truth, the best answer's probability, and whether it is right."""

    log_truth: Floats
    best: Floats
    is_right: npt.NDArray[np.bool_]
    is_in_five: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, logits: Floats, truth: Indices) -> "_Outcome":
        peak = logits.max(axis=1)
        energy = np.log(np.exp(logits - peak[:, None]).sum(axis=1)) + peak
        own = logits[np.arange(len(truth)), truth]
        better = (logits > own[:, None]).sum(axis=1)
        return cls(log_truth=own - energy, best=np.exp(peak - energy), is_right=better == 0, is_in_five=better < 5)


def temperature(case: Case, labels: LabelSpace, scale: float) -> float:
    """The scale under which the true labels are likeliest, without a prior."""
    logits = case.vectors @ labels.vectors.astype(np.float32).T

    def nll(times: float) -> float:
        scaled = logits * (scale * times)
        top = scaled.max(axis=1)
        total = np.log(np.exp(scaled - top[:, None]).sum(axis=1)) + top
        return float((total - scaled[np.arange(len(scaled)), case.truth]).mean())

    return scale * least(nll, 3.0)


def report(
    groups: Sequence[tuple[str, Case]], labels: LabelSpace, prior: RangePrior, *, fit_on: Case, scale: float
) -> None:
    calibrated = temperature(fit_on, labels, scale)
    fit = fit_prior_weight(
        fit_on.vectors, labels, prior, truth=fit_on.truth, occasions=fit_on.occasions, scale=calibrated
    )
    print(
        f"scale {scale:.1f}, calibrated {calibrated:.1f}; "
        f"weight {fit.settings.weight}, doubt {fit.settings.doubt}, fitted on {fit.images:,} images\n"
    )
    print(HEADING + "\n" + "|---" * (HEADING.count("|") - 1) + "|")
    for name, case in groups:
        if len(case.truth):
            print(line(name, case, labels, prior.under(fit.settings), scale=calibrated))
    print()


def elsewhere(case: Case, generator: np.random.Generator) -> Case:
    """The same images, each at the place of another."""
    order = generator.permutation(len(case.occasions))
    return Case(case.vectors, case.truth, [case.occasions[row] for row in order.tolist()])


def is_recorded(case: Case, prior: RangePrior) -> npt.NDArray[np.bool_]:
    """Whether an image's true label has a record near its place."""
    near = []
    for label, occasion in zip(case.truth.tolist(), case.occasions, strict=True):
        weights = prior.weights(occasion)
        near.append(label in weights.labels)
    return np.array(near, dtype=np.bool_)


def pairs(species: int = 400, images: int = 12_000, vagrants: float = 0.03) -> None:
    """Pairs of look-alikes: in 100 pairs one lives west and one east, in the other 100 one flies in summer."""
    generator = np.random.default_rng(0)
    centres = np.repeat(generator.normal(size=(species // 2, 64)), 2, axis=0)
    vectors = centres + 0.25 * generator.normal(size=centres.shape)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    taxa = [Taxon(genus=f"G{number // 2:03}", species="ab"[number % 2]) for number in range(species)]
    labels = LabelSpace(texts=[t.binomial for t in taxa], vectors=vectors.astype(np.float16), model="m", taxa=taxa)
    is_spatial = np.arange(species) < species // 2
    latitude = np.repeat(generator.uniform(-50, 60, species // 2), 2)
    longitude = np.repeat(generator.uniform(-120, 120, species // 2), 2) + np.where(
        is_spatial, np.where(np.arange(species) % 2, 8, -8), 0
    )
    peak = np.where(is_spatial, -1, np.where(np.arange(species) % 2, 1, 7))  # month, -1 for all the year

    def drawn(count: int, astray: float) -> tuple[Indices, Floats, Floats, Indices, npt.NDArray[np.bool_]]:
        which = generator.choice(species, count, p=abundance)
        of = np.where(generator.random(count) < astray, generator.integers(0, species, count), which)
        north = np.clip(latitude[of] + generator.normal(0, 2, count), -89, 89)
        east = (longitude[of] + generator.normal(0, 3, count) + 180) % 360 - 180
        near = (peak[of] - 1 + np.rint(generator.normal(0, 1.2, count)).astype(np.int64)) % 12 + 1
        month = np.where(peak[of] < 0, generator.integers(1, 13, count), near)
        return which, north, east, month, of != which

    abundance = generator.permutation(1 / (np.arange(species) + 20.0))
    abundance /= abundance.sum()
    which, north, east, month, _ = drawn(200_000, 0)
    records = Records.of(which, cell_of(north, east), labels=species, month=month)
    truth, north, east, month, is_astray = drawn(images, vagrants)
    seen = vectors[truth] + 0.16 * generator.normal(size=(images, 64))
    seen /= np.linalg.norm(seen, axis=1, keepdims=True)
    occasions = [
        Occasion(latitude=float(y), longitude=float(x), day=int((m - 0.5) * 30.4) + 1)
        for y, x, m in zip(north, east, month, strict=True)
    ]
    case, half = Case(seen.astype(np.float32), truth, occasions), np.arange(images) < images // 2
    test, astray = case.part(~half), is_astray[~half]
    print("### Pairs that look alike\n")
    report(
        [
            ("all", test),
            ("where they are recorded", test.part(~astray)),
            ("vagrants", test.part(astray)),
            ("parted by place", test.part(is_spatial[test.truth] & ~astray)),
            ("parted by season", test.part(~is_spatial[test.truth] & ~astray)),
            ("all, each at another's place and date", elsewhere(test, generator)),
        ],
        labels, RangePrior(records), fit_on=case.part(half), scale=30.0,
    )  # fmt: skip


def biosphere(world: Path, data: Path, run: Path, embeddings: Path, *, reach_km: float, rows: int) -> None:
    """A model of a simulated world, its own ranges, observers who go to some places far more often."""
    from thuja.model import Model

    made = World.make(WorldConfig(**json.loads((world / "world.json").read_text())["world"]))
    labels, scale = LabelSpace.load(run / "model" / "labels"), float(Model.load(run / "model").scale().detach())
    place = {taxon: row for row, taxon in enumerate(labels.taxa)}
    found = Embeddings.load(embeddings)
    catalog = pl.read_parquet(data / "catalog.parquet").filter(pl.col("drop_reason").is_null())
    joined = pl.DataFrame({"uuid": found.ids}).with_row_index("row").join(catalog, on="uuid", how="inner")
    joined = joined.filter(pl.col("split").is_in(["test", "unseen"]))
    cells = joined.select("latitude", "longitude", "event_date").to_dicts()
    truth = np.array([place[Taxon.from_columns(row)] for row in joined.to_dicts()])
    case = Case(
        np.asarray(found.vectors, np.float32)[joined["row"].to_numpy()],
        truth,
        [occasion_of(None, row) for row in cells],
    )
    generator = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "occurrences.parquet"
        _sightings(made, rows, generator).write_parquet(table)
        occurrences = read_occurrences(table, labels, backbones=[])
    print(f"### Biosphere\n\n{occurrences.account}\n")
    prior = RangePrior(occurrences.records, PriorSettings(reach_km=reach_km))
    observations = joined["observation_id"].fill_null(joined["uuid"])
    half = (observations.hash(seed=0) % 2 == 0).to_numpy()
    is_known, near = (joined["split"] == "test").to_numpy(), is_recorded(case, prior)
    report(
        [
            ("known species", case.part(~half & is_known)),
            ("known species, recorded nearby", case.part(~half & is_known & near)),
            ("known species, not recorded nearby", case.part(~half & is_known & ~near)),
            ("species held out of training", case.part(~half & ~is_known)),
            ("known species, each at another's place", elsewhere(case.part(~half & is_known), generator)),
        ],
        labels, prior, fit_on=case.part(half & is_known), scale=scale,
    )  # fmt: skip


def _sightings(world: World, rows: int, generator: np.random.Generator) -> pl.DataFrame:
    """Records in GBIF's columns: each individual lives at home or in a habitat at random, as the world has it."""
    habitats = np.array([site.habitat for site in world.sites])
    shares = np.stack([habitats == name for name in np.unique(habitats)])  # (H, sites)
    effort = np.exp(generator.uniform(0, np.log(100), len(world.sites)))
    parts = []
    for species in world.species:
        ranges = world.ranges[species.number]
        within = np.array([ranges * kept / (ranges * kept).sum() for kept in shares])
        own = within[np.unique(habitats).tolist().index(species.habitat)]
        where = (world.config.home * own + (1 - world.config.home) * within.mean(axis=0)) * effort
        count = generator.poisson(rows / len(world.species) * where.sum() / effort.mean())
        site = generator.choice(len(world.sites), count, p=where / where.sum())
        parts.append(
            pl.DataFrame(
                {
                    "species": [species.taxon.binomial] * count,
                    "decimalLatitude": [world.sites[number].latitude for number in site],
                    "decimalLongitude": [world.sites[number].longitude for number in site],
                    "month": generator.integers(1, 13, count),
                }
            )
        )
    return pl.concat(parts)


def stream(rows: int, species: int, *, is_parquet: bool) -> None:
    """Read a made table in GBIF's columns, with and without a polygon; peak memory is that of the whole process."""
    generator = np.random.default_rng(0)
    taxa = [
        Taxon(kingdom="Animalia", family=f"Familia{n // 200}", genus=f"Genus{n // 20}", species=f"species{n % 20}")
        for n in range(species)
    ]
    labels = LabelSpace(
        texts=[taxon.binomial for taxon in taxa], vectors=np.zeros((species, 1), np.float16), model="m", taxa=taxa
    )
    corners = [
        [8 + 3 * np.cos(a) * (1 + 0.1 * np.sin(40 * a)), 46 + 2 * np.sin(a)] for a in np.linspace(0, 6.28, 10_000)
    ]
    region = Region.of({"type": "Polygon", "coordinates": [corners]})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / ("occurrences.parquet" if is_parquet else "occurrences.csv")
        _write_occurrences(path, rows, taxa, generator)
        print(f"{rows:,} rows, {path.stat().st_size / 2**20:,.0f} MB; before: {_peak():,} MB")
        for name, area in (("all", Area()), ("country", Area(countries=("CH",))), ("polygon", Area(region=region))):
            began = time.perf_counter()
            found = read_occurrences(path, labels, area=area, backbones=[])
            took = time.perf_counter() - began
            print(
                f"{name}: {took:.1f} s, {rows / took:,.0f} rows/s, {len(found.records.label):,} kept, "
                f"peak {_peak():,} MB"
            )
            print(f"  {str(found.account).splitlines()[0]}")


def _write_occurrences(path: Path, rows: int, taxa: Sequence[Taxon], generator: np.random.Generator) -> None:
    import pyarrow.csv
    import pyarrow.parquet

    names = np.array([taxon.binomial for taxon in taxa])
    home = np.stack([generator.uniform(-60, 70, len(taxa)), generator.uniform(-180, 180, len(taxa))], axis=1)
    writer = None
    for start in range(0, rows, 200_000):
        count = min(200_000, rows - start)
        # A tenth of the names is none of the labels'; what is recorded follows Zipf's law.
        which = np.minimum(generator.zipf(1.3, count) * 37 % (len(taxa) + len(taxa) // 9), 10**9)
        own = np.minimum(which, len(taxa) - 1)
        is_ours = which < len(taxa)
        name = np.where(is_ours, names[own], np.char.add("Alius alienus", which.astype(str)))
        frame = pl.DataFrame(
            {
                "gbifID": np.arange(start, start + count),
                "kingdom": ["Animalia"] * count,
                "family": [f"Familia{n // 200}" for n in own.tolist()],
                "species": name,
                "scientificName": np.char.add(name, " Linnaeus, 1758"),
                "countryCode": generator.choice(["CH", "FR", "DE", "US", "BR"], count),
                "decimalLatitude": np.round(np.clip(home[own, 0] + generator.normal(0, 4, count), -90, 90), 5),
                "decimalLongitude": np.round((home[own, 1] + generator.normal(0, 4, count) + 180) % 360 - 180, 5),
                "eventDate": np.char.add("2020-", np.char.zfill(generator.integers(1, 13, count).astype(str), 2)),
                "occurrenceStatus": ["PRESENT"] * count,
            }
        ).to_arrow()
        if writer is None:
            kind = pyarrow.parquet.ParquetWriter if path.suffix == ".parquet" else pyarrow.csv.CSVWriter
            writer = kind(path, frame.schema)
        writer.write_table(frame)
    if writer is not None:
        writer.close()


def speed(count: int, images: int, places: int, near: int, dim: int = 512) -> None:
    """One pass for both answers beside a plain pass, and beside a plain pass and one with a dense bias."""
    generator = np.random.default_rng(0)
    taxa = [
        Taxon(order=f"{n // 3200:05}", family=f"{n // 160:05}", genus=f"{n // 8:06}", species=f"{n % 8}")
        for n in range(count)
    ]
    vectors = generator.standard_normal((count + images, dim), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    labels = LabelSpace(
        texts=[taxon.binomial for taxon in taxa], vectors=vectors[:count].astype(np.float16), model="m", taxa=taxa
    )
    cells = cell_of(np.arange(places) % 90, 4.0 * (np.arange(places) // 2))
    prior = RangePrior(Records.of(generator.integers(0, count, places * near), np.repeat(cells, near), labels=count))
    occasions = [
        Occasion(latitude=float(n % places % 90) + 0.4, longitude=4.0 * (n % places // 2) + 0.4, day=n % 365 + 1)
        for n in range(images)
    ]
    tree, asked = Tree.of(labels), {"scale": 50.0, "k": 5}
    for number in range(2):
        took = []
        for run in (
            lambda: marginals(vectors[count:], labels, tree=tree, **asked),
            lambda: placed_marginals(vectors[count:], labels, prior, occasions=occasions, tree=tree, **asked),
            lambda: marginals(vectors[count:], labels, tree=tree, bias=prior.bias(occasions), **asked),
        ):
            began = time.process_time()
            for _ in run():
                pass
            took.append(time.process_time() - began)
        plain, both, dense = took
        print(
            f"round {number + 1}: {count:,} labels, {images:,} images at {places} places of some {near:,} labels: "
            f"plain {plain:.1f} s, both in one pass {both:.1f} s ({both / plain:.2f} x), "
            f"plain and with a dense bias {plain + dense:.1f} s ({(plain + dense) / plain:.2f} x), of processor time"
        )


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["pairs", "biosphere", "stream", "speed"])
    for name in ("world", "data", "run", "embeddings"):
        parser.add_argument(f"--{name}", type=Path)
    parser.add_argument("--reach-km", type=float, default=100.0)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--species", type=int, default=50_000)
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--places", type=int, default=50)
    parser.add_argument("--parquet", action="store_true")
    asked = parser.parse_args()
    if asked.what == "pairs":
        pairs()
    elif asked.what == "biosphere":
        biosphere(asked.world, asked.data, asked.run, asked.embeddings, reach_km=asked.reach_km, rows=asked.rows)
    elif asked.what == "speed":
        speed(asked.rows, asked.images, asked.places, 2000)
    else:
        stream(asked.rows, asked.species, is_parquet=asked.parquet)


if __name__ == "__main__":
    main()
