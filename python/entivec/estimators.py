"""Every public estimator by name: the list that package, files, command line and tests read."""

from __future__ import annotations

import importlib
from typing import Any

ESTIMATORS = {
    "AutoEncoder": "entivec.rows.autoencoder",
    "CAE": "entivec.rows.contractive",
    "ConvAutoEncoder": "entivec.rows.convolutional",
    "Customer2Vec": "entivec.tokens.customers",
    "DeepCAE": "entivec.rows.contractive",
    "DenoisingAutoEncoder": "entivec.rows.denoising",
    "EntityEmbedder": "entivec.entity.embedder",
    "EventEncoder": "entivec.events.encoder",
    "FactAggregator": "entivec.events.facts",
    "HistoryEncoder": "entivec.offers.histories",
    "Item2Vec": "entivec.tokens.items",
    "JointVAE": "entivec.rows.joint_vae",
    "Node2Vec": "entivec.graphs.node2vec",
    "OfferModel": "entivec.offers.model",
    "OutlierDetector": "entivec.outliers.detector",
    "SequenceEncoder": "entivec.sequences.encoder",
    "StackedCAE": "entivec.rows.contractive",
    "TableEncoder": "entivec.table.encoder",
    "VAE": "entivec.rows.variational",
}


def find_estimator(name: str) -> Any:
    """Return the class of that name; its module is loaded by the first who asks.

    Raises
    ------
    KeyError
        If there is none.
    """
    return getattr(importlib.import_module(ESTIMATORS[name]), name)


def estimators_of(family: str) -> list[str]:
    """Names of the estimators of a family, such as "rows"."""
    return [name for name, module in ESTIMATORS.items() if module.split(".")[1] == family]
