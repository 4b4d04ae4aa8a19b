"""Vectors of the nodes of a graph, learnt from random walks."""

from __future__ import annotations

import os
import warnings
from collections.abc import Hashable, Mapping
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted

from entivec import _core
from entivec.base import Embedder, NamedRows, estimator, parameter
from entivec.base.common import NOT_NEGATIVE, POSITIVE
from entivec.base.persistence import Arrays, check_array
from entivec.base.values import pack_index, unpack_index
from entivec.graphs.edges import EdgeColumns, Edges, read_edges
from entivec.graphs.unseen import mean_of_neighbours
from entivec.table.cells import Name
from entivec.table.guides import check_guide_weight
from entivec.tokens.guidance import LabelledRows, label_rows
from entivec.tokens.neighbours import most_similar
from entivec.tokens.skip_gram import SkipGram, SkipGramOptions, train_skip_gram
from entivec.tokens.word2vec_format import save_word2vec_format

if TYPE_CHECKING:
    from typing_extensions import Self

ABOVE_ZERO = [Interval(Real, 0, None, closed="neither")]
COLUMN = "column name or None"


@estimator
class Node2Vec(NamedRows, Embedder):
    """Vectors of nodes: node2vec (Grover & Leskovec 2016) and node2vec+ on edges or transactions.

    Random walks turn the graph into sentences, skip-gram with negative sampling these into vectors:
    nodes that are met on the same walks lie near each other. A walk that came from t to v goes to x
    with probability proportional to w(v, x) · bias, where bias is 1/p if x = t, 1 if t has an edge
    to x, else 1/q (equation 2). Steps are drawn by rejection over first-order alias tables, so
    memory is linear in the edges; walks are a function of (seed, node, number), drawn while the
    trainer reads them, never stored. The vectors do not depend on the order of the edges.

    Edges between the same two nodes add up, self-loops are kept. A node all of whose edges weigh 0
    is isolated: it is named in a warning and its vector is zero. In a directed graph walks end
    where no edge leads on, and "t has an edge to x" is meant in that direction.

    {parameters}

    Attributes
    ----------
    vectors_ : DataFrame of shape (nodes, n_components), float32
        Indexed by node, sorted.
    history_ : DataFrame
        One row an epoch: mean loss of a pair of nodes, learning rate, seconds.
    n_components_ : int

    Examples
    --------
    >>> import entivec
    >>> payments = entivec.datasets.make_payments(200, random_state=0).payments
    >>> model = entivec.Node2Vec("payer", "payee", weight="amount", n_components=16, max_epochs=1)
    >>> vectors = model.fit(payments).vectors_
    >>> vectors.shape
    (200, 16)
    >>> list(model.most_similar(vectors.index[0], n=2).columns)
    ['node', 'neighbour', 'similarity']
    """

    _fitted = "vectors_"

    source: Name = parameter(
        default=None,
        allowed=[Hashable],
        kind="column name",
        meaning="Where an edge comes from: nodes of any hashable type. It must be given.",
        kw_only=False,
    )
    target: Name = parameter(
        default=None,
        allowed=[Hashable],
        kind="column name",
        meaning="Where an edge goes to. It must be given.",
        kw_only=False,
    )
    weight: Name | None = parameter(
        default=None,
        allowed=[Hashable],
        kind=COLUMN,
        meaning="Of an edge, at least 0, such as an amount; without it each row counts 1.",
    )
    time: Name | None = parameter(
        default=None,
        allowed=[Hashable],
        kind=COLUMN,
        meaning="When the edge was there, for `cutoff`: datetimes or whole numbers.",
    )
    directed: bool = parameter(
        default=False,
        allowed=["boolean"],
        kind="bool",
        meaning="Whether walks go from source to target only.",
    )
    n_components: int = parameter(
        default=128, allowed=POSITIVE, kind="int", meaning="Width of the vectors."
    )
    p: float = parameter(
        default=1.0,
        allowed=ABOVE_ZERO,
        kind="float",
        meaning="Return parameter: the larger, the rarer a walk steps back.",
    )
    q: float = parameter(
        default=1.0,
        allowed=ABOVE_ZERO,
        kind="float",
        meaning="""
        In-out parameter: above 1 walks stay near where they came from, below 1 they go away.""",
    )
    num_walks: int = parameter(
        default=10, allowed=POSITIVE, kind="int", meaning="Walks from every node, in each epoch."
    )
    walk_length: int = parameter(
        default=80, allowed=[Interval(Integral, 2, None, closed="left")], kind="int",
        meaning="Nodes of a walk.",
    )  # fmt: skip
    window: int = parameter(
        default=10,
        allowed=POSITIVE,
        kind="int",
        meaning="Nodes on either side that a node predicts, drawn from 1 to `window`.",
    )
    extend: bool = parameter(
        default=False,
        allowed=["boolean"],
        kind="bool",
        meaning="""
        node2vec+ (Liu, Krishnan & Hirn 2023): an edge between t and x counts only as far as it is
        strong, that is at least mean + `gamma` · standard deviation of the weights of x.""",
    )
    gamma: float = parameter(
        default=0.0, allowed=NOT_NEGATIVE, kind="float", meaning="Of `extend`."
    )
    negative: int = parameter(
        default=5,
        allowed=[Interval(Integral, 1, 30, closed="both")],
        kind="int",
        meaning="Nodes drawn as noise for every pair.",
    )
    ns_exponent: float = parameter(
        default=0.75,
        allowed=[Real],
        kind="float",
        meaning="Noise is drawn in proportion to the number of visits to this power.",
    )
    subsample: float = parameter(
        default=0.0,
        allowed=NOT_NEGATIVE,
        kind="float",
        meaning="Nodes with a greater share of the visits are thinned out; 0 for none.",
    )
    learning_rate: float = parameter(
        default=0.025,
        allowed=ABOVE_ZERO,
        kind="float",
        meaning="At the start; it falls linearly to 0.0001.",
    )
    max_epochs: int = parameter(
        default=5, allowed=POSITIVE, kind="int", meaning="Each has walks of its own."
    )
    guide_weight: float | Mapping[Any, float] = parameter(
        default=1.0,
        allowed=[Real, Mapping],
        kind="float or mapping of target to float",
        meaning="Weight of each target's loss where `fit` is given `y`; 0 ignores `y`.",
    )

    def fit(self, edges: Any, y: Any = None, *, cutoff: Any = None) -> Self:
        """Learn the vectors of all nodes.

        Parameters
        ----------
        edges : DataFrame, or an Arrow frame (polars, DuckDB, pyarrow)
            One row an edge or a transaction.
        y : Series or DataFrame, optional
            Targets that guide the vectors, indexed by node: several, of any type, labels may be
            missing. The losses of heads on the vectors, times `guide_weight`, are added to that of
            the walks. Nodes of `y` without edges are left out. Without `y` nothing changes, bit by
            bit.
        cutoff : date, str or int, optional
            Edges at or after it are left out; `time` must be given.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a parameter, a column or a cell cannot be used, if no edge is left or there is only
            one node; the message names it. A former fit is left as it was.
        FloatingPointError
            If training diverges. A former fit is left as it was.
        """
        self._check_parameters()
        read = read_edges(edges, self._columns(), cutoff)
        if len(read.nodes) < 2:
            raise ValueError(
                f"edges have only one node, {read.nodes[0]!r}; vectors need at least two"
            )
        labelled = label_rows(y, read.nodes, self.guide_weight, "node")
        trained = self._train(read, labelled)
        self._adopt(read, trained)
        return self

    def fit_transform(self, edges: Any, y: Any = None, *, cutoff: Any = None) -> Any:
        """Fit, and return the vectors of all nodes; see `fit`."""
        return self.fit(edges, y, cutoff=cutoff).transform()

    def transform(self, nodes: Any = None, *, edges: Any = None, cutoff: Any = None) -> Any:
        """Look up the vectors of nodes, and estimate those of new ones from their edges.

        Parameters
        ----------
        nodes : list-like of labels, optional
            By default all nodes of `edges`, or without these all of `fit`.
        edges : DataFrame or Arrow frame, optional
            With the columns of `fit`. The vector of a node that `fit` has not seen is the mean of
            the vectors of its neighbours that it has, whichever way the edges point, weighted by
            the edges; the vectors of seen nodes stay what they are.
        cutoff : date, str or int, optional
            As in `fit`, for `edges`.

        Returns
        -------
        DataFrame of shape (nodes, n_components), float32
            Indexed by node in the order asked for. A node without a vector has zeros and is counted
            in a warning.

        Raises
        ------
        ValueError
            If `edges` cannot be used, as in `fit`.
        """
        check_is_fitted(self)
        known, values = self.vectors_.index, self.vectors_.to_numpy()
        new: pd.Index = known[:0]
        if edges is not None:
            read = read_edges(edges, self._columns(), cutoff)
            new, means = mean_of_neighbours(read, known, values)
            known, values = known.append(new), np.concatenate([values, means])
        if nodes is None:
            nodes = known if edges is None else read.nodes.append(read.isolated)
        wanted = nodes if isinstance(nodes, pd.Index) else pd.Index(nodes, tupleize_cols=False)
        rows = known.get_indexer(wanted)
        self._warn_of_strangers(wanted[rows < 0], edges is not None)
        found = np.zeros((len(rows), self.n_components_), dtype=np.float32)
        found[rows >= 0] = values[rows[rows >= 0]]
        names = self.get_feature_names_out()
        frame = pd.DataFrame(found, index=wanted.rename("node"), columns=names)
        return self._named(frame)

    def most_similar(self, nodes: Any, n: int = 10) -> pd.DataFrame:
        """Find the nearest nodes by the cosine of their vectors.

        Parameters
        ----------
        nodes : label or list-like of labels
        n : int, default 10

        Returns
        -------
        DataFrame of shape (nodes asked for × n, 3)
            Columns "node", "neighbour", "similarity"; nearest first.

        Raises
        ------
        ValueError
            If a node has no vector; the message names it.
        """
        check_is_fitted(self)
        return most_similar(self.vectors_, nodes, n, what="node")

    def save_word2vec_format(self, path: str | os.PathLike[str], binary: bool = False) -> None:
        """Write `vectors_` in word2vec's format, which gensim and many others read.

        Parameters
        ----------
        path : path-like
        binary : bool, default False

        Raises
        ------
        ValueError
            If a node's name holds white space.
        """
        check_is_fitted(self)
        save_word2vec_format(self.vectors_, path, binary)

    # Parts of fit

    def _columns(self) -> EdgeColumns:
        return EdgeColumns(self.source, self.target, self.weight, self.time)

    def _check_parameters(self) -> None:
        super()._check_parameters()
        check_guide_weight(self.guide_weight)

    def _train(self, read: Edges, labelled: LabelledRows | None) -> SkipGram:
        threads, seed = self._threads(), self._seed()
        graph = _core.Graph(
            read.source, read.target, read.weight, len(read.nodes), self.directed, threads
        )
        walks = _core.Walks(
            graph,
            p=self.p,
            q=self.q,
            extend=self.extend,
            gamma=self.gamma,
            length=self.walk_length,
            seed=seed,
            threads=threads,
        )
        sentences = _core.WalkSentences(walks, self.num_walks)
        counts = sentences.frequencies(threads)
        return train_skip_gram(sentences, counts, self._options(seed, threads), labelled)

    def _options(self, seed: int, threads: int) -> SkipGramOptions:
        return SkipGramOptions(
            n_components=int(self.n_components),
            window=self.window,
            negative=self.negative,
            subsample=self.subsample,
            ns_exponent=self.ns_exponent,
            learning_rate=self.learning_rate,
            max_epochs=self.max_epochs,
            seed=seed,
            threads=threads,
            verbose=bool(self.verbose),
        )

    def _adopt(self, read: Edges, trained: SkipGram) -> None:
        vectors = trained.vectors
        nodes = read.nodes
        if len(read.isolated):
            _warn(
                f"{len(read.isolated)} nodes are isolated, as all their edges weigh 0, among them"
                f" {read.isolated[0]!r}; their vectors are zero"
            )
            nodes = nodes.append(read.isolated)
            vectors = np.concatenate(
                [vectors, np.zeros((len(read.isolated), vectors.shape[1]), np.float32)]
            )
        self._set_fitted(nodes.rename("node"), vectors, trained.history)

    def _set_fitted(self, nodes: pd.Index, vectors: np.ndarray, history: pd.DataFrame) -> None:
        self.n_components_ = vectors.shape[1]
        self.history_ = history
        self.vectors_ = pd.DataFrame(vectors, index=nodes, columns=self.get_feature_names_out())

    def _warn_of_strangers(self, strangers: pd.Index, with_edges: bool) -> None:
        if len(strangers):
            advice = (
                "none of their edges leads to a node of fit"
                if with_edges
                else "give their edges: transform(nodes, edges=…)"
            )
            _warn(
                f"{len(strangers)} of the nodes asked for have no vector, among them"
                f" {strangers[0]!r}, and get zeros; {advice}"
            )

    # Files

    def to_state(self) -> tuple[dict[str, Any], Arrays]:
        """Return the vectors, whose they are, and the history."""
        document = {
            "nodes": pack_index(self.vectors_.index),
            "history": self.history_.to_dict("list"),
        }
        return document, {"vectors": self.vectors_.to_numpy()}

    def _restore(self, document: dict[str, Any], arrays: Arrays) -> None:
        nodes = unpack_index(document["nodes"])
        vectors: npt.NDArray[np.float32] = arrays["vectors"]
        check_array("vectors", vectors, np.float32, (len(nodes), int(self.n_components)))
        self._set_fitted(nodes, vectors, pd.DataFrame(document["history"]))


def _warn(text: str) -> None:
    warnings.warn(text, UserWarning, stacklevel=4)
