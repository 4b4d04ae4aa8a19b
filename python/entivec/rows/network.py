"""A network with its parameters: what remains of a training, and the way into the compiled core."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from scipy import sparse

from entivec import _core
from entivec.table import Blocks, Layout
from entivec.table.compiled import core_layout, core_table
from entivec.table.guides import Guide


@dataclass(frozen=True)
class Sizes:
    """Shape of an autoencoder and the penalties that belong to it."""

    hidden: tuple[int, ...]
    code: int
    activation: str
    linear_path: bool
    nonlinear_penalty: float
    l2: float
    code_activation: bool = False
    channels: tuple[int, ...] = ()
    position_channels: int = 1
    position_cells: tuple[int, ...] = ()
    contraction: str | None = None
    contraction_weight: float = 0.0
    probes: int = 0
    gram: bool = True
    variational: bool = False
    categories: tuple[int, ...] = ()
    temperature: float = 0.67
    divergence_weight: float = 1.0
    capacity: float | None = None
    categorical_capacity: float = 0.0
    bernoulli: bool = False
    tied_weights: bool = False

    def linear(self) -> Sizes:
        """The linear model of the same code width, PCA's shape."""
        return Sizes((), self.code, "identity", True, 0.0, 0.0)

    def shape(self) -> _core.Shape:
        """As the compiled core takes it."""
        return _core.Shape(**asdict(self))


@dataclass
class Network:
    """A network, its parameters and how its outputs are read.

    Attributes
    ----------
    layout : Layout
        Columns of the tables it takes.
    sizes : Sizes
    params : ndarray of shape (num_params,), float32
        Encoder, decoder, then the guides' head: one flat vector.
    mean : ndarray of shape (encoded width,), float64
        Training mean of the encoded table, around which explained variance is measured.
    linear_heads : bool
        True for the PCA solution, whose outputs are values and not logits.
    guide : Guide or None
        Targets that the code predicts.
    bounds : ndarray of shape (2, c), float32, or None
        Least and greatest training cell of every dense column, where rows are drawn.
    """

    layout: Layout
    sizes: Sizes
    params: np.ndarray
    mean: np.ndarray
    linear_heads: bool = False
    guide: Guide | None = None
    bounds: np.ndarray | None = None
    _compiled: tuple[_core.Layout, _core.AutoEncoder] | None = field(
        default=None, repr=False, compare=False
    )
    _guide_layout: _core.Layout | None = field(default=None, repr=False, compare=False)

    def __getstate__(self) -> dict[str, Any]:
        """Leave the compiled objects behind: they are rebuilt where the pickle is opened."""
        return {**self.__dict__, "_compiled": None, "_guide_layout": None}

    @property
    def compiled(self) -> tuple[_core.Layout, _core.AutoEncoder]:
        """The compiled layout and model, built at first use."""
        if self._compiled is None:
            layout, guide = core_layout(self.layout), self.guide_layout
            self._compiled = (layout, _core.AutoEncoder(layout, self.sizes.shape(), guide))
        return self._compiled

    @property
    def guide_layout(self) -> _core.Layout | None:
        """The compiled layout of the targets, built at first use."""
        if self._guide_layout is None and self.guide is not None:
            self._guide_layout = core_layout(self.guide.layout, self.guide.source_weight)
        return self._guide_layout

    def table(self, blocks: Blocks) -> _core.Table:
        """`blocks` for this network."""
        return core_table(self.compiled[0], blocks)

    @property
    def width(self) -> int:
        """Width of the embedding."""
        return self.compiled[1].code

    def encode(self, blocks: Blocks, threads: int) -> np.ndarray:
        """Codes of shape (n, d), float32."""
        return self.compiled[1].encode(self.params, self.table(blocks), threads)

    def decode(self, codes: np.ndarray, threads: int) -> Blocks:
        """Most probable blocks of codes of shape (n, d)."""
        codes = np.ascontiguousarray(codes, dtype=np.float32)
        dense, levels, bag = self.compiled[1].decode(self.params, codes, self.linear_heads, threads)
        return Blocks(dense, levels, sparse.csr_matrix(bag))

    def predict(self, codes: np.ndarray, threads: int) -> np.ndarray:
        """Values, means and probabilities of codes of shape (n, d): (n, outputs of the decoder)."""
        codes = np.ascontiguousarray(codes, dtype=np.float32)
        return self.compiled[1].predict(self.params, codes, self.linear_heads, threads)

    def evidence(self, blocks: Blocks, draws: int, seed: int, threads: int) -> np.ndarray:
        """Of a variational model, in nats: -log p(x|z), KL and log p(x), shape (n, 3)."""
        return self.compiled[1].evidence(self.params, self.table(blocks), draws, seed, threads)

    def scales(self) -> np.ndarray:
        """Learnt standard deviations of the dense columns, shape (c,) or (0,)."""
        return self.compiled[1].scales(self.params)

    def errors(self, blocks: Blocks, threads: int) -> np.ndarray:
        """Loss of every cell, shape (n, sources); NaN where a cell is missing."""
        return self.compiled[1].errors(self.params, self.table(blocks), self.linear_heads, threads)

    def guess(self, blocks: Blocks, threads: int) -> np.ndarray:
        """Numbers and probabilities of the targets, shape (n, outputs of the guides' head)."""
        return self.compiled[1].guess(self.params, self.table(blocks), threads)

    def score(
        self,
        table: _core.Table,
        weights: np.ndarray | None,
        threads: int,
        targets: _core.Table | None = None,
        unreadable: float | None = None,
    ) -> tuple[float, float]:
        """Mean loss of a row, guides included where `targets` are given; explained variance.

        `unreadable` cells of the table, as many as training had where not given, are masked and
        count with the variance of a scaled number, none of it explained.
        """
        loss, error, deviation = self.squares(table, weights, threads, targets)
        lost = self.layout.unreadable * table.rows if unreadable is None else unreadable
        return loss, explained_variance(float(error.sum()) + lost, float(deviation.sum()) + lost)

    def squares(
        self,
        table: _core.Table,
        weights: np.ndarray | None,
        threads: int,
        targets: _core.Table | None = None,
    ) -> tuple[float, np.ndarray, np.ndarray]:
        """Mean loss; squared error and deviation from the mean of every source column."""
        return self.compiled[1].score(
            self.params, table, weights, self.mean, self.linear_heads, threads, targets
        )


def explained_variance(error: float, deviation: float) -> float:
    """Share of `deviation` that is explained; 1 for a constant table that is met exactly."""
    if deviation > 0:
        return 1.0 - error / deviation
    return 1.0 if error == 0 else 0.0
