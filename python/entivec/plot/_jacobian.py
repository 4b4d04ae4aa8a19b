"""How steep the encoder is: the diagnostics of `entivec.evaluate`, one model or several."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from entivec import evaluate
from entivec.plot._axes import PALETTE, TEXT, gridded, ready, titled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# A scale is logarithmic where the largest value is more than this many times the smallest.
WIDE = 20.0
# Odd, so that rows that all agree are in the middle of a bar.
BINS = 41


def jacobian_norm(model: Any, X: Any, ax: Axes | None = None, **options: Any) -> Axes:
    """Draw how the norm of the encoder's Jacobian is spread over the rows.

    Parameters
    ----------
    model : fitted estimator, or dict of name to fitted estimator
        At most eight, drawn beside each other.
    X : DataFrame or array of shape (n, p)
    ax : matplotlib.axes.Axes, default=None
        Where to draw; a new figure by default.
    **options
        Given on to `entivec.evaluate.jacobian_norm`.

    Returns
    -------
    matplotlib.axes.Axes
        Histograms with the same bins for all models.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    TypeError, ValueError
        As `entivec.evaluate.jacobian_norm`.

    Examples
    --------
    >>> import entivec
    >>> from entivec import datasets, plot
    >>> base = datasets.make_customers(300, random_state=0)
    >>> model = entivec.AutoEncoder(max_steps=50, random_state=0).fit(base.customers)
    >>> ax = plot.jacobian_norm(model, base.customers)  # doctest: +SKIP
    """
    norms = {
        name: np.asarray(evaluate.jacobian_norm(one, X, **options))
        for name, one in _named(model).items()
    }
    ax = ready(ax)
    bins = _bins(np.concatenate(list(norms.values())))
    for (name, values), colour in zip(norms.items(), PALETTE, strict=False):
        shares = np.histogram(values, bins)[0] / len(values)
        ax.stairs(shares, bins, fill=True, color=colour, alpha=0.25)
        ax.stairs(shares, bins, color=colour, linewidth=1.8, label=name)
    _wide(ax, bins)
    ax.set_ylim(0, None)
    ax.set_xlabel("Frobenius norm of ∂z/∂x")
    ax.set_ylabel("share of rows")
    _finish(ax, norms)
    titled(ax, "Norm of the encoder's Jacobian", "lower: a changed row moves its code less")
    return ax


def jacobian_spectrum(model: Any, X: Any, ax: Axes | None = None, **options: Any) -> Axes:
    """Draw the mean singular values of the encoder's Jacobian.

    Parameters
    ----------
    model : fitted estimator, or dict of name to fitted estimator
        At most eight, one line each.
    X : DataFrame or array of shape (n, p)
    ax : matplotlib.axes.Axes, default=None
        Where to draw; a new figure by default.
    **options
        Given on to `entivec.evaluate.jacobian_spectrum`.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    TypeError, ValueError
        As `entivec.evaluate.jacobian_spectrum`.

    Examples
    --------
    >>> import entivec
    >>> from entivec import datasets, plot
    >>> base = datasets.make_customers(300, random_state=0)
    >>> model = entivec.AutoEncoder(max_steps=50, random_state=0).fit(base.customers)
    >>> ax = plot.jacobian_spectrum(model, base.customers)  # doctest: +SKIP
    """
    spectra = {
        name: evaluate.jacobian_spectrum(one, X, **options) for name, one in _named(model).items()
    }
    ax = ready(ax)
    for (name, spectrum), colour in zip(spectra.items(), PALETTE, strict=False):
        ax.plot(
            spectrum.index, spectrum, color=colour, label=name, linewidth=1.8, marker="o", ms=3.5
        )
    ax.set_ylim(0, None)
    ax.locator_params(axis="x", integer=True)
    ax.set_xlabel("order of the singular value")
    ax.set_ylabel("mean over rows")
    _finish(ax, spectra)
    titled(
        ax,
        "Singular values of the encoder's Jacobian",
        "a steep fall: around a row the code follows few directions",
    )
    return ax


def contraction_curve(
    model: Any, X: Any, radii: npt.ArrayLike, ax: Axes | None = None, **options: Any
) -> Axes:
    """Draw the mean contraction ratio over the distance from a row.

    Parameters
    ----------
    model : fitted estimator, or dict of name to fitted estimator
        At most eight, one line each, with a band of one standard deviation over the rows.
    X : DataFrame or array of shape (n, p)
    radii : array-like of shape (r,)
        Distances from a row, in units of the encoded row.
    ax : matplotlib.axes.Axes, default=None
        Where to draw; a new figure by default.
    **options
        Given on to `entivec.evaluate.contraction_curve`.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    TypeError, ValueError
        As `entivec.evaluate.contraction_curve`.

    Examples
    --------
    >>> import entivec
    >>> from entivec import datasets, plot
    >>> base = datasets.make_customers(300, random_state=0)
    >>> model = entivec.AutoEncoder(max_steps=50, random_state=0).fit(base.customers)
    >>> ax = plot.contraction_curve(model, base.customers, [0.1, 1, 10])  # doctest: +SKIP
    """
    curves = {
        name: evaluate.contraction_curve(one, X, radii, **options).sort_values("radius")
        for name, one in _named(model).items()
    }
    ax = ready(ax)
    for (name, curve), colour in zip(curves.items(), PALETTE, strict=False):
        radius, ratio, spread = (curve[part] for part in ("radius", "ratio", "spread"))
        ax.plot(radius, ratio, color=colour, label=name, linewidth=1.8, marker="o", ms=3.5)
        low = np.maximum(ratio - spread, 0)
        ax.fill_between(radius, low, ratio + spread, color=colour, alpha=0.12, linewidth=0)
    _wide(ax, np.asarray(radii, dtype=np.float64))
    ax.set_ylim(0, None)
    ax.set_xlabel("distance from the row, ‖x − x′‖")
    ax.set_ylabel("‖z(x) − z(x′)‖ / ‖x − x′‖")
    _finish(ax, curves)
    titled(
        ax, "Contraction by distance", "mean over rows and directions; band: ± 1 sd over the rows"
    )
    return ax


def saturated_share(model: Any, X: Any, ax: Axes | None = None, **options: Any) -> Axes:
    """Draw the share of saturated units by layer of the encoder.

    Parameters
    ----------
    model : fitted estimator, or dict of name to fitted estimator
        At most eight, one bar each in every layer. Linear models have no layer to show.
    X : DataFrame or array of shape (n, p)
    ax : matplotlib.axes.Axes, default=None
        Where to draw; a new figure by default.
    **options
        Given on to `entivec.evaluate.saturated_share`.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    TypeError, ValueError
        As `entivec.evaluate.saturated_share`.

    Examples
    --------
    >>> import entivec
    >>> from entivec import datasets, plot
    >>> base = datasets.make_customers(300, random_state=0)
    >>> model = entivec.AutoEncoder(max_steps=50, random_state=0).fit(base.customers)
    >>> ax = plot.saturated_share(model, base.customers)  # doctest: +SKIP
    """
    all_shares = {
        name: evaluate.saturated_share(one, X, **options) for name, one in _named(model).items()
    }
    shares = {name: share for name, share in all_shares.items() if len(share)}
    layers = max((len(share) for share in shares.values()), default=0)
    ax = ready(ax, (6.4, 1.8 + 0.3 * layers * len(shares)))
    height = 0.8 / max(len(shares), 1)
    for i, ((name, share), colour) in enumerate(zip(shares.items(), PALETTE, strict=False)):
        place = share.index - 0.4 + (i + 0.5) * height
        bars = ax.barh(place, share, height, color=colour, label=name)
        ax.bar_label(bars, fmt="{:.0%}", padding=3, fontsize="small", color=TEXT)
    if not shares:
        ax.text(0.5, 1, "no layer has an activation", ha="center", va="center", color=TEXT)
    ax.set_yticks(range(1, layers + 1), [f"layer {layer}" for layer in range(1, layers + 1)])
    ax.set_ylim(max(layers, 1) + 0.5, 0.5)
    ax.set_xlim(0, 1.08)
    ax.xaxis.set_major_formatter("{x:.0%}")
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel("saturated units")
    _finish(ax, shares, axis="x")
    titled(ax, "Saturated units by layer", "activations that are flat at a row, mean over rows")
    return ax


def _named(model: Any) -> Mapping[str, Any]:
    """Models by name: those given, or the one under the name of its class."""
    if not isinstance(model, Mapping):
        return {type(model).__name__: model}
    if not 1 <= len(model) <= len(PALETTE):
        raise ValueError(
            f"model must name between 1 and {len(PALETTE)} models to be told apart in one picture,"
            f" got {len(model)}."
        )
    return {str(name): one for name, one in model.items()}


def _is_wide(values: np.ndarray) -> bool:
    return bool(values.min() > 0 and values.max() > WIDE * values.min())


def _wide(ax: Axes, values: np.ndarray) -> None:
    """Give values of several sizes a logarithmic axis."""
    if _is_wide(values):
        ax.set_xscale("log")


def _bins(values: np.ndarray) -> np.ndarray:
    low, high = float(values.min()), float(values.max())
    if _is_wide(values):
        return np.geomspace(low, high, BINS + 1)
    # Where all rows agree, as those of a linear model do, the bars still need a width.
    margin = 0.02 * high or 0.5
    if high - low >= margin:
        margin = 0.0
    return np.linspace(low - margin, high + margin, BINS + 1)


def _finish(ax: Axes, drawn: Mapping[str, Any], axis: Literal["x", "y"] = "y") -> None:
    """Grid, and a legend where there is something to tell apart."""
    gridded(ax, axis)
    ax.set_axisbelow(True)
    if len(drawn) > 1:
        ax.legend(frameon=False)
