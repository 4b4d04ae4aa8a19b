"""A matrix as coloured cells with the names of its rows and columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from entivec.plot._axes import TEXT

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_WRITTEN = (40, 25)  # rows and columns up to which the values fit into the cells
PALE = 0.55  # of the scale, up to where dark letters are read best


def heat(ax: Axes, matrix: pd.DataFrame, label: str, cmap: str, low: float, high: float) -> None:
    """Draw the matrix, its values where there is room, and the scale of its colours."""
    values = matrix.to_numpy(np.float64)
    cells = ax.pcolormesh(values, cmap=cmap, vmin=low, vmax=high, edgecolors="white", linewidth=0.5)
    ax.set_xlim(0, values.shape[1])
    ax.set_ylim(values.shape[0], 0)
    _name(ax, matrix)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    if (np.array(values.shape) <= MOST_WRITTEN).all():
        _write(ax, values, max(abs(low), abs(high)))
    bar: Any = ax.figure.colorbar(cells, ax=ax, label=label, aspect=30, pad=0.02)
    bar.outline.set_visible(False)


def heat_size(matrix: pd.DataFrame) -> tuple[float, float]:
    """Inches that leave every name and value room, within what a page holds."""
    rows, columns = matrix.shape
    return float(np.clip(3.2 + 0.5 * columns, 5.0, 14.0)), float(
        np.clip(1.8 + 0.36 * rows, 3.8, 13.0)
    )


def _name(ax: Axes, matrix: pd.DataFrame) -> None:
    """Name rows and columns; of many only some, so that the letters do not overlap."""
    for axis, names in ((ax.xaxis, matrix.columns), (ax.yaxis, matrix.index)):
        step = -(-len(names) // 40)
        at = range(0, len(names), step)
        axis.set_ticks([i + 0.5 for i in at], [str(names[i]) for i in at])
    longest = max(len(str(name)) for name in matrix.columns)
    if longest > 5:
        ax.tick_params(axis="x", labelrotation=40)
        for text in ax.get_xticklabels():
            text.set_horizontalalignment("right")
            text.set_rotation_mode("anchor")


def _write(ax: Axes, values: np.ndarray, most: float) -> None:
    for (row, column), value in np.ndenumerate(values):
        if abs(value) >= 0.005:  # the empty cells are to look empty
            ax.text(
                column + 0.5,
                row + 0.5,
                f"{value:.2f}".replace("0.", "."),
                ha="center",
                va="center",
                fontsize="x-small",
                color=TEXT if abs(value) <= PALE * most else "white",
            )
