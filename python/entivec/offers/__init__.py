"""Who will want what: customers scored for items and for offers."""

from .histories import HistoryEncoder
from .model import OfferModel
from .parts import (
    BilinearInteraction,
    FeatureCompression,
    KeyGenerator,
    MaskNet,
    group_by_bags,
    min_hash,
    mix_groups,
    recency_weights,
)

__all__ = [
    "BilinearInteraction",
    "FeatureCompression",
    "HistoryEncoder",
    "KeyGenerator",
    "MaskNet",
    "OfferModel",
    "group_by_bags",
    "min_hash",
    "mix_groups",
    "recency_weights",
]
