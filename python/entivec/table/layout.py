"""What the core must know of a fitted codec."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .blocks import Layout
from .categorical import CategoricalColumn
from .cells import shown
from .fitted import FittedTable, coded_part


def source_positions(fitted: FittedTable) -> tuple[list[int], int]:
    """Positions of the modelled columns, in order, and the place of the bag among them or -1.

    All columns of the bag together are one source, at the place of the first of them.
    """
    modelled = [
        position
        for position, column in zip(fitted.positions, fitted.columns, strict=True)
        if column.block in ("dense", "codes")
    ]
    positions = list(dict.fromkeys(modelled))  # text with many levels has two columns
    bag = _bag_positions(fitted)
    if not bag:
        return positions, -1
    place = sum(position < bag[0] for position in positions)
    positions.insert(place, bag[0])
    return positions, place


def source_names(fitted: FittedTable) -> pd.Index:
    """Return the modelled columns by the labels of the table; "bag" for several of the bag."""
    positions, place = source_positions(fitted)
    names: pd.Index = fitted.names[positions]
    if place < 0 or (len(_bag_positions(fitted)) == 1 and not fitted.bag_positions):
        return names
    labels = list(names)
    labels[place] = "bag"
    index: pd.Index = pd.Index(labels, tupleize_cols=False)
    return index


def _bag_positions(fitted: FittedTable) -> list[int]:
    labelled = [
        position
        for position, column in zip(fitted.positions, fitted.columns, strict=True)
        if column.block == "bags"
    ]
    return sorted([*fitted.bag_positions, *labelled])


def build_layout(fitted: FittedTable) -> Layout:
    """Return the layout of a fitted table."""
    positions, bag = source_positions(fitted)
    place = {position: index for index, position in enumerate(positions) if index != bag}
    sources = [shown(name) for name in source_names(fitted)]
    dense_source: list[int] = []
    dense_gap: list[bool] = []
    dense_position: list[int] = []
    code_source: list[int] = []
    categoricals: list[CategoricalColumn] = []
    modelled = [
        (position, column)
        for position, column in zip(fitted.positions, fitted.columns, strict=True)
        if column.block in ("dense", "codes")
    ]
    for position, column in modelled:
        source = place[position]
        if isinstance(coded := coded_part(column), CategoricalColumn):
            code_source.append(source)
            categoricals.append(coded)
        else:
            dense_source += [source] * column.width
            dense_position += [position] * column.width
            dense_gap += [column.missing_share > 0] + [False] * (column.width - 1)
    channels, cells = _grid(fitted.names, dense_position)
    return Layout(
        dense_source=np.array(dense_source, dtype=np.int32),
        dense_gap=np.array(dense_gap, dtype=bool),
        code_source=np.array(code_source, dtype=np.int32),
        levels=np.array([len(column.share) for column in categoricals], dtype=np.int32),
        first_target=np.array([column.first_target for column in categoricals], dtype=np.int32),
        level_share=np.concatenate(
            [np.empty(0), *(column.target_share for column in categoricals)]
        ),
        bag_source=bag,
        unreadable=sum(
            getattr(column, "unreadable_share", 0.0) * (1.0 - column.missing_share)
            for _, column in modelled
        ),
        other_surprise=np.array([one.surprise for one in categoricals]),
        bag_width=len(fitted.bag_share),
        bag_share=fitted.bag_share,
        sources=sources,
        bag_weight=fitted.bag_weight,
        channels=channels,
        cells=cells,
    )


def _grid(names: pd.Index, positions: list[int]) -> tuple[int, tuple[int, ...]]:
    """Return channels, and the cell of every dense column, of columns named by two labels."""
    if names.nlevels != 2 or not positions:
        return 1, ()
    first, channel = (
        pd.factorize(names.get_level_values(level)[positions], use_na_sentinel=False)[0]
        for level in (0, 1)
    )
    channels, rows = int(channel.max()) + 1, int(first.max()) + 1
    cells: list[int] = []
    for at, position in enumerate(positions):
        if at and position == positions[at - 1]:  # a further number of one column, such as a date's
            cells.append(rows * channels)
            rows += 1
        else:
            cells.append(int(first[at]) * channels + int(channel[at]))
    return channels, tuple(cells)
