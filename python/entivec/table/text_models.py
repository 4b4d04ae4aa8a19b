"""Models of sentence-transformers or model2vec that read texts, by the name the user gives."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

LIBRARIES = ("sentence_transformers", "model2vec")
_INSTALL = 'pip install "entivec[text]"'


def vectors_of_model(name: str, texts: Sequence[str]) -> np.ndarray:
    """Return what a model makes of texts, float32 (len(texts), its width)."""
    return np.asarray(load_model(name).encode(list(texts)), dtype=np.float32)


@lru_cache(maxsize=2)
def load_model(name: str) -> Any:
    """Load a model by its folder or its name on a hub, which the library downloads from.

    Raises
    ------
    ImportError
        If neither library is installed.
    ValueError
        If no installed library knows the model; with what each says.
    """
    said = []
    for library in _in_order(name):
        try:
            loader = _loader(library)
        except ImportError:
            continue
        try:
            return loader(name)
        except Exception as error:  # of a library: no file, no network, another format
            said.append(f"{library} says: {' '.join(str(error).split())[:200]}")
    if not said:
        raise ImportError(
            f"text={name!r} needs sentence-transformers or model2vec, and neither is installed:"
            f" {_INSTALL}"
        )
    raise ValueError(
        f"text={name!r} cannot be loaded; give a model's folder or name. {'; '.join(said)}"
    )


def _in_order(name: str) -> tuple[str, ...]:
    """Try the library first that the folder or the name speaks of."""
    folder = Path(name)
    static = not (folder / "modules.json").exists() if folder.is_dir() else "potion" in name
    return LIBRARIES[::-1] if static else LIBRARIES


def _loader(library: str) -> Any:
    if library == "model2vec":
        from model2vec import StaticModel

        return StaticModel.from_pretrained
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer
