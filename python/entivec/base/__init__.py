"""What all families share: parameters, training, progress, names, files. Knows no family."""

from entivec.base.common import Seeded, Stepwise, Threaded, Verbose
from entivec.base.estimator import Embedder, NamedRows, Saved
from entivec.base.parameters import estimator, parameter

__all__ = [
    "Embedder",
    "NamedRows",
    "Saved",
    "Seeded",
    "Stepwise",
    "Threaded",
    "Verbose",
    "estimator",
    "parameter",
]
