"""Diagnostics of a fitted model: figures that say what its embedding is like."""

from entivec.evaluate._contraction import contraction_curve
from entivec.evaluate._jacobian import jacobian_norm, jacobian_spectrum, saturated_share

__all__ = ["contraction_curve", "jacobian_norm", "jacobian_spectrum", "saturated_share"]
