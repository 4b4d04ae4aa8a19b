"""How strongly every two columns of an encoded table belong together."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse

from entivec.table import Blocks, Layout

FEWEST_ROWS = 3  # two rows always lie on a line


def association(layout: Layout, blocks: Blocks) -> np.ndarray:
    """Association of the columns pair by pair over rows where both are known.

    Spearman's correlation of two numbers (each ranked once, over all its cells), Cramér's V of two
    categories (Bergsma 2013) and the correlation ratio of a category with a number (as ε² of Kelley
    1935), the latter two corrected for what few rows give by chance. Of a date the elapsed days
    count. A column that does not vary belongs to nothing.

    Returns
    -------
    ndarray of shape (sources, sources), float64
        In the order of ``layout.sources``; 1 on the diagonal.
    """
    number, first = np.unique(layout.dense_source, return_index=True)
    category = layout.code_source
    dense = blocks.dense[:, first].astype(np.float64)
    levels = [
        _one_hot(codes, count) for codes, count in zip(blocks.codes.T, layout.levels, strict=True)
    ]
    matrix = np.zeros((len(layout.sources), len(layout.sources)))
    matrix[np.ix_(number, number)] = _spearman(dense)
    for i, one in enumerate(levels):
        with_numbers = _correlation_ratio(one, dense)
        matrix[category[i], number] = matrix[number, category[i]] = with_numbers
        for j, other in enumerate(levels[:i]):
            value = _cramers_v((one.T @ other).toarray())
            matrix[category[i], category[j]] = matrix[category[j], category[i]] = value
    np.fill_diagonal(matrix, 1.0)
    return matrix


def _one_hot(codes: np.ndarray, levels: int) -> sparse.csr_matrix:
    """Indicators (n, levels) of the codes; those of missing cells are empty rows."""
    known = codes > 0
    at = np.concatenate([[0], np.cumsum(known)])
    return sparse.csr_matrix((np.ones(known.sum()), codes[known], at), (len(codes), levels))


def _spearman(dense: np.ndarray) -> np.ndarray:
    ranks = pd.DataFrame(dense).rank()
    return np.asarray(np.nan_to_num(ranks.corr(min_periods=FEWEST_ROWS).to_numpy()))


def _cramers_v(table: np.ndarray) -> float:
    table = table[table.any(axis=1)][:, table.any(axis=0)]
    n = table.sum()
    if min(table.shape) < 2 or n < FEWEST_ROWS:
        return 0.0
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / n
    square = (np.square(table - expected) / expected).sum() / n
    rows, columns = table.shape
    square = max(0.0, square - (rows - 1) * (columns - 1) / (n - 1))
    fewest = min(rows - (rows - 1) ** 2 / (n - 1), columns - (columns - 1) ** 2 / (n - 1))
    return float(np.sqrt(min(1.0, square / (fewest - 1)))) if fewest > 1 else 0.0


def _correlation_ratio(levels: sparse.csr_matrix, dense: np.ndarray) -> np.ndarray:
    """Correlation ratios (numbers,) of one category with every number."""
    known = np.isfinite(dense)
    y = np.where(known, dense, 0)
    count, total = levels.T @ known.astype(np.float64), levels.T @ y
    n = count.sum(axis=0)
    of_square = (levels.T @ np.square(y)).sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        overall = np.square(total.sum(axis=0)) / n
        between = np.where(count > 0, np.square(total) / count, 0).sum(axis=0) - overall
        unexplained = 1 - between / (of_square - overall)
        corrected = 1 - unexplained * (n - 1) / (n - (count > 0).sum(axis=0))
    corrected = np.nan_to_num(corrected, posinf=0, neginf=0)
    return np.asarray(np.sqrt(np.clip(corrected, 0, 1)))
