"""What an embedding adds to the models that use it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from entivec.evaluate import Downstream
from entivec.plot._axes import GREY, PALETTE, gridded, ready, titled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NAMES = {"auc": "AUC", "r2": "R²"}


def downstream(found: Downstream, ax: Axes | None = None) -> Axes:
    """Draw the paired differences of scores, with one standard error to either side.

    Parameters
    ----------
    found : Downstream
        What `entivec.evaluate.downstream` returned.
    ax : matplotlib.axes.Axes, default=None
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        Right of the line the features named first are better. A colour is a model; hollow points
        are trials with few labels.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    TypeError
        If `found` is not what `evaluate.downstream` returned.
    ValueError
        If it has no differences: one embedder of several frames, and nothing beside it.

    Examples
    --------
    >>> import entivec
    >>> from entivec import evaluate, plot
    >>> base = entivec.datasets.make_customers(300, random_state=0)
    >>> table, y = base.customers.drop(columns="city"), base.factors["affluence"] > 0
    >>> found = evaluate.downstream(table, y, entivec.AutoEncoder(4, max_steps=20), cv=2, few=None)
    >>> ax = plot.downstream(found)  # doctest: +SKIP
    """
    if not isinstance(found, Downstream):
        raise TypeError(
            f"found must be what entivec.evaluate.downstream returned, got {type(found).__name__}."
        )
    frame = found.differences
    if len(frame) == 0:
        raise ValueError(
            "found has one kind of features, so that there is no difference to draw; give"
            " downstream several embedders, or raw= features beside a dict of frames."
        )
    pairs = (frame["features"] + " − " + frame["against"]).rename("pair")
    places = {pair: place for place, pair in enumerate(pairs.unique())}
    series = list(frame.groupby(["model", "labels"], sort=False))
    models = list(dict.fromkeys(model for (model, _), _ in series))
    ax = ready(ax, (7.0, 1.6 + 0.16 * len(frame)))
    for shift, ((model, labels), rows) in zip(
        np.linspace(-0.28, 0.28, len(series)) if len(series) > 1 else [0.0], series, strict=True
    ):
        colour = PALETTE[models.index(model) % len(PALETTE)]
        few = labels != "all"
        ax.errorbar(
            rows["difference"],
            pairs[rows.index].map(places) + shift,
            xerr=rows["standard_error"],
            fmt="o",
            color=colour,
            mfc="white" if few else colour,
            ms=6,
            elinewidth=1.6,
            label=f"{model}, {labels} labels" if few else str(model),
        )
    ax.axvline(0, color=GREY, linewidth=1, zorder=0)
    ax.set_yticks(list(places.values()), list(places))
    ax.set_ylim(len(places) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)
    gridded(ax, "x")
    ax.set_xlabel(f"difference of {NAMES[found.metric]}")
    ax.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    titled(ax, "What the embedding adds", "paired over folds, ± one standard error")
    return ax
