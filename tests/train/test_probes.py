"""The probe of many labels: the public loop to the random number, and the corrected one beside it."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from thuja.errors import TrainingDiverged, UsageError
from thuja.train.probes import fit_mlp

Vectors = np.ndarray


def lesson(count: int, seed: int = 0, *, dim: int = 12, labels: int = 4) -> tuple[Vectors, Vectors]:
    """Vectors, and labels that hang on single numbers of them."""
    vectors = np.random.default_rng(seed).standard_normal((count, dim)).astype(np.float32)
    return vectors, vectors[:, :labels] > 0


def fit_written_out(
    taught: Vectors, labels: Vectors, asked: Vectors, *, rate: float, epochs: int, seed: int
) -> Vectors:
    """The protocol of the public scripts with PyTorch's own loader: shuffled batches, a look at the test set every
    ten epochs and once more at the end, and never eval(), so that dropout works on while it looks."""
    torch.manual_seed(seed)
    head = nn.Sequential(nn.Linear(taught.shape[1], 512), nn.Dropout(0.5), nn.Linear(512, labels.shape[1]))
    lessons = DataLoader(
        TensorDataset(torch.from_numpy(taught), torch.from_numpy(labels).float()), batch_size=256, shuffle=True
    )
    questions = DataLoader(TensorDataset(torch.from_numpy(asked)), batch_size=256, shuffle=False)

    def look() -> torch.Tensor:
        with torch.no_grad():
            return torch.cat([head(vectors) for (vectors,) in questions])

    optimizer = torch.optim.Adam(head.parameters(), lr=rate)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=20, gamma=0.5)
    criterion = nn.BCEWithLogitsLoss()
    for epoch in range(epochs):
        for vectors, truth in lessons:
            loss = criterion(head(vectors), truth)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        scheduler.step()
        if (epoch + 1) % 10 == 0:
            look()
    return look().numpy()


@pytest.mark.parametrize(("epochs", "seed"), [(9, 0), (21, 3)])
def test_without_rows_held_out_it_is_the_public_loop_to_the_random_number(epochs: int, seed: int) -> None:
    taught, labels = lesson(600)
    asked, _ = lesson(300, seed=1)
    found = fit_mlp(taught, labels, asked, held=None, rate=1e-3, epochs=epochs, seed=seed)
    with torch.random.fork_rng():
        expected = fit_written_out(taught, labels, asked, rate=1e-3, epochs=epochs, seed=seed)
    assert found.shape == (300, 4)
    np.testing.assert_array_equal(found, expected)


def test_the_public_way_blurs_its_answers_and_the_corrected_does_not() -> None:
    """Two images with the same vector get two answers from a probe whose dropout is on."""
    taught, labels = lesson(300)
    twice = np.repeat(taught[:1], 2, axis=0)
    public = fit_mlp(taught, labels, twice, held=None, rate=1e-3, epochs=2, seed=0)
    corrected = fit_mlp(taught, labels, twice, held=np.arange(30), rate=1e-3, epochs=2, seed=0)
    assert not np.array_equal(public[0], public[1])
    np.testing.assert_array_equal(corrected[0], corrected[1])


def test_it_learns_what_can_be_learnt_and_stops_when_it_gets_worse() -> None:
    taught, labels = lesson(1000)
    asked, truth = lesson(500, seed=1)
    logits = fit_mlp(taught, labels, asked, held=np.arange(200), rate=3e-3, epochs=50, seed=0)
    assert ((logits > 0) == truth).mean() > 0.97


def test_the_epoch_with_the_least_loss_on_the_rows_held_out_answers() -> None:
    """Where what is held out contradicts the rest, the first epoch is the best, however many are allowed."""
    taught, labels = lesson(600)
    labels[:60] = ~labels[:60]
    asked, _ = lesson(50, seed=1)
    one = fit_mlp(taught, labels, asked, held=np.arange(60), rate=1e-2, epochs=1, seed=0)
    many = fit_mlp(taught, labels, asked, held=np.arange(60), rate=1e-2, epochs=20, seed=0)
    np.testing.assert_array_equal(one, many)


def test_rows_held_out_are_not_learnt_from() -> None:
    taught, labels = lesson(300)
    asked, _ = lesson(50, seed=1)
    held = np.arange(0, 300, 10)
    plain = fit_mlp(taught, labels, asked, held=held, rate=1e-3, epochs=1, seed=0)
    taught[held] *= 5
    changed = fit_mlp(taught, labels, asked, held=held, rate=1e-3, epochs=1, seed=0)
    np.testing.assert_array_equal(plain, changed)


def test_it_leaves_torchs_random_numbers_as_they_were_and_takes_half_precision() -> None:
    taught, labels = lesson(40)
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    found = fit_mlp(taught.astype(np.float16), labels, taught[:0], held=None, rate=1e-3, epochs=1, seed=0)
    assert torch.equal(torch.rand(3), expected)
    assert (found.shape, found.dtype) == ((0, 4), np.float32)


def test_nothing_to_learn_from_and_numbers_that_grow_without_end_are_told() -> None:
    taught, labels = lesson(20)
    with pytest.raises(UsageError, match="all held out"):
        fit_mlp(taught, labels, taught, held=np.arange(20), rate=1e-3, epochs=1, seed=0)
    for held in (None, np.arange(2)):
        with pytest.raises(TrainingDiverged):
            fit_mlp(taught * np.float32(1e38), labels, taught, held=held, rate=1e30, epochs=3, seed=0)
