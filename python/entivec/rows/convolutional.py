"""The autoencoder of 1×1 convolutions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from entivec.base import estimator, parameter
from entivec.rows.base import RowAutoEncoder
from entivec.rows.network import Sizes
from entivec.rows.parameters import check_sizes
from entivec.rows.task import Task
from entivec.table import TableEncoder


@estimator
class ConvAutoEncoder(RowAutoEncoder):
    """Embed rows through channels that all encoded columns share (Bertrand et al.).

    The encoded row is read as as many positions as it has columns (numbers, gap flags, one-hot
    cells), with one channel. Convolutions of kernel size one, 1 → `channels`, each followed by the
    activation, turn every position into a vector of ``channels[-1]`` numbers; these, flattened,
    enter a dense layer that is the code. The decoder mirrors it. Our reading of what the paper
    leaves unsaid: a 1×1 convolution is one small network applied to every column alike and mixes
    nothing, so that the bottleneck is the dense layer alone. That layer has
    encoded width × ``channels[-1]`` × `n_components` weights: the model is large on wide tables.

    Columns of two levels are positions with several channels: the first label names the position,
    the second the channel, and the convolutions begin with all channels of a position at once. So
    facts of products in periods (`EventEncoder.periods`) are read product by product, through one
    network that sees how a product went over time. Their numbers are then always numbers, however
    few values they take; a column that is no number is positions of its own, and one that is
    missing from the grid, or constant, is zero.

    A pure chain as published; PCA of the same width is reported beside it, and guaranteed with
    ``linear_path=True``.

    {parameters}

    Methods and attributes are those of `AutoEncoder`.

    References
    ----------
    Bertrand et al., Autoencoder-based General Purpose Representation Learning for Customer
    Embedding.

    Examples
    --------
    >>> import entivec
    >>> customers = entivec.datasets.make_customers(300, random_state=0).customers
    >>> model = entivec.ConvAutoEncoder(4, channels=(4, 8), max_steps=50)
    >>> model.fit_transform(customers).shape
    (300, 4)
    >>> orders = entivec.datasets.make_orders(200, random_state=0)
    >>> log = entivec.EventEncoder("customer_id", time="time", categories=["product"]).fit(orders)
    >>> products = log.periods(orders, period="30D", count=6)
    >>> model.fit_transform(products).shape[1]
    4
    """

    channels: Sequence[int] = parameter(
        default=(32, 64),
        allowed=["array-like"],
        kind="sequence of int",
        meaning="Channels after each convolution of the encoder.",
    )
    dropout: float = parameter(
        default=0.0,
        meaning="Must be 0: all columns share one network, and a mask for each would differ.",
    )
    noise: str | None = None
    linear_path: bool = False

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_channels(self, self.channels)

    def _sizes(self, task: Task, width: int) -> Sizes:
        sizes = super()._sizes(task, width)
        return with_channels(sizes, check_channels(self, self.channels), task)

    def _new_table(self, X: Any) -> TableEncoder:
        return grid_encoder(X) if self.table is None else super()._new_table(X)


def with_channels(sizes: Sizes, channels: tuple[int, ...], task: Task) -> Sizes:
    """Return the sizes of a network of channels, over the positions of a table."""
    layout = task.layout
    return replace(
        sizes, channels=channels, position_channels=layout.channels, position_cells=layout.cells
    )


def grid_encoder(X: Any) -> TableEncoder:
    """Return the encoder of a table, in which numbers on a grid of channels are numbers."""
    if not (isinstance(X, pd.DataFrame) and X.columns.nlevels == 2):
        return TableEncoder()
    numbers = [
        name
        for name, dtype in zip(X.columns, X.dtypes, strict=True)
        if pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_bool_dtype(dtype)
    ]
    return TableEncoder(continuous=numbers)


def check_channels(model: RowAutoEncoder, channels: Sequence[int]) -> tuple[int, ...]:
    """Return channels as sizes; refuse what a network of channels does not do.

    Raises
    ------
    ValueError
    """
    example = "positive whole numbers such as (32, 64)"
    sizes = check_sizes("channels", channels, 1, example)
    if not sizes:
        raise ValueError(f"channels must be {example}; got {tuple(channels)!r}.")
    if model.dropout:
        raise ValueError(
            f"dropout must be 0 for {type(model).__name__} with channels, whose columns share"
            f" one network; got {model.dropout!r}. Use noise or l2 instead."
        )
    return sizes
