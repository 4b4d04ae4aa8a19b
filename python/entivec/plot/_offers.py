"""How well customers are scored for offers: by attribute, and for two offers merged by "or"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from entivec.evaluate import WeightedAuc
from entivec.plot._axes import GREY, PALETTE, ready, titled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BANDS = {"overall": "all", "popular": "popular", "cold": "cold"}


def weighted_auc(found: Mapping[Any, WeightedAuc], ax: Axes | None = None) -> Axes:
    """Draw weighted areas under the curve by attribute: of all its values, popular and cold ones.

    Parameters
    ----------
    found : mapping of attribute to WeightedAuc
        What `evaluate.weighted_auc` gives of each.
    ax : matplotlib.axes.Axes, default=None
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If there is no attribute.

    Examples
    --------
    >>> from entivec import evaluate, plot
    >>> ax = plot.weighted_auc(
    ...     {"brand": evaluate.weighted_auc(scores, truth)}
    ... )  # doctest: +SKIP
    """
    if not found:
        raise ValueError("found is empty; give at least one attribute")
    ax = ready(ax, (6.4, 0.6 * len(found) + 1.4))
    places = np.arange(len(found))
    ax.axvline(0.5, color=GREY, zorder=0)
    for colour, (band, name) in zip(PALETTE, BANDS.items(), strict=False):
        areas = [getattr(own, band) for own in found.values()]
        ax.plot(areas, places, "o", color=colour, label=name)
    ax.set_yticks(places, [str(name) for name in found])
    ax.invert_yaxis()
    ax.set_xlabel("weighted area under the curve; .5 is chance")
    ax.legend(frameon=False, loc="best")
    titled(ax, "Who takes it", "of every value of an attribute, weighted by its frequency")
    return ax


def mixing_share(
    model: Any, one: Any, other: Any, truth: Any, steps: int = 11, ax: Axes | None = None
) -> Axes:
    """Draw how well customers of two offers are told while one turns into the other.

    Of a share of the transactions of `other` and the rest of `one` an offer is made, as "or" merges
    them; each line is the area under the curve of who takes `one`, `other`, or either.

    Parameters
    ----------
    model : fitted OfferModel
    one, other : offer
        As in `OfferModel.offer_vectors`.
    truth : mapping or sequence of two
        The customers who took the one, and those who took the other, afterwards.
    steps : int, default 11
        Shares from 0 to 1.
    ax : matplotlib.axes.Axes, default=None
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If an offer matches nothing, the truth is not of two, or one of them is of nobody or of
        everybody. Where everybody took one of them, the line of either is left out.

    Examples
    --------
    >>> from entivec import plot
    >>> ax = plot.mixing_share(model, {"kind": "tea"}, {"kind": "jam"}, [a, b])  # doctest: +SKIP
    """
    from sklearn.metrics import roc_auc_score

    takers = list(truth.values()) if isinstance(truth, Mapping) else list(truth)
    if len(takers) != 2:
        raise ValueError(f"truth is of {len(takers)}; give the customers of both offers")
    shares = np.linspace(0, 1, steps)
    offers = model.transactions_.between(one, other, shares)
    scores = model.score(None, offers)
    took = [scores.index.isin(pd.Index(own)) for own in takers]
    if not all(own.any() and not own.all() for own in took):
        raise ValueError("truth is of none or of all of the scored customers for one of the offers")
    lines = {"the one": took[0], "the other": took[1], "either": took[0] | took[1]}
    if lines["either"].all():
        del lines["either"]
    ax = ready(ax)
    for colour, (name, own) in zip(PALETTE, lines.items(), strict=False):
        areas = [roc_auc_score(own, scores[column]) for column in scores]
        ax.plot(shares, areas, "o-", color=colour, label=name)
    ax.axhline(0.5, color=GREY, zorder=0)
    ax.set_xlabel("share of the other offer")
    ax.set_ylabel("area under the curve")
    ax.legend(frameon=False)
    titled(ax, "One offer or the other", "customers who take either, while one becomes the other")
    return ax
