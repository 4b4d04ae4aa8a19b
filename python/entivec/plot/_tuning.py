"""How a search for parameters went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from entivec.plot._axes import PALETTE, TEXT, gridded, ready, titled

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def tuning(model: Any, ax: Axes | None = None) -> Axes:
    """Draw the score of every trial and the best so far.

    Parameters
    ----------
    model : what `entivec.tune` returned, or its ``study_``
    ax : matplotlib.axes.Axes, default=None
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        The first trial is the estimator as it was given; trials given up are ticks at the bottom.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    TypeError
        If it is neither.

    Examples
    --------
    >>> from entivec import plot
    >>> ax = plot.tuning(entivec.tune(entivec.AutoEncoder(16), customers))  # doctest: +SKIP
    """
    study = model if hasattr(model, "trials") else getattr(model, "study_", None)
    if study is None or not hasattr(study, "trials"):
        raise TypeError(
            f"model must be what entivec.tune returned, or its study_; got {type(model).__name__}."
        )
    trials = study.trials
    done = [(t.number, t.value) for t in trials if t.state.name == "COMPLETE"]
    given_up = [t.number for t in trials if t.state.name in ("PRUNED", "FAIL")]
    number, value = np.array(done).reshape(-1, 2).T
    ax = ready(ax)
    ax.plot(number, value, "o", ms=5, color=PALETTE[0], alpha=0.7, label="trials")
    best = np.maximum.accumulate(value)
    ax.plot(number, best, drawstyle="steps-post", color=PALETTE[1], label="best so far")
    if len(number) and number[0] == 0:
        ax.axhline(value[0], color=TEXT, linewidth=1, linestyle="--", label="as it was given")
    if given_up:
        ax.plot(given_up, np.zeros(len(given_up)), "|", ms=10, color="#888888",
                transform=ax.get_xaxis_transform(), clip_on=False, label="given up")  # fmt: skip
    if len(value):
        _from_the_middle(ax, value)
    gridded(ax)
    ax.set_xlabel("trial")
    ax.set_ylabel("score on held-out rows")
    ax.legend(edgecolor="none")
    titled(ax, "Search for parameters", "higher is better")
    return ax


def _from_the_middle(ax: Axes, value: np.ndarray) -> None:
    """Leave bad trials below the picture, but the first, where they would flatten the others."""
    low, top = np.quantile(value, [0.25, 1.0])
    least = min(max(float(value.min()), float(low - 2 * (top - low))), float(value[0]))
    margin = 0.08 * max(float(top) - least, 1e-6)
    ax.set_ylim(least - 2 * margin, float(top) + margin)
