"""Latents and factors as variables: numbers or categories, whole and in bins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from entivec.evaluate._reading import about, read_frame, without_sparse
from entivec.table import TableEncoder

EVERY_LEVEL = 2**31 - 1


@dataclass(frozen=True)
class Variable:
    """One latent or factor.

    Attributes
    ----------
    values : ndarray of shape (n, w), float64
        A number standardised (w = 1), or the levels of a category one-hot.
    bins : ndarray of shape (n,), int
        The interval of a number, or the level of a category.
    is_number : bool
    """

    values: np.ndarray
    bins: np.ndarray
    is_number: bool


def read_complete(argument: str, X: Any) -> pd.DataFrame:
    """Return the table as a frame without gaps; columns of an array are named latent0, ..."""
    frame = without_sparse(read_frame(argument, X))
    if not isinstance(X, (pd.DataFrame, pd.Series)):
        frame.columns = [f"{argument.removesuffix('s')}{i}" for i in frame.columns]
    missing = frame.isna().to_numpy()
    if missing.any():
        row, column = np.argwhere(missing)[0]
        raise ValueError(
            f"{argument}: column {frame.columns[column]!r} is missing at row position {row};"
            " drop such rows from latents and factors, or fill the gaps."
        )
    return frame


def variables(argument: str, frame: pd.DataFrame, n_bins: int) -> dict[Any, Variable]:
    """Read every column as `TableEncoder` does, by name."""
    encoder = TableEncoder(
        scale="standard", max_levels=EVERY_LEVEL, min_share=0.0, unknown_rate=0.0
    )
    with about(argument):
        dense, codes, _ = encoder.fit_transform(frame)
    read: dict[Any, Variable] = {}
    at = {"dense": 0, "codes": 0}
    for name, column in zip(frame.columns, encoder.columns_, strict=True):
        if column.block == "dense":
            # Of a date the elapsed days, which come first.
            number = dense[:, [at["dense"]]].astype(np.float64)
            read[name] = Variable(number, _bins(number.ravel(), n_bins), True)
        elif column.block == "codes":
            levels, bins = np.unique(codes[:, at["codes"]], return_inverse=True)
            read[name] = Variable(np.eye(len(levels))[bins], bins, False)
        else:
            read[name] = Variable(np.zeros((len(frame), 1)), np.zeros(len(frame), int), True)
        if column.block in at:
            at[column.block] += column.width
    return read


def _bins(number: np.ndarray, n_bins: int) -> np.ndarray:
    """Position among the distinct values where they are few, else the interval of equal width."""
    distinct, bins = np.unique(number, return_inverse=True)
    if len(distinct) <= n_bins:
        return np.asarray(bins)
    return np.asarray(np.digitize(number, np.histogram_bin_edges(number, n_bins)[1:-1]))
