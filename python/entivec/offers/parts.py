"""What a model of offers is made of, each usable alone."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from entivec import _core


@dataclass(frozen=True)
class KeyGenerator:
    """Keys that group transactions into offers: some of the attributes, drawn by chance.

    An attribute is kept with probability `average_length` / attributes; keys that keep none are
    drawn anew. A group of transactions that are equal in what a key keeps is an offer, such as
    "brand = A and type = B".

    Parameters
    ----------
    attributes : sequence of column names
    average_length : float, default 2.0
        Attributes of a key, on average before empty ones are drawn anew.
    random_state : int, default 0

    Examples
    --------
    >>> import pandas as pd
    >>> from entivec.offers import KeyGenerator
    >>> keys = KeyGenerator(["brand", "type"], 1.0).draw(3)
    >>> bool(keys.any(axis=1).all())
    True
    >>> sales = pd.DataFrame({"brand": ["A", "B", "A"], "type": ["x", "x", "y"]})
    >>> KeyGenerator(["brand", "type"]).group(sales, ["brand"]).tolist()
    [0, 1, 0]
    """

    attributes: Sequence[Hashable]
    average_length: float = 2.0
    random_state: int = 0

    def draw(self, count: int) -> pd.DataFrame:
        """Return which attributes each of `count` keys keeps, bool (count, attributes)."""
        names = list(self.attributes)
        kept = _core.draw_keys(len(names), self.average_length, count, self.random_state)
        return pd.DataFrame(kept, columns=pd.Index(names, tupleize_cols=False))

    def group(self, transactions: pd.DataFrame, kept: Sequence[Hashable]) -> pd.Series:
        """Return the number of every transaction's group, by what a key keeps."""
        columns = [transactions[name] for name in self.attributes]
        codes = np.stack([pd.factorize(column)[0] for column in columns], axis=1)
        inside = [name in list(kept) for name in self.attributes]
        found = _core.group_rows(np.ascontiguousarray(codes, dtype=np.int32), inside)
        return pd.Series(found, index=transactions.index, name="group")


def group_by_bags(
    keys: npt.ArrayLike, vectors: npt.ArrayLike, codes: npt.ArrayLike | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and population variance of the vectors that share a key, for every row.

    Parameters
    ----------
    keys : array-like of shape (n,)
        Of any hashable type.
    vectors : array-like of shape (n, d)
        Of the rows; or, where `codes` are given, of the levels that these number: a table that is
        read in place.
    codes : array-like of int of shape (n,), or None

    Returns
    -------
    mean, variance : ndarray of shape (n, d), float32

    Raises
    ------
    ValueError
        If lengths differ, or a code is no row of `vectors`.

    Examples
    --------
    >>> import numpy as np
    >>> from entivec.offers import group_by_bags
    >>> mean, variance = group_by_bags([0, 0, 1], np.eye(3))
    >>> mean.tolist()
    [[0.5, 0.5, 0.0], [0.5, 0.5, 0.0], [0.0, 0.0, 1.0]]
    >>> variance.tolist()
    [[0.25, 0.25, 0.0], [0.25, 0.25, 0.0], [0.0, 0.0, 0.0]]
    """
    groups, _ = pd.factorize(np.asarray(keys), use_na_sentinel=False)
    table = np.ascontiguousarray(vectors, dtype=np.float32)
    own = np.arange(len(table)) if codes is None else np.asarray(codes)
    found = _core.group_by_bags(
        groups.astype(np.int64), table, np.ascontiguousarray(own, dtype=np.int32)
    )
    mean, variance = found
    return mean[groups], variance[groups]


def mix_groups(groups: npt.ArrayLike, share: float = 0.5, random_state: int = 0) -> np.ndarray:
    """Merge groups by chance, as "or" merges offers.

    A share of the groups is split into smaller ones, the large ones into more, and 2 to 6 of those
    become one.

    Parameters
    ----------
    groups : array-like of int of shape (n,)
        The group of every row, numbered from 0 without a gap.
    share : float in [0, 1], default 0.5
    random_state : int, default 0

    Returns
    -------
    ndarray of shape (n,), int64

    Examples
    --------
    >>> from entivec.offers import mix_groups
    >>> len(set(mix_groups([0, 0, 1, 1, 2, 2], share=1.0).tolist())) < 3
    True
    """
    mixed, _ = _core.mix_groups(np.asarray(groups, dtype=np.int64), share, random_state)
    return mixed


def min_hash(sets: Sequence[Sequence[int]], seed: int) -> np.ndarray:
    """Return one value of each set: equal for two with the probability of their Jaccard similarity.

    Broder 1997. A new seed gives a new draw; 0 of an empty set.

    Parameters
    ----------
    sets : sequence of sequences of int
    seed : int

    Returns
    -------
    ndarray of shape (len(sets),), int32

    Examples
    --------
    >>> from entivec.offers import min_hash
    >>> found = min_hash([[3, 5], [5, 3], []], seed=1)
    >>> bool(found[0] == found[1]), int(found[2])
    (True, 0)
    """
    sizes = [len(one) for one in sets]
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    values = np.array([value for one in sets for value in one], dtype=np.int32)
    return _core.min_hash(offsets, values, seed)


def recency_weights(times: Any, half_life: Any) -> np.ndarray:
    """Weights that halve with every `half_life` before the newest time, 1 on average.

    Parameters
    ----------
    times : array-like of datetimes or whole numbers
    half_life : Timedelta, or a number in the unit of `times`

    Returns
    -------
    ndarray of shape (n,), float32

    Examples
    --------
    >>> import pandas as pd
    >>> from entivec.offers import recency_weights
    >>> days = pd.to_datetime(["2024-01-01", "2024-01-11"])
    >>> weights = recency_weights(days, pd.Timedelta(10, "D"))
    >>> round(float(weights[1] / weights[0]), 3)
    2.0
    """
    own = np.asarray(times)
    if own.dtype.kind == "M":
        own = own.astype("datetime64[us]").astype(np.int64)
        half_life = pd.Timedelta(half_life) / pd.Timedelta(1, "us")
    return _core.recency_weights(np.ascontiguousarray(own, dtype=np.int64), float(half_life))


@dataclass
class FeatureCompression:
    """Many numbers as a few meta-features of `width` numbers each.

    Parameters
    ----------
    inputs : int
        Numbers of a customer or an offer: the mean embeddings of all attributes, say.
    meta_features : int, 1 to 5, default 3
    width : int, default 16
    random_state : int, default 0
        Of the parameters, where none are given.
    params : ndarray of float32, or None
        Kernel (inputs, meta_features * width), row by row, then bias.

    Examples
    --------
    >>> import numpy as np
    >>> from entivec.offers import FeatureCompression
    >>> FeatureCompression(40, meta_features=2, width=8).transform(np.ones((3, 40))).shape
    (3, 2, 8)
    """

    inputs: int
    meta_features: int = 3
    width: int = 16
    random_state: int = 0
    params: Any = None

    def __post_init__(self) -> None:
        self._core = _core.FeatureCompression(self.inputs, self.meta_features, self.width)
        self.params = _params(self._core, self.params, self.random_state)

    def transform(self, x: npt.ArrayLike) -> np.ndarray:
        """Return the meta-features of `x` (n, inputs): (n, meta_features, width), float32."""
        found = self._core.transform(self.params, _matrix(x))
        return found.reshape(-1, self.meta_features, self.width)


@dataclass
class MaskNet:
    """How much each number of an offer's meta-features counts, by what its bag is like.

    Two times the logistic function of two layers over mean and variance: 1 where nothing is known
    (after Wang et al. 2021).

    Parameters
    ----------
    bag : int
        Width of a mean, and of a variance.
    meta_features : int, default 3
    width : int, default 16
    random_state : int, default 0
        Of the parameters, where none are given.
    params : ndarray of float32, or None
        Kernel and bias of the first layer, then of the second.

    Examples
    --------
    >>> import numpy as np
    >>> from entivec.offers import MaskNet
    >>> gate = MaskNet(40, meta_features=2, width=8).gate(np.ones((3, 40)), np.zeros((3, 40)))
    >>> gate.shape, bool((gate > 0).all() and (gate < 2).all())
    ((3, 2, 8), True)
    """

    bag: int
    meta_features: int = 3
    width: int = 16
    random_state: int = 0
    params: Any = None

    def __post_init__(self) -> None:
        self._core = _core.MaskNet(self.bag, self.meta_features * self.width)
        self.params = _params(self._core, self.params, self.random_state)

    def gate(self, mean: npt.ArrayLike, variance: npt.ArrayLike) -> np.ndarray:
        """Return what meta-features are multiplied by, (n, meta_features, width), 0 to 2.

        Parameters
        ----------
        mean, variance : array-like of shape (n, bag)
            As `group_by_bags` returns them.
        """
        found = self._core.gate(self.params, _matrix(mean), _matrix(variance))
        return found.reshape(-1, self.meta_features, self.width)


@dataclass
class BilinearInteraction:
    """Products of all pairs of the meta-features of customers and offers, by a kernel for each.

    That of u and o is u . (W o + b) (Huang et al. 2019, FiBiNET). Kernels are contracted with an
    offer once, and then multiplied with all customers.

    Parameters
    ----------
    meta_features : int, default 3
    width : int, default 16
    random_state : int, default 0
        Of the parameters, where none are given.
    params : ndarray of float32, or None
        For each meta-feature of offers a kernel (width, meta_features * width), row by row, for all
        of customers, then a bias.

    Examples
    --------
    >>> import numpy as np
    >>> from entivec.offers import BilinearInteraction
    >>> pairs = BilinearInteraction(meta_features=2, width=8)
    >>> customers, offers = np.ones((5, 2, 8)), np.ones((3, 2, 8))
    >>> pairs.interact(customers, pairs.contract(offers)).shape
    (5, 3, 2, 2)
    """

    meta_features: int = 3
    width: int = 16
    random_state: int = 0
    params: Any = None

    def __post_init__(self) -> None:
        self._core = _core.Interactions(self.meta_features, self.width, True)
        self.params = _params(self._core, self.params, self.random_state)

    def contract(self, offers: npt.ArrayLike) -> np.ndarray:
        """Return kernels times offers, (n, offer's and customer's meta-features, width).

        Parameters
        ----------
        offers : array-like of shape (n, meta_features, width)
        """
        found = self._core.contract(self.params, _flat(offers))
        return found.reshape(-1, self.meta_features, self.meta_features, self.width)

    def interact(self, customers: npt.ArrayLike, contracted: npt.ArrayLike) -> np.ndarray:
        """Return all products, (customers, offers, offer's and customer's meta-features).

        Parameters
        ----------
        customers : array-like of shape (n, meta_features, width)
        contracted : ndarray
            Of offers, as `contract` returns them.
        """
        own, other = _flat(customers), _flat(contracted)
        shape = len(own), len(other), self.meta_features, self.meta_features
        return self._core.interact(own, other).reshape(shape)


def _matrix(x: npt.ArrayLike) -> np.ndarray:
    return np.ascontiguousarray(x, dtype=np.float32)


def _flat(x: npt.ArrayLike) -> np.ndarray:
    """All numbers of every row beside each other."""
    own = _matrix(x)
    return own.reshape(len(own), -1)


def _params(core: Any, given: np.ndarray | None, seed: int) -> np.ndarray:
    if given is None:
        return np.asarray(core.initialise(seed))
    own = np.ascontiguousarray(given, dtype=np.float32)
    if own.shape != (core.num_params,):
        raise ValueError(f"params is of shape {own.shape}; give ({core.num_params},)")
    return own
