"""Logs of events: read once into sorted blocks, turned into facts as of a date."""

from .blocks import EventBlocks
from .encoder import EventEncoder
from .facts import FactAggregator
from .labels import label_history

__all__ = ["EventBlocks", "EventEncoder", "FactAggregator", "label_history"]
