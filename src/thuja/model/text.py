"""The causal text tower, under open_clip's parameter names."""

import torch
from torch import Tensor, nn

from thuja.model.config import Act, TextConfig
from thuja.model.token_tree import TokenTree
from thuja.model.transformer import Transformer, draw


class TextTower(nn.Module):
    """Tokens to embeddings, pooled at the end-of-text token.

    A position sees only what stands before it, so whatever is padded behind the end-of-text token
    changes nothing: a text runs at its own length, up to `context_length`.
    """

    def __init__(self, config: TextConfig, embed_dim: int, *, act: Act) -> None:
        super().__init__()
        # Drawing it on the meta device, where models are laid out, would import torch's compiler: a second of start-up.
        undrawn = torch.empty(config.vocab_size, config.width)
        self.token_embedding = nn.Embedding.from_pretrained(undrawn, freeze=False)  # type: ignore[no-untyped-call]
        self.positional_embedding = nn.Parameter(torch.empty(config.context_length, config.width))
        self.transformer = Transformer(config.width, config.layers, config.heads, mlp_ratio=config.mlp_ratio, act=act)
        self.ln_final = nn.LayerNorm(config.width)
        self.text_projection = nn.Parameter(torch.empty(config.width, embed_dim))

    def text_embeddings(self, tokens: Tensor) -> Tensor:
        """(L, T) token ids to (L, D), not normalised; T is at most the context length.

        The end-of-text token has the highest id, so the first maximum of a row is its end.
        """
        x = self.token_embedding(tokens) + self.positional_embedding[: tokens.shape[1]]
        x = self.transformer(x, is_causal=True)  # (L, T, W)
        ends = x[torch.arange(len(x), device=x.device), tokens.argmax(dim=1)]
        projected: Tensor = self.ln_final(ends) @ self.text_projection
        return projected

    def tree_embeddings(self, tree: TokenTree) -> Tensor:
        """The texts of a prefix tree to (L, D), not normalised: `text_embeddings` of each of them."""
        x = self.token_embedding(tree.tokens) + self.positional_embedding[tree.positions]  # (M, W)
        ends = self.transformer.run_tree(x, tree)
        projected: Tensor = self.ln_final(ends) @ self.text_projection
        return projected

    def initialize_text(self, generator: torch.Generator) -> None:
        """Draw every weight as OpenAI's CLIP does."""
        draw(self.token_embedding.weight, 0.02, generator)
        draw(self.positional_embedding, 0.01, generator)
        self.transformer.initialize(generator)
        self.ln_final.reset_parameters()
        draw(self.text_projection, self.transformer.width**-0.5, generator)
