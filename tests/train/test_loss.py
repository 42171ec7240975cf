import pytest
import torch
import torch.nn.functional as F

from thuja.train.loss import clip_loss


def batch(size: int, dim: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    image, text = (F.normalize(torch.randn(size, dim, generator=generator), dim=1) for _ in range(2))
    return image.requires_grad_(), text.requires_grad_(), torch.tensor(14.3, requires_grad=True)


def gradients(loss: torch.Tensor, *inputs: torch.Tensor) -> list[torch.Tensor]:
    return list(torch.autograd.grad(loss, inputs))


def test_clip_loss_and_its_gradient_are_open_clips() -> None:
    from open_clip.loss import ClipLoss

    image, text, scale = batch(24, 8)
    ours, theirs = clip_loss(image, text, scale), ClipLoss()(image, text, scale)
    torch.testing.assert_close(ours, theirs)
    for mine, reference in zip(gradients(ours, image, text, scale), gradients(theirs, image, text, scale), strict=True):
        torch.testing.assert_close(mine, reference, atol=1e-6, rtol=1e-5)


def test_different_taxa_make_the_plain_loss() -> None:
    image, text, scale = batch(12, 6)
    torch.testing.assert_close(clip_loss(image, text, scale, taxon=torch.arange(12)), clip_loss(image, text, scale))


def test_pairs_of_one_taxon_are_all_positives() -> None:
    """Written out: the mean over a row's positives of -log softmax, both ways, averaged."""
    image, text, scale = batch(5, 4)
    taxon = torch.tensor([0, 1, 0, 2, 1])
    logits = (scale * image @ text.T).detach()
    expected = 0.0
    for matrix in (logits, logits.T):
        for row in range(5):
            chosen = [column for column in range(5) if taxon[column] == taxon[row]]
            log_softmax = matrix[row] - torch.logsumexp(matrix[row], dim=0)
            expected -= sum(log_softmax[column].item() for column in chosen) / len(chosen) / 5 / 2
    assert clip_loss(image, text, scale, taxon=taxon).item() == pytest.approx(expected, rel=1e-5)


def test_a_taxons_own_text_is_never_pushed_away() -> None:
    """Two images of one species with one text: at the optimum the plain loss still has a gradient."""
    together = F.normalize(torch.ones(2, 4), dim=1).requires_grad_()
    scale = torch.tensor(10.0)
    plain = clip_loss(together, together.detach().clone(), scale)
    shared = clip_loss(together, together.detach().clone(), scale, taxon=torch.tensor([0, 0]))
    assert plain.item() == pytest.approx(torch.log(torch.tensor(2.0)).item())
    assert gradients(shared, together)[0].abs().max() < 1e-6
