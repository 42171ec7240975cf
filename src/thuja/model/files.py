"""The names of the files in a model's folder."""

CONFIG = "open_clip_config.json"
WEIGHTS = "open_clip_model.safetensors"
TOKENIZER = "tokenizer.json"
TOKENIZER_CONFIG = "tokenizer_config.json"
FACTS = "thuja.json"
HEADS = "thuja_heads.safetensors"
CARD = "README.md"

PUBLISHED_WEIGHTS = (WEIGHTS, "open_clip_pytorch_model.safetensors", "open_clip_pytorch_model.bin")
"""The files that a folder in open_clip's layout may keep its weights in, best first."""
