"""What the components of an embedding have to do with the columns of a table."""

from __future__ import annotations

import warnings
from typing import Any

import pandas as pd

from entivec.base.frames import matched
from entivec.evaluate._association import association
from entivec.evaluate._reading import about, flat, read_frame, without_sparse
from entivec.evaluate._vectors import read_vectors
from entivec.table import TableEncoder
from entivec.table.report import TableWarning


def latent_correlations(vectors: Any, table: Any) -> pd.DataFrame:
    """How strongly every component of an embedding belongs to every column of a table.

    Spearman's correlation, from -1 to 1, where the column holds numbers or dates; the correlation
    ratio, from 0 to 1, where it holds categories (corrected for what many levels explain by chance,
    as ε² of Kelley 1935). Cells that are missing do not count; ranks are those
    among all cells of the column.

    Parameters
    ----------
    vectors : DataFrame or array of shape (n, d)
    table : DataFrame or array of shape (n, p)
        The table that was embedded, or what else is known of the rows. Met by index where both
        are DataFrames.

    Returns
    -------
    DataFrame of shape (p, d), float64
        Columns of the table by components; 0 for a column that does not vary.

    Raises
    ------
    ValueError
        If a number of `vectors` is missing, or a row is not in the table.

    Examples
    --------
    >>> import entivec
    >>> from entivec import evaluate
    >>> base = entivec.datasets.make_customers(300, random_state=0)
    >>> codes = entivec.AutoEncoder(4, max_steps=50).fit_transform(base.customers)
    >>> found = evaluate.latent_correlations(codes, base.customers)
    >>> found.shape, list(found.columns[:2])
    ((20, 4), ['autoencoder0', 'autoencoder1'])
    """
    values, index = read_vectors(vectors)
    rows = vectors if isinstance(vectors, pd.DataFrame) else values
    frame = without_sparse(matched("table", read_frame("table", table), rows))
    latents = pd.DataFrame(values, index).add_prefix("latent ")
    columns = frame.set_axis([f"column {i}" for i in range(frame.shape[1])], axis=1)
    columns.index = latents.index
    encoder = TableEncoder(
        parse="never",
        text_components=0,
        continuous=list(latents),
        max_levels=max(2, len(columns)),
        min_share=0.0,
    )
    with about("table"), warnings.catch_warnings():
        warnings.simplefilter("ignore", TableWarning)  # levels of one row tell nothing anyway
        blocks = encoder.fit_transform(pd.concat([latents, columns], axis=1))
    sources = encoder.layout_.sources
    square = pd.DataFrame(association(encoder.layout_, blocks), sources, sources)
    found = square.reindex(index=list(columns), columns=list(latents), fill_value=0.0)
    named = vectors.columns if isinstance(vectors, pd.DataFrame) else range(values.shape[1])
    return found.set_axis(flat(frame.columns), axis=0).set_axis(flat(named), axis=1)
