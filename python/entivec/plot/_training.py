"""How the training went and what it was worth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from entivec.plot._axes import GREY, PALETTE, TEXT, gridded, ready, titled

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def history(model: Any, ax: Axes | None = None) -> Axes:
    """Draw the loss of the training rows and of the held-out rows over the steps.

    Parameters
    ----------
    model : fitted estimator
        Carries ``history_`` with the columns ``step``, ``train_loss`` and ``validation_loss``.
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
        If the model has not been fitted.

    Examples
    --------
    >>> import entivec
    >>> from entivec import datasets, plot
    >>> model = entivec.AutoEncoder(max_steps=50, random_state=0)
    >>> model = model.fit(datasets.make_customers(300, random_state=0).customers)
    >>> ax = plot.history(model)  # doctest: +SKIP
    """
    frame = fitted(model, "history_")
    ax = ready(ax)
    lines = [("train_loss", "training rows"), ("validation_loss", "held-out rows")]
    for (name, label), colour in zip(lines, PALETTE[:2], strict=True):
        known = frame[["step", name]].dropna()
        if len(known):
            ax.plot(known["step"], known[name], color=colour, label=label, linewidth=1.8)
    ax.set_xlabel("training step")
    ax.set_ylabel("loss")
    gridded(ax)
    ax.margins(x=0.01)
    ax.legend(frameon=False)
    noise = "; training rows carry noise" if getattr(model, "noise", None) else ""
    titled(ax, "Training", f"reconstruction loss, lower is better{noise}")
    return ax


def score(model: Any, ax: Axes | None = None) -> Axes:
    """Draw the explained variance of the model beside that of a PCA of the same width.

    Parameters
    ----------
    model : fitted estimator
        Carries ``validation_score_``, ``pca_validation_score_`` and ``n_components_``.
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
        If the model has not been fitted.

    Examples
    --------
    >>> import entivec
    >>> from entivec import datasets, plot
    >>> model = entivec.AutoEncoder(max_steps=50, random_state=0)
    >>> model = model.fit(datasets.make_customers(300, random_state=0).customers)
    >>> ax = plot.score(model)  # doctest: +SKIP
    """
    values = [fitted(model, "pca_validation_score_"), fitted(model, "validation_score_")]
    ax = ready(ax, (6.4, 2.4))
    bars = ax.barh(["PCA", type(model).__name__], values, color=[GREY, PALETTE[0]], height=0.6)
    ax.bar_label(bars, labels=[f"{value:.3f}" for value in values], padding=4, color=TEXT)
    ax.set_xlim(min(0.0, *values), 1.0)
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel("explained variance on held-out rows")
    titled(ax, f"What {model.n_components_} numbers per row keep", "1 is a perfect reconstruction")
    return ax


def fitted(model: Any, attribute: str) -> Any:
    """Return a fitted attribute, or say that the model has none yet."""
    if not hasattr(model, attribute):
        raise ValueError(f"This {type(model).__name__} has no {attribute}; call fit first.")
    return getattr(model, attribute)
