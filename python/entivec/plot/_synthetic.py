"""A synthetic table beside the real one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from entivec.evaluate import SyntheticCheck
from entivec.plot._axes import PALETTE, TEXT, gridded, ready, titled
from entivec.plot._columns import MOST_COLUMNS, worst_of
from entivec.plot._heat import heat, heat_size

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEAST_WIDTH = 0.1  # so that distances of sampling noise do not fill the picture


def synthetic_marginals(check: SyntheticCheck, ax: Axes | None = None) -> Axes:
    """Draw how far every column of the sample is from the real one, the worst on top.

    Parameters
    ----------
    check : SyntheticCheck
        What `entivec.evaluate.synthetic_check` returned.
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
    TypeError
        If `check` is not a SyntheticCheck.

    Examples
    --------
    >>> import entivec
    >>> from entivec import evaluate, plot
    >>> real = entivec.datasets.make_customers(300, random_state=0).customers
    >>> check = evaluate.synthetic_check(real, real.sample(300, replace=True, random_state=0))
    >>> ax = plot.synthetic_marginals(check)  # doctest: +SKIP
    """
    _check(check)
    shown = check.marginals.head(MOST_COLUMNS)[::-1]
    ax = ready(ax, (6.4, 1.6 + 0.24 * len(shown)))
    place = np.arange(len(shown))
    number = shown["kind"].isin(["continuous", "datetime"]).to_numpy()
    distance = shown["distance"].to_numpy()
    for which, colour, label in (
        (number, PALETTE[0], "numbers and dates: Kolmogorov-Smirnov"),
        (~number, PALETTE[4], "categories: total variation"),
    ):
        if which.any():
            bars = ax.barh(place[which], distance[which], color=colour, label=label)
            ax.bar_label(bars, fmt="%.3f", padding=8, fontsize="small", color=TEXT)
    missing = (shown["missing_sample"] - shown["missing_real"]).abs().to_numpy()
    gaps = missing > 0
    if gaps.any():
        (marks,) = ax.plot(missing[gaps], place[gaps], "D", color=PALETTE[1], ms=7, mec="white")
        marks.set_label("difference of missing shares")
        marks.set_clip_on(False)
    ax.set_yticks(place, [str(name) for name in shown.index])
    ax.set_xlim(0, 1.15 * max(LEAST_WIDTH, float(distance.max()), float(missing.max())))
    gridded(ax, "x")
    ax.set_axisbelow(True)
    ax.tick_params(axis="y", length=0)
    ax.margins(y=0.01)
    ax.set_xlabel("distance of the sample from the real column")
    ax.legend(frameon=False, loc="lower right", fontsize="small")
    title = f"Marginals{worst_of(len(check.marginals))}"
    titled(ax, title, "0: the same distribution, 1: none in common")
    return ax


def synthetic_association(check: SyntheticCheck, ax: Axes | None = None) -> Axes:
    """Draw how columns belong together: the real table below the diagonal, the sample above.

    Parameters
    ----------
    check : SyntheticCheck
        What `entivec.evaluate.synthetic_check` returned.
    ax : matplotlib.axes.Axes, default=None
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        Symmetric where the sample keeps the real associations. Of more than 40 columns the 40
        strongest associated are drawn.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    TypeError
        If `check` is not a SyntheticCheck.

    Examples
    --------
    >>> import entivec
    >>> from entivec import evaluate, plot
    >>> real = entivec.datasets.make_customers(300, random_state=0).customers
    >>> check = evaluate.synthetic_check(real, real.sample(300, replace=True, random_state=0))
    >>> ax = plot.synthetic_association(check)  # doctest: +SKIP
    """
    _check(check)
    real, sample = check.real_association, check.sample_association
    strongest = real.abs().to_numpy().mean(axis=1).argsort()[::-1][:MOST_COLUMNS]
    kept = np.sort(strongest)
    real, sample = real.iloc[kept, kept], sample.iloc[kept, kept]
    both = np.tril(real.to_numpy(), -1) + np.triu(sample.to_numpy(), 1)
    np.fill_diagonal(both, np.nan)
    matrix = pd.DataFrame(both, real.index, real.columns)
    ax = ready(ax, heat_size(matrix))
    heat(ax, matrix, "Spearman's ρ, Cramér's V or correlation ratio", "RdBu_r", -1, 1)
    difference = check.scores["association_difference"]
    titled(
        ax,
        "Association of columns",
        f"below the diagonal: real; above: sample; mean difference {difference:.3f}",
    )
    return ax


def _check(check: object) -> None:
    if not isinstance(check, SyntheticCheck):
        raise TypeError(
            "check must be what entivec.evaluate.synthetic_check returned, got"
            f" {type(check).__name__}."
        )
