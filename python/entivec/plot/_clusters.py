"""How many clusters there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from entivec.evaluate import Clusterings
from entivec.plot._axes import GREY, PALETTE, TEXT, gridded, ready, titled

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def kmeans(found: Clusterings, ax: Axes | None = None) -> Axes:
    """Draw silhouette and inertia over the number of clusters, the best one marked.

    Parameters
    ----------
    found : Clusterings
        What `entivec.evaluate.kmeans` returned.
    ax : matplotlib.axes.Axes, default=None
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        Of the silhouette; the inertia has one beside it.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    TypeError
        If `found` is not what `evaluate.kmeans` returned.

    Examples
    --------
    >>> import numpy as np
    >>> from entivec import evaluate, plot
    >>> vectors = np.random.default_rng(0).normal(size=(50, 3))
    >>> ax = plot.kmeans(evaluate.kmeans(vectors, range(2, 5)))  # doctest: +SKIP
    """
    if not isinstance(found, Clusterings):
        raise TypeError(
            f"found must be what entivec.evaluate.kmeans returned, got {type(found).__name__}."
        )
    scores = found.scores.sort_index()
    ax = ready(ax)
    beside = ax.twinx()
    beside.spines["top"].set_visible(False)
    beside.plot(scores.index, scores["inertia"], color=GREY, linewidth=1.8, marker="o", ms=4)
    beside.set_ylim(0, 1.05 * float(scores["inertia"].max()))
    beside.set_ylabel("inertia", color="#888888")
    beside.tick_params(colors="#888888")
    ax.set_zorder(beside.get_zorder() + 1)
    ax.patch.set_visible(False)
    colour = PALETTE[0]
    ax.plot(scores.index, scores["silhouette"], color=colour, linewidth=1.8, marker="o", ms=5)
    best = float(scores["silhouette"][found.best_k])
    ax.plot([found.best_k], [best], "o", ms=11, mfc="none", mec=PALETTE[1], mew=2)
    ax.annotate(
        f"k = {found.best_k}: {best:.2f}",
        (found.best_k, best),
        xytext=(10, 8),
        textcoords="offset points",
        color=TEXT,
    )
    ax.set_xticks(scores.index)
    ax.margins(x=0.08)
    known = scores["silhouette"].to_numpy()
    ax.set_ylim(1.2 * min(0.0, float(np.nanmin(known))), 1.25 * float(max(0.05, np.nanmax(known))))
    ax.set_xlabel("clusters k")
    ax.set_ylabel("mean silhouette", color=colour)
    gridded(ax)
    titled(ax, "k-means over k", "silhouette: higher is better; inertia: look for the bend")
    return ax
