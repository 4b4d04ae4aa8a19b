"""Estimators that embed the rows of a table."""

from entivec.rows.autoencoder import AutoEncoder

__all__ = ["AutoEncoder"]
