"""How far outliers are from the other rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from entivec.plot._axes import PALETTE, TEXT, gridded, ready, titled
from entivec.plot._training import fitted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BINS = 60
WIDE = 20.0  # times the median, from where on the axis is logarithmic


def outliers(detector: Any, X: Any, ax: Axes | None = None) -> Axes:
    """Draw how unusual rows are, and the threshold from which they are outliers.

    Parameters
    ----------
    detector : fitted OutlierDetector
    X : DataFrame or array of shape (n, p)
    ax : matplotlib.axes.Axes, default=None
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        A histogram of the negative scores: of autoencoders the reconstruction error.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If the detector has not been fitted.

    Examples
    --------
    >>> import entivec
    >>> from entivec import datasets, plot
    >>> customers = datasets.make_customers(300, random_state=0).customers.drop(columns="city")
    >>> detector = entivec.OutlierDetector(entivec.AutoEncoder(4, max_steps=20)).fit(customers)
    >>> ax = plot.outliers(detector, customers)  # doctest: +SKIP
    """
    threshold = -fitted(detector, "offset_")
    scores = np.asarray(detector.score_samples(X))
    odd = np.asarray(detector.decision_function(X)) < 0
    known = np.isfinite(scores)
    unusual, odd = -scores[known], odd[known]
    ax = ready(ax)
    wide = unusual.min() > 0 and unusual.max() > WIDE * np.median(unusual)
    edges = (np.geomspace if wide else np.linspace)(unusual.min(), unusual.max(), BINS + 1)
    for part, colour, label in (
        (unusual[~odd], PALETTE[0], "usual rows"),
        (unusual[odd], PALETTE[1], "outliers"),
    ):
        ax.hist(part, list(edges), color=colour, label=f"{len(part):,} {label}")
    if wide:
        ax.set_xscale("log")
    ax.axvline(threshold, color=TEXT, linewidth=1, linestyle="--")
    gridded(ax)
    ax.set_axisbelow(True)
    ax.set_xlabel(_label(detector))
    ax.set_ylabel("rows")
    ax.legend(frameon=False)
    titled(ax, "Outliers", f"beyond the line, at {threshold:.3g}")
    return ax


def _label(detector: Any) -> str:
    model = getattr(detector, "model_", None)
    variational = hasattr(model, "log_likelihood")
    return (
        "negative bound of the log-likelihood" if variational else "reconstruction error of a row"
    )
