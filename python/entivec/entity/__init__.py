"""Whole entities: frames that share an identifier in, one embedding out."""

from entivec.entity.choice import ModelChoice, choose_model
from entivec.entity.embedder import EntityEmbedder

__all__ = ["EntityEmbedder", "ModelChoice", "choose_model"]
