"""Embeddings of entities from tables.

>>> import entivec
>>> customers = entivec.datasets.make_customers(300, random_state=0).customers
>>> embedding = entivec.AutoEncoder(16, max_steps=50).fit(customers).transform(customers)
>>> embedding.shape
(300, 16)
"""

import importlib
from typing import TYPE_CHECKING, Any

from entivec._versions import __version__, show_versions, versions
from entivec.base.persistence import load
from entivec.estimators import ESTIMATORS, find_estimator

if TYPE_CHECKING:
    from entivec.base.source import scan
    from entivec.entity.choice import choose_model
    from entivec.entity.embedder import EntityEmbedder
    from entivec.events.encoder import EventEncoder
    from entivec.events.facts import FactAggregator
    from entivec.events.labels import label_history
    from entivec.graphs.node2vec import Node2Vec
    from entivec.offers.histories import HistoryEncoder
    from entivec.offers.model import OfferModel
    from entivec.outliers.detector import OutlierDetector
    from entivec.reporting.report import report
    from entivec.rows.autoencoder import AutoEncoder
    from entivec.rows.contractive import CAE, DeepCAE, StackedCAE
    from entivec.rows.convolutional import ConvAutoEncoder
    from entivec.rows.denoising import DenoisingAutoEncoder
    from entivec.rows.joint_vae import JointVAE
    from entivec.rows.onnx_graph import to_onnx
    from entivec.rows.variational import VAE
    from entivec.sequences.encoder import SequenceEncoder
    from entivec.table.encoder import TableEncoder
    from entivec.table.report import TableWarning
    from entivec.tokens.customers import Customer2Vec
    from entivec.tokens.items import Item2Vec
    from entivec.tuning.search import tune
    from entivec.tuning.space import search_space

SIDE_MODULES = ("datasets", "evaluate", "plot")
FUNCTIONS = {
    "TableWarning": "entivec.table.report",
    "choose_model": "entivec.entity.choice",
    "label_history": "entivec.events.labels",
    "scan": "entivec.base.source",
    "to_onnx": "entivec.rows.onnx_graph",
    "search_space": "entivec.tuning.space",
    "tune": "entivec.tuning.search",
    "report": "entivec.reporting",  # a package of that name would hide the function
}

__all__ = [
    "CAE",
    "VAE",
    "AutoEncoder",
    "ConvAutoEncoder",
    "Customer2Vec",
    "DeepCAE",
    "DenoisingAutoEncoder",
    "EntityEmbedder",
    "EventEncoder",
    "FactAggregator",
    "HistoryEncoder",
    "Item2Vec",
    "JointVAE",
    "Node2Vec",
    "OfferModel",
    "OutlierDetector",
    "SequenceEncoder",
    "StackedCAE",
    "TableEncoder",
    "TableWarning",
    "__version__",
    "choose_model",
    "datasets",
    "evaluate",
    "label_history",
    "load",
    "plot",
    "report",
    "scan",
    "search_space",
    "show_versions",
    "to_onnx",
    "tune",
    "versions",
]


def __getattr__(name: str) -> Any:
    """Load a family when it is first asked for, so that importing stays fast."""
    if name in ESTIMATORS:
        return find_estimator(name)
    if name in FUNCTIONS:
        return getattr(importlib.import_module(FUNCTIONS[name]), name)
    if name in SIDE_MODULES:
        return importlib.import_module(f"entivec.{name}")
    raise AttributeError(f"module 'entivec' has no attribute {name!r}")


def __dir__() -> list[str]:
    """List what there is, loaded or not."""
    return __all__
