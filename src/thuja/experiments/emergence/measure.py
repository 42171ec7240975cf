"""What a cell's vectors say of the tree, of ecology and of variation within species: numbers by name.

Everything is asked of one fixed set of pictures, of fresh individuals: S species with P pictures each, on their own
ground, on another's and on none. Species are told by number; what is true of them comes from the world's knobs.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp, softmax
from scipy.stats import kendalltau, spearmanr

from thuja.analyze.ancestry import slopes
from thuja.biosphere.evolution import columns_of, markov, names_of
from thuja.biosphere.roles import Role
from thuja.biosphere.signal import Ancestry
from thuja.biosphere.traits import HABITATS
from thuja.biosphere.world import World
from thuja.embeddings import normalized
from thuja.experiments.emergence.across import balanced, explained, folds_of, read_across
from thuja.experiments.emergence.seen import Seen
from thuja.experiments.emergence.views import conditions
from thuja.structure import Specimens, StructureSettings, measure_structure
from thuja.structure.contrast import BETWEEN, FISHER, WITHIN
from thuja.structure.decoding import MEASURE, OUTSIDE, WHOLE, DecodingSettings
from thuja.structure.span import Spectrum, held_by
from thuja.structure.variation import DEBIASED, PART, Draws
from thuja.taxonomy import Rank

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.int64]
Scores = dict[str, float]

SEED: Final = 0
FOLDS: Final = 6
HALVES: Final = 4
DIRECTIONS: Final = 10
"""Along which species differ most: as many in every space, so that spaces can be compared."""
NULLS: Final = 100
"""Habitats that are simulated on the tree, each a null of the one that is real."""
_LEAST: Final = 1e-3
"""A share of variation below which its logarithm is not taken."""
_CONTRASTS: Final = ("life_stage", "sex")


def measure(seen: Seen, world: World, is_held: Flags) -> Scores:
    """Every number of a cell: those of a ground end with its name, those within species are on no ground.

    `is_held` (S,) says which species no arm was taught; those within are of all others, and with the ending `_unseen`
    of these. Draws are the same for every cell.
    """
    found: Scores = {}
    for ground, vectors in seen.on.items():
        own = tree_scores(vectors, world, is_held) | ecology_scores(vectors, world, np.random.default_rng(SEED))
        found |= {f"{name}_{ground}": value for name, value in own.items()}
    bare = seen.on["neutral"]
    for ending, chosen in (("", ~is_held), ("_unseen", is_held)):
        own = within_scores(bare[chosen]) | split_scores(bare[chosen], np.random.default_rng(SEED))
        found |= {f"{name}{ending}": value for name, value in own.items()}
    if "text" in seen.texts:
        found |= theorem_scores(bare[~is_held], seen.texts["text"][~is_held], seen.scale)
        every = np.arange(len(is_held))
        found |= {f"tau_{name}": tau_of(rows, every, world) for name, rows in seen.texts.items()}
    return found


def tree_scores(vectors: Floats, world: World, is_held: Flags) -> Scores:
    """How far pictures (S, P, D) of species never trained lie by the tree.

    `family`, `order`: the share of their pictures whose nearest picture of a trained species is of the same clade,
    mean over species whose clade has a trained one. `tau`: Kendall's tau-b between the cosine distances of their
    species' means and the ages at which they parted, over all pairs.
    """
    held, taught = np.flatnonzero(is_held), np.flatnonzero(~is_held)
    near = vectors[held].reshape(-1, vectors.shape[2]) @ vectors[taught].reshape(-1, vectors.shape[2]).T
    nearest = taught[near.argmax(axis=1) // vectors.shape[1]].reshape(len(held), -1)  # (H, P)
    found: Scores = {}
    for rank in (Rank.ORDER, Rank.FAMILY):
        clade = world.clades[rank]
        asked = np.isin(clade[held], clade[taught])
        right = (clade[nearest] == clade[held][:, None]).mean(axis=1)
        found[rank.label] = float(right[asked].mean())
    found["tau"] = tau_of(normalized(vectors[held].mean(axis=1)), held, world)
    return found


def tau_of(rows: Floats, species: Indices, world: World) -> float:
    """Kendall's tau-b between cosine distances of rows (K, D), one a species, and the ages at which these parted."""
    apart = 1 - Ancestry.of(world.tree, species).covariance
    upper = np.triu_indices(len(species), 1)
    return float(kendalltau((1 - rows @ rows.T)[upper], apart[upper]).statistic)


def ecology_scores(vectors: Floats, world: World, generator: np.random.Generator) -> Scores:
    """What a linear model reads off species' mean vectors, of families that it was not fitted on (pictures (S, P, D)).

    `habitat`: the mean over habitats of species rightly told; `shadow` the same of the habitat that only decoys answer
    to, `habitat_null` the mean of as many simulated on the tree as NULLS, and `habitat_p` the share of these that are
    told as well. `convergent`, `decoy`, `diagnostic`: the mean R2 over the liabilities of that role; `hidden_1` and
    `hidden_2` that of the variables which no picture shows. `t_habitat` and so on: the mean t of the slopes of the
    truth on what was said of it, by phylogenetic regression on the true tree: of memberships, or of liabilities.
    """
    means = normalized(vectors.mean(axis=1))
    folds = folds_of(world.clades[Rank.FAMILY], FOLDS, generator)
    config = world.config
    habitats = [
        np.array([HABITATS.index(species.habitat) for species in world.species]),
        np.array([HABITATS.index(species.shadow_habitat) for species in world.species]),
        *(markov(world.tree, len(HABITATS), config.habitat_rate, generator=generator) for _ in range(NULLS)),
    ]
    roles = {role: columns_of(names_of(world.roles, role)) for role in (Role.CONVERGENT, Role.DECOY, Role.DIAGNOSTIC)}
    hidden = np.array([species.hidden for species in world.species])
    flags = [(states[:, None] == np.arange(len(HABITATS))).astype(float) for states in habitats]
    targets = np.concatenate([*flags, *(world.liabilities[:, columns] for columns in roles.values()), hidden], axis=1)
    said = read_across(means, targets, folds)
    width = len(HABITATS)
    shares = [
        balanced(said[:, width * place : width * (place + 1)].argmax(axis=1), states)
        for place, states in enumerate(habitats)
    ]
    found = {
        "habitat": shares[0],
        "shadow": shares[1],
        "habitat_null": float(np.mean(shares[2:])),
        "habitat_p": float((1 + np.sum(np.array(shares[2:]) >= shares[0])) / (1 + NULLS)),
    }
    parts = {"habitat": slice(0, width), "shadow": slice(width, 2 * width)}
    first = width * len(habitats)
    for role, columns in roles.items():
        parts[role.value] = part = slice(first, first + len(columns))
        found[role.value] = float(explained(said[:, part], targets[:, part], folds).mean())
        first += len(columns)
    ancestry = Ancestry.of(world.tree)
    for name, part in parts.items():
        found[f"t_{name}"] = float(slopes(targets[:, part], said[:, part], ancestry).t.mean())
    for place, value in enumerate(explained(said[:, first:], targets[:, first:], folds).tolist(), start=1):
        found[f"hidden_{place}"] = value
    return found


def within_scores(vectors: Floats, *, seed: int = 0) -> Scores:
    """Variation within species, of pictures (S, P, D) in the plan's conditions.

    `rho`: its share inside the known span of species means, debiased (`structure.variation`); `rho_null` the mean of
    subspaces drawn from the spectrum of all variance; `log_rho` the logarithm of the one over the other. For stage
    and sex: `fisher_`, the debiased Fisher ratio, `between_` and `within_` its parts, `told_` how well the
    level is told, and `outside_` so outside the span (chance .5).
    """
    species, pictures, _ = vectors.shape
    plan = conditions()
    factors = {
        "life_stage": [one.stage for one in plan],
        "sex": [one.sex if one.stage == plan[-1].stage else "" for one in plan],
    }
    specimens = Specimens(
        species=np.repeat(np.arange(species), pictures),
        factors={name: np.array(levels * species) for name, levels in factors.items()},
    )
    settings = StructureSettings(
        factors=_CONTRASTS, draws=Draws(halves=4, subspaces=20), decoding=DecodingSettings(permutations=0), seed=seed
    )
    structure = measure_structure(vectors.reshape(species * pictures, -1), specimens, settings=settings)
    whole = structure.find(PART, DEBIASED)
    null = whole.null.value if whole.null is not None else np.nan
    found: Scores = {"known": float(structure.known), "rho": whole.model.value, "rho_null": null}
    found["log_rho"] = float(np.log(max(whole.model.value, _LEAST) / max(null, _LEAST)))
    for contrast, _ in structure.contrasts:
        parts = {"fisher": FISHER, "between": BETWEEN, "within": WITHIN}
        for name, measure in parts.items():
            found[f"{name}_{contrast.factor}"] = structure.find(str(contrast), measure).model.value
        for name, view in (("outside", OUTSIDE), ("told", WHOLE)):
            found[f"{name}_{contrast.factor}"] = structure.find(str(contrast), f"{MEASURE} {view}").model.value
    return found


def theorem_scores(vectors: Floats, texts: Floats, scale: float) -> Scores:
    """What variation within species costs the loss from picture to text, measured and by its second order.

    Of species with pictures (S, P, D) and prototypes (S, D), at the temperature 1 / `scale`: `ratio`, the median over
    species of predicted over measured cost, their deviations shortened to half the temperature; `follows`, Spearman's
    correlation of the two over species at full length, and `full_ratio` the median ratio there. `length` is the median
    root mean square of deviations in temperatures. `penalised`: the mean over species of the logarithm of what the
    second order takes of a species' variation over what it would take of as much variation spread like all variance;
    below 0 where variation within species avoids what is penalised.
    """
    means = vectors.mean(axis=1, keepdims=True)
    rests = vectors - means
    lengths = np.sqrt((rests**2).sum(axis=2).mean(axis=1))  # (S,)
    near = _costs(means, rests * (0.5 / scale / lengths)[:, None, None], texts, scale=scale)
    full = _costs(means, rests, texts, scale=scale)
    everything = vectors.reshape(-1, vectors.shape[2])
    everything = everything - everything.mean(axis=0)
    matched, _ = _costs(means, np.broadcast_to(everything, (len(means), *everything.shape)), texts, scale=scale)
    per_variance = matched / (everything**2).sum(axis=1).mean()
    return {
        "penalised": float(np.log(full[0] / lengths**2 / per_variance).mean()),
        "ratio": float(np.median(near[0] / near[1])),
        "full_ratio": float(np.median(full[0] / full[1])),
        "follows": float(spearmanr(*full).statistic),
        "length": float(np.median(lengths) * scale),
    }


def _costs(means: Floats, rests: Floats, texts: Floats, *, scale: float) -> tuple[Floats, Floats]:
    """Predicted and measured cost (S,) of deviations (S, P, D) from means (S, 1, D)."""
    at, along = scale * means @ texts.T, scale * rests @ texts.T  # (S, 1, S), (S, P, S)
    shares = softmax(at, axis=2)
    predicted = ((shares * along**2).sum(axis=2) - (shares * along).sum(axis=2) ** 2).mean(axis=1) / 2
    own = np.arange(len(means))
    lost = logsumexp(at + along, axis=2) - (at + along)[own, :, own]
    before = logsumexp(at, axis=2) - at[own, :, own]
    return predicted, np.asarray((lost - before).mean(axis=1))


def split_scores(vectors: Floats, generator: np.random.Generator) -> Scores:
    """Variation within species (pictures (S, P, D)) along the DIRECTIONS that part species most, split in half.

    `split`: the share of one half's variation about its own species means that lies along the first principal
    directions of the other half's species means; `split_null` that in as many dimensions drawn from the spectrum of all
    variance of that other half, `log_split` the logarithm of the one over the other. `participation` is the number of
    dimensions that the variation fills, (sum of variances)^2 / sum of their squares.
    """
    species, pictures, width = vectors.shape
    count = min(DIRECTIONS, width, species - 1)
    inside, null = [], []
    for _ in range(HALVES):
        order = generator.permuted(np.tile(np.arange(pictures), (species, 1)), axis=1)
        parts = np.take_along_axis(vectors, order[:, :, None], axis=1)
        halves = parts[:, : pictures // 2], parts[:, pictures // 2 :]
        for own, other in (halves, halves[::-1]):
            means = other.mean(axis=1)
            axes = np.linalg.svd(means - means.mean(axis=0), full_matrices=False)[2][:count].T
            rests = (own - own.mean(axis=1, keepdims=True)).reshape(-1, width)
            spread = rests.T @ rests / (rests**2).sum()
            spectrum = Spectrum.of(other.reshape(-1, width))
            inside.append(held_by(spread, axes).sum())
            null += [held_by(spread, spectrum.subspace(count, generator)).sum() for _ in range(5)]
    rests = (vectors - vectors.mean(axis=1, keepdims=True)).reshape(-1, width)
    sizes = np.linalg.svd(rests, compute_uv=False) ** 2
    found = {"split": float(np.mean(inside)), "split_null": float(np.mean(null))}
    found["log_split"] = float(np.log(found["split"] / found["split_null"]))
    return found | {"participation": float(sizes.sum() ** 2 / (sizes**2).sum())}
