"""Who will want what: customers scored for items and for offers."""

from .histories import HistoryEncoder
from .model import OfferModel
from .parts import KeyGenerator, group_by_bags, min_hash, mix_groups, recency_weights

__all__ = [
    "HistoryEncoder",
    "KeyGenerator",
    "OfferModel",
    "group_by_bags",
    "min_hash",
    "mix_groups",
    "recency_weights",
]
