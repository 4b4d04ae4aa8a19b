"""How near synthetic rows come to real ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from entivec.evaluate import Privacy
from entivec.plot._axes import PALETTE, gridded, ready, titled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BINS = 40


def privacy(found: Privacy, ax: Axes | None = None) -> Axes:
    """Draw the distances of samples to the closest training row and to the closest held-out row.

    Parameters
    ----------
    found : Privacy
        What `entivec.evaluate.privacy` returned.
    ax : matplotlib.axes.Axes, default=None
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        Two outlines that lie on each other say that samples do not repeat training rows.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    TypeError
        If `found` is not what `evaluate.privacy` returned.
    ValueError
        If it has no samples.

    Examples
    --------
    >>> from entivec import evaluate, plot
    >>> ax = plot.privacy(evaluate.privacy(model, train, holdout))  # doctest: +SKIP
    """
    if not isinstance(found, Privacy):
        raise TypeError(
            f"found must be what entivec.evaluate.privacy returned, got {type(found).__name__}."
        )
    if found.distances.empty:
        raise ValueError("there are no samples to draw; use a VAE, or give sample=.")
    ax = ready(ax)
    edges = list(np.histogram_bin_edges(found.distances.to_numpy(), BINS))
    for name, colour, words in (
        ("to_train", PALETTE[1], "to training rows"),
        ("to_holdout", PALETTE[0], "to held-out rows"),
    ):
        own = found.distances[name].to_numpy()
        ax.hist(own, edges, histtype="step", linewidth=1.8, color=colour,
                label=f"{words}, median {np.median(own):.2f}")  # fmt: skip
    gridded(ax)
    ax.set_xlabel("distance of a sample to the closest record")
    ax.set_ylabel("samples")
    ax.legend(frameon=False)
    titled(
        ax,
        "Do samples repeat training rows?",
        f"{found.scores['nearer_to_train']:.0%} are nearer to a training row (50 % by chance);"
        f" membership AUC {found.scores['sample_auc']:.2f}",
    )
    return ax
