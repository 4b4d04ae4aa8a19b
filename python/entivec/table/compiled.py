"""Encoded tables as the compiled core takes them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from entivec import _core

from .blocks import Blocks, Layout


def core_layout(layout: Layout, source_weight: Sequence[float] = ()) -> _core.Layout:
    """`layout` as the compiled core takes it, its columns weighted in the loss."""
    return _core.Layout(
        dense_source=layout.dense_source.tolist(),
        dense_gap=layout.dense_gap.tolist(),
        code_source=layout.code_source.tolist(),
        levels=layout.levels.tolist(),
        first_target=layout.first_target.tolist(),
        share=layout.level_share.tolist(),
        bag_source=layout.bag_source,
        bag_share=layout.bag_share.tolist(),
        bag_weight=layout.bag_weight,
        source_weight=list(source_weight),
    )


def core_table(layout: _core.Layout, blocks: Blocks) -> _core.Table:
    """`blocks` as the compiled core reads them, without a copy."""
    bags = blocks.bags
    return _core.Table(
        layout,
        blocks.dense,
        blocks.codes,
        np.ascontiguousarray(bags.indptr, dtype=np.int32),
        np.ascontiguousarray(bags.indices, dtype=np.int32),
        np.ascontiguousarray(bags.data, dtype=np.float32),
    )
