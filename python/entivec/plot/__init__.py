"""Pictures of a fitted model and of its evaluation.

Every function draws on one Axes and returns it; none shows it.
matplotlib is loaded by the first picture, not by the import: ``pip install entivec[plot]``.
"""

from entivec.plot._clusters import kmeans
from entivec.plot._columns import column_errors
from entivec.plot._correlations import correlations
from entivec.plot._disentanglement import disentanglement
from entivec.plot._downstream import downstream
from entivec.plot._embedding import embedding
from entivec.plot._jacobian import (
    contraction_curve,
    jacobian_norm,
    jacobian_spectrum,
    saturated_share,
)
from entivec.plot._latents import divergence
from entivec.plot._offers import mixing_share, weighted_auc
from entivec.plot._outliers import outliers
from entivec.plot._pca import pca
from entivec.plot._privacy import privacy
from entivec.plot._synthetic import synthetic_association, synthetic_marginals
from entivec.plot._trace import trace
from entivec.plot._training import history, score
from entivec.plot._tuning import tuning

__all__ = [
    "column_errors",
    "contraction_curve",
    "correlations",
    "disentanglement",
    "divergence",
    "downstream",
    "embedding",
    "history",
    "jacobian_norm",
    "jacobian_spectrum",
    "kmeans",
    "mixing_share",
    "outliers",
    "pca",
    "privacy",
    "saturated_share",
    "score",
    "synthetic_association",
    "synthetic_marginals",
    "trace",
    "tuning",
    "weighted_auc",
]
