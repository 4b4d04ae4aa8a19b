"""Logs of events: read once into sorted blocks, turned into facts as of a date."""

from .blocks import EventBlocks
from .encoder import EventEncoder

__all__ = ["EventBlocks", "EventEncoder"]
