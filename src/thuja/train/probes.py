"""A probe of frozen embeddings for many yes-or-no labels: two linear layers, as FishNet and AwA2 are asked with.

The public scripts have no activation between the layers, and neither has FishNet's own code: a linear map
of rank 512 at most, which dropout keeps simple.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from thuja.errors import TrainingDiverged, UsageError

Vectors = npt.NDArray[np.floating]
Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]

HIDDEN = 512
DROPOUT = 0.5
BATCH = 256
HALVED_EVERY = 20
"""Epochs after which the rate is halved."""
LOOKED_EVERY = 10
"""Epochs after which the public scripts ask the test set, which moves the random numbers of what follows."""
PATIENCE = 5
"""Epochs without a better loss on the rows held out, after which the fit ends."""


def fit_mlp(
    taught: Vectors,
    labels: npt.NDArray[np.bool_],
    asked: Vectors,
    *,
    held: Integers | None,
    rate: float,
    epochs: int,
    seed: int,
) -> Floats:
    """Fit the probe on (N, D) vectors and (N, L) labels, and answer (A, D) vectors by (A, L) logits.

    Without `held` all is done as in the public scripts of BioCLIP 2 (src/evaluation/fishnet.py, awa2.py), to the
    random number on a CPU: all epochs run, and dropout stays on while the test set is asked. With `held`, the rows
    of `taught` that are held out, those are not learnt from: the weights of the epoch with the least loss on them
    answer, without dropout, and the fit ends after five epochs without a better one. Raises UsageError where
    nothing is left to learn from, TrainingDiverged for a loss that is no number.
    """
    is_learnt = np.ones(len(taught), dtype=bool)
    is_learnt[[] if held is None else held] = False
    if not is_learnt.any():
        raise UsageError(f"a probe needs something to learn from, got {len(taught)} vectors, all held out")
    vectors, truth = _tensor(taught[is_learnt]), _tensor(labels[is_learnt])
    # Initial weights and dropout draw from torch's own generator; the fork puts it back as it was.
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        head = nn.Sequential(
            nn.Linear(vectors.shape[1], HIDDEN), nn.Dropout(DROPOUT), nn.Linear(HIDDEN, truth.shape[1])
        )
        lessons = _lessons(head, vectors, truth, rate=rate, epochs=epochs)
        if held is None:
            logits = _answer_as_published(head, _tensor(asked), lessons)
        else:
            checked = (_tensor(taught[held]), _tensor(labels[held]))
            logits = _answer_at_best(head, _tensor(asked), lessons, checked=checked)
    if not torch.isfinite(logits).all():
        raise TrainingDiverged("the probe's answers are no longer numbers", hint="check the size of the vectors")
    return np.asarray(logits.numpy())


def _lessons(head: nn.Sequential, vectors: Tensor, truth: Tensor, *, rate: float, epochs: int) -> Iterator[int]:
    """Teach the head, an epoch each time the next number is asked for."""
    optimizer = torch.optim.Adam(head.parameters(), lr=rate)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, step_size=HALVED_EVERY, gamma=0.5)
    for epoch in range(1, epochs + 1):
        head.train()
        for rows in _shuffled(len(vectors)):
            loss = nn.functional.binary_cross_entropy_with_logits(head(vectors[rows]), truth[rows])
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
        schedule.step()
        yield epoch


def _answer_as_published(head: nn.Sequential, asked: Tensor, lessons: Iterator[int]) -> Tensor:
    for epoch in lessons:
        if epoch % LOOKED_EVERY == 0:
            _asked_with_dropout(head, asked)
    return _asked_with_dropout(head, asked)


def _answer_at_best(
    head: nn.Sequential, asked: Tensor, lessons: Iterator[int], *, checked: tuple[Tensor, Tensor]
) -> Tensor:
    best, least, weights = 0, float("inf"), {}
    for epoch in lessons:
        head.eval()
        with torch.no_grad():
            loss = float(nn.functional.binary_cross_entropy_with_logits(head(checked[0]), checked[1]))
        if loss < least:
            best, least = epoch, loss
            weights = {name: tensor.clone() for name, tensor in head.state_dict().items()}
        elif not epoch - best < PATIENCE:
            break
    if not weights:
        raise TrainingDiverged("the probe's loss is no longer a number", hint="check the size of the vectors")
    head.load_state_dict(weights)
    head.eval()
    return _answer(head, asked)


def _asked_with_dropout(head: nn.Sequential, asked: Tensor) -> Tensor:
    """Logits as the public scripts get them: they never call eval()."""
    _draw_seed()  # a DataLoader draws one for its workers, even without any
    return _answer(head, asked)


def _answer(head: nn.Sequential, asked: Tensor) -> Tensor:
    with torch.no_grad():
        return torch.cat([head(asked[rows]) for rows in _batches(torch.arange(len(asked)))])


def _shuffled(count: int) -> list[Tensor]:
    """The batches of rows that a DataLoader with shuffle=True makes: one seed for its workers, one for the order."""
    _draw_seed()
    return _batches(torch.randperm(count, generator=torch.Generator().manual_seed(_draw_seed())))


def _batches(rows: Tensor) -> list[Tensor]:
    """Rows in order, a batch each; of none, one empty batch."""
    return [rows[start : start + BATCH] for start in range(0, max(len(rows), 1), BATCH)]


def _draw_seed() -> int:
    return int(torch.empty((), dtype=torch.int64).random_().item())


def _tensor(array: npt.NDArray[np.generic]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32))
