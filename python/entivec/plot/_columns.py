"""Which columns the embedding keeps and which it loses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from entivec.plot._axes import PALETTE, TEXT, gridded, ready, titled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_COLUMNS = 40


def column_errors(model: Any, X: Any, ax: Axes | None = None) -> Axes:
    """Draw the mean reconstruction error of every column, the best kept on top.

    Parameters
    ----------
    model : fitted estimator
        Offers ``reconstruction_error(X, per_column=True)``.
    X : DataFrame or array of shape (n, p)
        The rows to reconstruct; missing cells do not count.
    ax : matplotlib.axes.Axes, default=None
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        Of more than 40 columns the 40 worst are drawn.

    Raises
    ------
    ImportError
        If matplotlib is not installed.

    Examples
    --------
    >>> import entivec
    >>> from entivec import datasets, plot
    >>> base = datasets.make_customers(300, random_state=0)
    >>> model = entivec.AutoEncoder(max_steps=50, random_state=0).fit(base.customers)
    >>> ax = plot.column_errors(model, base.customers)  # doctest: +SKIP
    """
    errors = model.reconstruction_error(X, per_column=True)
    mean = errors.mean().sort_values(ascending=False)
    shown = mean.head(MOST_COLUMNS)
    ax = ready(ax, (6.4, 1.4 + 0.24 * len(shown)))
    bars = ax.barh([str(name) for name in shown.index], shown.to_numpy(), color=PALETTE[0])
    ax.bar_label(bars, fmt="%.2f", padding=3, fontsize="small", color=TEXT)
    ax.set_xlim(0, 1.12 * float(np.nanmax(shown)))
    gridded(ax, "x")
    ax.set_axisbelow(True)
    ax.tick_params(axis="y", length=0)
    ax.margins(y=0.01)
    ax.set_xlabel("mean reconstruction error")
    titled(ax, f"Reconstruction error by column{worst_of(len(mean))}", "lower is better")
    return ax


def worst_of(columns: int) -> str:
    """Return what a title says where the picture has not room for all columns."""
    return "" if columns <= MOST_COLUMNS else f" (the {MOST_COLUMNS} worst of {columns})"
