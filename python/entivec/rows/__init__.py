"""Estimators that embed the rows of a table."""

from entivec.rows.autoencoder import AutoEncoder
from entivec.rows.contractive import CAE, DeepCAE, StackedCAE
from entivec.rows.convolutional import ConvAutoEncoder
from entivec.rows.denoising import DenoisingAutoEncoder

__all__ = [
    "CAE",
    "AutoEncoder",
    "ConvAutoEncoder",
    "DeepCAE",
    "DenoisingAutoEncoder",
    "StackedCAE",
]
