"""Tables into the blocks of the core, and back."""

from .blocks import Blocks, Layout
from .encoder import TableEncoder

__all__ = ["Blocks", "Layout", "TableEncoder"]
