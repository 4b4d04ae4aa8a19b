"""Estimators that embed the rows of a table."""

from entivec.rows.autoencoder import AutoEncoder
from entivec.rows.contractive import CAE, DeepCAE, StackedCAE
from entivec.rows.convolutional import ConvAutoEncoder
from entivec.rows.denoising import DenoisingAutoEncoder
from entivec.rows.joint_vae import JointVAE
from entivec.rows.variational import VAE

__all__ = [
    "CAE",
    "VAE",
    "AutoEncoder",
    "ConvAutoEncoder",
    "DeepCAE",
    "DenoisingAutoEncoder",
    "JointVAE",
    "StackedCAE",
]
