"""Networks that read events one by one; their states as embeddings."""

from .encoder import SequenceEncoder

__all__ = ["SequenceEncoder"]
