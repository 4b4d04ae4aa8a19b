"""A map of the table itself, to look at beside that of an embedding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from entivec.evaluate._encoder import encoded
from entivec.plot._axes import titled
from entivec.plot._embedding import embedding
from entivec.table import TableEncoder

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def pca(X: Any, color: Any = None, ax: Axes | None = None) -> Axes:
    """Draw the rows of a table by its own two principal components, levels one-hot.

    What an embedding has to be better than; draw it beside `entivec.plot.embedding`.

    Parameters
    ----------
    X : DataFrame or array of shape (n, p)
        A table of any dtypes, read as the estimators read it; missing numbers are in the middle.
    color, ax
        As in `entivec.plot.embedding`.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If a column cannot be used, or ``color`` does not fit the rows.

    Examples
    --------
    >>> from entivec import datasets, plot
    >>> base = datasets.make_customers(300, random_state=0)
    >>> table = base.customers.drop(columns=["city", "postcode"])
    >>> ax = plot.pca(table, base.factors["affluence"])  # doctest: +SKIP
    """
    from sklearn.decomposition import PCA

    encoder = TableEncoder()
    x, _ = encoded(encoder.fit(X).layout_, encoder.transform(X))
    fitted = PCA(2, random_state=0).fit(x)
    share = fitted.explained_variance_ratio_
    names = [f"principal component {i + 1} ({share[i]:.0%} of variance)" for i in (0, 1)]
    index = X.index if isinstance(X, pd.DataFrame) else None
    points = pd.DataFrame(np.asarray(fitted.transform(x)), index, names)
    ax = embedding(points if index is not None else points.to_numpy(), color, ax)
    ax.set_xlabel(names[0])
    ax.set_ylabel(names[1])
    name = getattr(color, "name", None)
    titled(ax, "PCA of the table" + ("" if name is None else f" by {name}"))
    return ax
