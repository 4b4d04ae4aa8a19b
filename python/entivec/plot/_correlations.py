"""Which variables go together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from entivec.plot._axes import ready, titled
from entivec.plot._heat import heat, heat_size

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def correlations(matrix: pd.DataFrame, ax: Axes | None = None, title: str = "Correlations") -> Axes:
    """Draw correlations as a heat map.

    Parameters
    ----------
    matrix : DataFrame
        Numbers from -1 to 1, such as `entivec.evaluate.latent_correlations` returns, or
        ``DataFrame.corr()``.
    ax : matplotlib.axes.Axes, default=None
        Where to draw; a new figure by default.
    title : str, default="Correlations"

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If there are no numbers from -1 to 1.

    Examples
    --------
    >>> import pandas as pd
    >>> from entivec import plot
    >>> frame = pd.DataFrame({"fresh": [1, 2, 3, 4], "milk": [1, 3, 2, 5]})
    >>> ax = plot.correlations(frame.corr())  # doctest: +SKIP
    """
    frame = pd.DataFrame(matrix)
    values = frame.to_numpy(np.float64)
    if not values.size or np.nanmax(np.abs(values), initial=0) > 1 + 1e-9:
        raise ValueError(
            "matrix must hold correlations, numbers from -1 to 1, such as"
            " evaluate.latent_correlations or DataFrame.corr() give."
        )
    ax = ready(ax, heat_size(frame))
    heat(ax, frame, "correlation", "RdBu_r", -1, 1)
    titled(ax, title)
    return ax
