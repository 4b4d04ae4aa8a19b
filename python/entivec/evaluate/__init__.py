"""Diagnostics of a fitted model, and how good its latents and its samples are."""

from entivec.evaluate._contraction import contraction_curve
from entivec.evaluate._disentanglement import Disentanglement, disentanglement
from entivec.evaluate._gaps import dci
from entivec.evaluate._jacobian import jacobian_norm, jacobian_spectrum, saturated_share
from entivec.evaluate._synthetic import SyntheticCheck, synthetic_check

__all__ = [
    "Disentanglement",
    "SyntheticCheck",
    "contraction_curve",
    "dci",
    "disentanglement",
    "jacobian_norm",
    "jacobian_spectrum",
    "saturated_share",
    "synthetic_check",
]
