"""A model as a function that curation is handed."""

from pathlib import Path

from thuja.encode.embedder import Embedder


def test_other_weights_at_one_path_are_another_fingerprint(tmp_path: Path) -> None:
    """A path alone told of a model trained anew that it was the old one, and a curation kept the old answers."""
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(b"one")
    embedder = Embedder(model=str(tmp_path))
    first = embedder.fingerprint
    assert first == Embedder(model=str(tmp_path)).fingerprint
    weights.write_bytes(b"other")
    assert embedder.fingerprint != first
    assert Embedder(model="bioclip-2").fingerprint == ""
