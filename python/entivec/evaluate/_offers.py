"""How well customers are scored for offers: the area under the curve, weighted by frequency."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from entivec.evaluate._ranking import pairs_of

POPULAR, COLD = 200, 20
_AT_A_TIME = 256  # offers that are ranked together


@dataclass(frozen=True)
class WeightedAuc:
    """Areas under the ROC curve, weighted by the frequency of the offers.

    Attributes
    ----------
    overall, popular, cold : float
        Over all offers, and over those of at least 200, and of 20 to 199, events; NaN for none.
    offers : DataFrame indexed by offer
        ``auc``, ``frequency``, ``customers`` (with it), ``band`` ("popular", "cold" or "rare").
    """

    overall: float
    popular: float
    cold: float
    offers: pd.DataFrame


def weighted_auc(
    scores: pd.DataFrame, truth: Any, frequency: pd.Series | None = None
) -> WeightedAuc:
    """Area under the ROC curve of every offer over customers, weighted by its frequency.

    Of an offer: how likely a customer who takes it has a higher score than one who does not, ties
    counted half.

    Parameters
    ----------
    scores : DataFrame of shape (customers, offers)
        The higher, the likelier; offers are values of an attribute, such as brands.
    truth : Series of offers indexed by customer, or DataFrame of two columns, customer and offer
        Events of the test period. Events of customers or offers that have no scores are left out
        with a warning that counts them.
    frequency : Series indexed by offer, or None
        The weight of each, such as its events in training, which also says whether it is popular
        (200 and more) or cold (20 to 199). None for its events in `truth`.

    Returns
    -------
    WeightedAuc

    Raises
    ------
    ValueError
        If no event of `truth` has a score, or an offer stands twice.

    Examples
    --------
    >>> import pandas as pd
    >>> from entivec.evaluate import weighted_auc
    >>> scores = pd.DataFrame({"tea": [0.9, 0.1, 0.5], "jam": [0.2, 0.4, 0.3]},
    ...                       index=["ann", "bob", "eve"])
    >>> truth = pd.Series(["tea", "tea", "jam"], index=["ann", "eve", "eve"])
    >>> found = weighted_auc(scores, truth, frequency=pd.Series({"tea": 300, "jam": 100}))
    >>> found.overall, found.popular, found.cold
    (0.875, 1.0, 0.5)
    """
    if not scores.columns.is_unique or not scores.index.is_unique:
        raise ValueError("scores has a customer or an offer twice; give each once")
    pairs = pairs_of("truth", truth)
    row = scores.index.get_indexer(pd.Index(pairs["entity"]))
    column = scores.columns.get_indexer(pd.Index(pairs["item"]))
    known = (row >= 0) & (column >= 0)
    if not known.any():
        raise ValueError(
            f"none of the {len(pairs)} events of truth has a score; scores has the customers"
            f" {list(scores.index[:3])!r} and the offers {list(scores.columns[:3])!r}"
        )
    if not known.all():
        warnings.warn(
            f"{int((~known).sum()):,} of {len(pairs):,} events of truth have no score; they are"
            " left out",
            UserWarning,
            stacklevel=2,
        )
    row, column = row[known], column[known]
    if frequency is None:
        count = np.bincount(column, minlength=scores.shape[1])
    else:
        count = frequency.reindex(scores.columns).fillna(0).to_numpy()
    taken = np.zeros(scores.shape, dtype=bool)
    taken[row, column] = True
    values = pd.DataFrame(
        {"auc": _areas(scores, taken), "frequency": count, "customers": taken.sum(axis=0)},
        index=scores.columns,
    )
    values["band"] = np.select([count >= POPULAR, count >= COLD], ["popular", "cold"], "rare")
    popular, cold = (_mean(values[values["band"] == band]) for band in ("popular", "cold"))
    return WeightedAuc(_mean(values), popular, cold, values)


def _areas(scores: pd.DataFrame, taken: np.ndarray) -> np.ndarray:
    """Areas (offers,), by the sum of the ranks of those who take it; NaN where nobody or all do."""
    from scipy.stats import rankdata

    areas = np.empty(scores.shape[1])
    for first in range(0, scores.shape[1], _AT_A_TIME):
        part = slice(first, first + _AT_A_TIME)
        ranks = rankdata(scores.iloc[:, part].to_numpy(dtype=np.float64), axis=0)
        own = taken[:, part]
        takers = own.sum(axis=0).astype(np.float64)
        others = len(own) - takers
        with np.errstate(divide="ignore", invalid="ignore"):
            above = (ranks * own).sum(axis=0) - takers * (takers + 1) / 2
            areas[part] = np.where(takers * others > 0, above / (takers * others), np.nan)
    return areas


def _mean(values: pd.DataFrame) -> float:
    scored = values[values["auc"].notna() & (values["frequency"] > 0)]
    if len(scored) == 0:
        return float("nan")
    return float(np.average(scored["auc"], weights=scored["frequency"]))
