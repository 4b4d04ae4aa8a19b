"""Diagnostics of fitted models; how good vectors, latents, samples, recommendations are."""

from entivec.evaluate._clusters import Clusterings, kmeans, silhouette
from entivec.evaluate._contraction import contraction_curve
from entivec.evaluate._disentanglement import Disentanglement, disentanglement
from entivec.evaluate._downstream import Downstream, downstream
from entivec.evaluate._gaps import dci
from entivec.evaluate._jacobian import jacobian_norm, jacobian_spectrum, saturated_share
from entivec.evaluate._latents import latent_correlations
from entivec.evaluate._neighbours import neighbour_agreement, neighbours
from entivec.evaluate._offers import WeightedAuc, weighted_auc
from entivec.evaluate._privacy import Privacy, privacy
from entivec.evaluate._ranking import hit_rate, ndcg, recall_at
from entivec.evaluate._stability import stability
from entivec.evaluate._synthetic import SyntheticCheck, synthetic_check

__all__ = [
    "Clusterings",
    "Disentanglement",
    "Downstream",
    "Privacy",
    "SyntheticCheck",
    "WeightedAuc",
    "contraction_curve",
    "dci",
    "disentanglement",
    "downstream",
    "hit_rate",
    "jacobian_norm",
    "jacobian_spectrum",
    "kmeans",
    "latent_correlations",
    "ndcg",
    "neighbour_agreement",
    "neighbours",
    "privacy",
    "recall_at",
    "saturated_share",
    "silhouette",
    "stability",
    "synthetic_check",
    "weighted_auc",
]
