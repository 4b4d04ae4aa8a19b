"""What the networks of this family share: parameters, a table of customers, the compiled net."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np

from entivec import _core
from entivec.table.blocks import Blocks, Layout
from entivec.table.compiled import core_layout, core_table

Sizes = TypeVar("Sizes")
Net = TypeVar("Net")


@dataclass
class CompiledNetwork(Generic[Sizes, Net]):
    """A network and its parameters.

    Attributes
    ----------
    sizes : dict
        As `core_sizes` takes them.
    params : ndarray of shape (num_params,), float32
    customers : Layout or None
        Of the table of customers that it reads.
    """

    core_sizes: ClassVar[Any]  # the compiled classes of a subclass
    core_net: ClassVar[Any]

    sizes: dict[str, Any]
    params: np.ndarray
    customers: Layout | None = None
    _compiled: tuple[Sizes, _core.Layout | None, Net] | None = field(
        default=None, repr=False, compare=False
    )

    def __getstate__(self) -> dict[str, Any]:
        """Leave the compiled objects behind: they are rebuilt where the pickle is opened."""
        return {**self.__dict__, "_compiled": None}

    @property
    def compiled(self) -> tuple[Sizes, _core.Layout | None, Net]:
        """The compiled sizes, layout and network, built at first use."""
        if self._compiled is None:
            sizes = self.core_sizes(**self.sizes)
            layout = None if self.customers is None else core_layout(self.customers)
            self._compiled = (sizes, layout, self.core_net(sizes, layout))
        return self._compiled

    @property
    def net(self) -> Net:
        """The compiled network."""
        return self.compiled[2]

    def table(self, blocks: Blocks | None) -> _core.Table | None:
        """Return rows about customers for this network, without a copy."""
        layout = self.compiled[1]
        return None if layout is None or blocks is None else core_table(layout, blocks)
