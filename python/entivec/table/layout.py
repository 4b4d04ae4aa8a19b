"""What the core must know of a fitted codec."""

from __future__ import annotations

import numpy as np

from .blocks import Layout
from .categorical import CategoricalColumn
from .cells import shown
from .fitted import FittedTable, coded_part


def build_layout(fitted: FittedTable) -> Layout:
    """Return the layout of a fitted table."""
    bag = fitted.bag
    modelled = [
        (position, column)
        for position, column in zip(fitted.positions, fitted.columns, strict=True)
        if column.block != "none"
    ]
    # All bag columns together are one source, at the place of the first of them.
    before_bag = 0
    places = list(dict.fromkeys(position for position, _ in modelled))
    place = {position: index for index, position in enumerate(places)}
    sources = [shown(fitted.names[position]) for position in places]
    if bag:
        before_bag = sum(position < fitted.bag_positions[0] for position in places)
        sources.insert(before_bag, "bag")

    dense_source: list[int] = []
    dense_gap: list[bool] = []
    code_source: list[int] = []
    categoricals: list[CategoricalColumn] = []
    for position, column in modelled:
        index = place[position]
        source = index + 1 if bag and index >= before_bag else index
        if isinstance(coded := coded_part(column), CategoricalColumn):
            code_source.append(source)
            categoricals.append(coded)
        else:
            dense_source += [source] * column.width
            dense_gap += [column.missing_share > 0] + [False] * (column.width - 1)
    return Layout(
        dense_source=np.array(dense_source, dtype=np.int32),
        dense_gap=np.array(dense_gap, dtype=bool),
        code_source=np.array(code_source, dtype=np.int32),
        levels=np.array([len(column.share) for column in categoricals], dtype=np.int32),
        first_target=np.array([column.first_target for column in categoricals], dtype=np.int32),
        level_share=np.concatenate(
            [np.empty(0), *(column.target_share for column in categoricals)]
        ),
        bag_source=before_bag if bag else -1,
        bag_width=len(bag.names) if bag else 0,
        bag_share=bag.share if bag else np.empty(0),
        sources=sources,
    )
