"""A map of the entities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.api.types import is_bool_dtype, is_datetime64_any_dtype, is_numeric_dtype

from entivec.base.frames import matched
from entivec.plot._axes import GREY, PALETTE, ready, titled
from entivec.plot._plane import METHODS, neighbour_map, principal_plane

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_POINTS = 20_000
MOST_LEVELS = len(PALETTE)
# Whole numbers with more distinct values than this are coloured as a scale.
MOST_WHOLE_NUMBERS = 6
REST = {"other": GREY, "missing": "#E2E2E2"}


MOST_MAPPED = 5_000  # points of a map that is not linear, which takes its time


def embedding(
    embedding: Any, color: Any = None, ax: Axes | None = None, method: str = "pca"
) -> Axes:
    """Draw the entities as points in the plane, coloured by one of their properties.

    Of more than 20,000 rows an evenly spread 20,000 are drawn, 5,000 by "tsne" and "umap".

    Parameters
    ----------
    embedding : DataFrame or array of shape (n, d), d >= 2
        What ``transform`` returned.
    color : array-like of length n, or Series by identifier, default=None
        Numbers and dates are drawn with a colour bar (clipped to the 1st and 99th percentile);
        categories, text and booleans with a legend (the eight most frequent levels, the rest as
        "other"). A Series is matched by index where the embedding is a DataFrame, and may have more
        rows: the departments of all products beside the vectors of those that were sold.
    ax : matplotlib.axes.Axes, default=None
        Where to draw; a new figure by default.
    method : {"pca", "tsne", "umap"}, default="pca"
        How more than two components become two. "pca": the two principal components of the
        embedding. "tsne" (van der Maaten & Hinton 2008, by scikit-learn) and "umap" (McInnes et al.
        2018, needs ``umap-learn``) keep who is near whom, not how far groups are apart.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed, or umap-learn where it is asked for.
    ValueError
        If the embedding is not two-dimensional with at least two columns, ``color`` does not fit
        its rows, or the method is unknown.

    Examples
    --------
    >>> import entivec
    >>> from entivec import datasets, plot
    >>> base = datasets.make_customers(300, random_state=0)
    >>> codes = entivec.AutoEncoder(max_steps=50, random_state=0).fit_transform(base.customers)
    >>> ax = plot.embedding(codes, base.factors["affluence"])  # doctest: +SKIP
    """
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}; got {method!r}.")
    values = _values(embedding)
    colour = None if color is None else matched("color", color, embedding)
    ax = ready(ax, (6.8, 5.2))
    most = MOST_POINTS if method == "pca" else MOST_MAPPED
    shown = np.linspace(0, len(values) - 1, min(len(values), most)).astype(int)
    # A fixed shuffle keeps the last rows of a sorted table from covering the first.
    shown = np.random.default_rng(0).permutation(shown)
    if method == "pca":
        points, names = _plane(values, getattr(embedding, "columns", None))
        points = points[shown]
    else:
        points, names = _map(values[shown], method)
    if colour is None:
        _dots(ax, points, color=PALETTE[0])
    elif _is_scale(colour):
        _with_colorbar(ax, points, colour.iloc[shown])
    else:
        _with_legend(ax, points, _levels(colour).iloc[shown])
    ax.set_xlabel(names[0])
    ax.set_ylabel(names[1])
    title = "Embedding" if colour is None or colour.name is None else f"Embedding by {colour.name}"
    titled(ax, title)
    return ax


def _values(embedding: Any) -> npt.NDArray[np.float64]:
    values = np.asarray(embedding, dtype=np.float64)
    if values.ndim != 2 or values.shape[1] < 2 or not len(values):
        raise ValueError(
            "embedding must have rows and at least two columns to be drawn, "
            f"got shape {values.shape}."
        )
    return values


def _plane(
    values: npt.NDArray[np.float64], columns: Any
) -> tuple[npt.NDArray[np.float64], list[str]]:
    """Return points (n, 2) and what the two axes are."""
    if values.shape[1] == 2:
        names = ["component 0", "component 1"] if columns is None else columns
        return values, [str(name) for name in names]
    points, share = principal_plane(values)
    names = [
        f"principal component {i + 1} of the embedding ({share[i]:.0%} of variance)" for i in (0, 1)
    ]
    return points, names


def _map(values: npt.NDArray[np.float64], method: str) -> tuple[npt.NDArray[np.float64], list[str]]:
    """Return points (n, 2) that keep neighbourhoods, and what the two axes are."""
    points = neighbour_map(values, method, 0, "method")
    name = {"tsne": "t-SNE", "umap": "UMAP"}[method]
    return np.asarray(points, dtype=np.float64), [f"{name} 1", f"{name} 2"]


def _is_scale(colour: pd.Series[Any]) -> bool:
    if is_bool_dtype(colour.dtype) or not (
        is_numeric_dtype(colour.dtype) or is_datetime64_any_dtype(colour.dtype)
    ):
        return False
    if is_datetime64_any_dtype(colour.dtype):
        return True
    known = colour.dropna()
    return bool(known.nunique() > MOST_WHOLE_NUMBERS or (known % 1 != 0).any())


def _levels(colour: pd.Series[Any]) -> pd.Series[Any]:
    """Return an ordered category: the most frequent levels, then "other" and "missing"."""
    frequent = list(colour.value_counts().index)
    if isinstance(colour.dtype, pd.CategoricalDtype):
        order = [level for level in colour.cat.categories if level in set(frequent[:MOST_LEVELS])]
    else:
        order = frequent[:MOST_LEVELS]
    text = colour.astype(object)
    named = text.astype(str).where(text.isin(order), "other").where(colour.notna(), "missing")
    present = list(dict.fromkeys(str(level) for level in order if str(level) not in REST))
    present += [word for word in REST if (named == word).any()]
    ordered = isinstance(colour.dtype, pd.CategoricalDtype) and bool(colour.cat.ordered)
    levels = pd.Categorical(named, categories=present, ordered=ordered)
    named_levels: pd.Series[Any] = pd.Series(levels, colour.index)
    return named_levels


def _dots(ax: Axes, points: npt.NDArray[np.float64], **look: Any) -> Any:
    size = float(np.clip(24_000 / max(len(points), 1), 4.0, 30.0))
    look = {"alpha": 0.75, "s": size, "linewidths": 0, "rasterized": True} | look
    return ax.scatter(points[:, 0], points[:, 1], **look)


def _with_colorbar(ax: Axes, points: npt.NDArray[np.float64], colour: pd.Series[Any]) -> None:
    import matplotlib.cm
    import matplotlib.dates

    dates = is_datetime64_any_dtype(colour.dtype)
    if dates:
        values = matplotlib.dates.date2num(colour)  # type: ignore[no-untyped-call]
    else:
        # By way of objects: old pandas refuses nullable numbers with gaps.
        values = colour.astype(object).where(colour.notna(), np.nan).to_numpy(np.float64)
    known = np.isfinite(values)
    _dots(ax, points[~known], color=GREY, alpha=0.4)
    low, high = np.percentile(values[known], [1, 99]) if known.any() else (0.0, 1.0)
    dots = _dots(ax, points[known], c=values[known], vmin=low, vmax=high, cmap="viridis")
    # A mappable of its own: the bar must not be see-through as the dots are.
    scale = matplotlib.cm.ScalarMappable(norm=dots.norm, cmap=dots.cmap)
    bar = ax.figure.colorbar(scale, ax=ax, extend="both")
    if dates:
        months = matplotlib.dates.DateFormatter("%Y-%m")  # type: ignore[no-untyped-call]
        bar.ax.yaxis.set_major_formatter(months)


def _with_legend(ax: Axes, points: npt.NDArray[np.float64], levels: pd.Series[Any]) -> None:
    import matplotlib.lines

    names = list(levels.cat.categories)
    known = [level for level in names if level not in REST]
    palette = _gradient(len(known)) if levels.cat.ordered else list(PALETTE)
    colours = palette[: len(known)] + [REST[level] for level in names[len(known) :]]
    # One cloud in shuffled order: no level hides another.
    _dots(ax, points, color=np.array(colours)[levels.cat.codes])
    handles = [
        matplotlib.lines.Line2D([], [], marker="o", linestyle="", color=colour, label=level)
        for level, colour in zip(names, colours, strict=True)
    ]
    ax.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False)


def _gradient(k: int) -> list[str]:
    """Colours for ordered levels, dark to light, short of the palest end."""
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    return [to_hex(step) for step in colormaps["viridis"](np.linspace(0.0, 0.92, k))]
