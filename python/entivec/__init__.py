"""Embeddings of entities from tables.

>>> import entivec
>>> customers = entivec.datasets.make_customers(300, random_state=0).customers
>>> embedding = entivec.AutoEncoder(max_steps=50).fit(customers).transform(customers)
>>> embedding.shape
(300, 16)
"""

import importlib
from typing import Any

from entivec._versions import __version__, show_versions, versions
from entivec.rows import (
    CAE,
    VAE,
    AutoEncoder,
    ConvAutoEncoder,
    DeepCAE,
    DenoisingAutoEncoder,
    JointVAE,
    StackedCAE,
)
from entivec.rows.persistence import load
from entivec.table import TableEncoder

__all__ = [
    "CAE",
    "VAE",
    "AutoEncoder",
    "ConvAutoEncoder",
    "DeepCAE",
    "DenoisingAutoEncoder",
    "JointVAE",
    "StackedCAE",
    "TableEncoder",
    "__version__",
    "datasets",
    "evaluate",
    "load",
    "plot",
    "show_versions",
    "versions",
]


def __getattr__(name: str) -> Any:
    """Load the side modules when they are first asked for, so that importing stays fast."""
    if name in ("datasets", "evaluate", "plot"):
        return importlib.import_module(f"entivec.{name}")
    raise AttributeError(f"module 'entivec' has no attribute {name!r}")
