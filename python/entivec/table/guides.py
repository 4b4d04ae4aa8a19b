"""Targets that guide the code: `fit(X, y)` [Seleznev 2018]."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd

from entivec.base.persistence import Arrays
from entivec.base.values import pack, unpack
from entivec.table.bag import empty_bag
from entivec.table.blocks import Blocks, Layout
from entivec.table.cells import NUMBER, cells_of, family
from entivec.table.encoder import TableEncoder

MOST_CLASSES = 20  # whole numbers of more values are numbers
MOST_LEVELS = 2**31 - 1
FIRST_LEVEL = 2


class TargetEncoder(TableEncoder):
    """The codec of targets: a class keeps its code even if it was seen once."""

    _fewest = 1


@dataclass(frozen=True)
class Guide:
    """The targets as the network sees them.

    Attributes
    ----------
    codec : TableEncoder
        Fitted on the targets: numbers standardised, classes as codes.
    weights : tuple of float
        Weight of each modelled target's loss, in the order of ``codec.layout_.sources``.
    form : {"frame", "series", "vector", "matrix"}
        What y was, and what predictions are.
    names : tuple
        Names of all targets as they were given; the codec knows them as text.
    """

    codec: TableEncoder
    weights: tuple[float, ...]
    form: str
    names: tuple[Any, ...]

    @property
    def layout(self) -> Layout:
        """Columns of the targets."""
        return self.codec.layout_

    @property
    def source_weight(self) -> list[float]:
        """Weights for the core, whose loss is the mean over the targets."""
        return [weight * len(self.weights) for weight in self.weights]

    def encode(self, y: Any) -> Blocks:
        """Encode the targets of further rows."""
        frame, form, names = _as_frame(y)
        if len(names) == len(self.names) == 1:  # one target needs no name
            frame = frame.set_axis(list(self.codec.feature_names_in_), axis=1)
            form = self.form
        with _speaking_of_targets(form):
            return self.codec.transform(frame)

    def predict(self, predictions: np.ndarray, index: pd.Index | None) -> Any:
        """Most probable targets, in the form y had.

        Parameters
        ----------
        predictions : ndarray of shape (n, outputs)
            Numbers and probabilities as the core gives them.
        index : Index or None
            Of the rows, where X is a DataFrame.
        """
        layout = self.layout
        dense = predictions[:, : len(layout.dense_source)]
        codes = [
            FIRST_LEVEL + np.argmax(probabilities, axis=1)
            for probabilities in self._probabilities(predictions)
        ]
        blocks = Blocks(
            np.ascontiguousarray(dense, dtype=np.float32),
            np.ascontiguousarray(
                np.stack(codes, axis=1) if codes else np.empty((len(dense), 0)), dtype=np.int32
            ),
            empty_bag(len(dense)),
        )
        frame = self.codec.inverse_transform(blocks)
        if index is not None:
            frame.index = index
        if self.form == "frame":
            return frame.set_axis(list(self.names), axis=1)
        if self.form == "series":
            return frame.iloc[:, 0].rename(self.names[0])
        return frame.iloc[:, 0].to_numpy() if self.form == "vector" else frame.to_numpy()

    def predict_proba(self, predictions: np.ndarray, index: pd.Index | None) -> Any:
        """Probabilities of the classes of every target that has classes.

        Returns
        -------
        DataFrame of shape (n, classes), or dict of target name to DataFrame
            A dict where y has several such targets.

        Raises
        ------
        AttributeError
            If no target has classes.
        """
        names = [self.layout.sources[source] for source in self.layout.code_source]
        if not names:
            raise AttributeError(
                f"The targets {self.layout.sources!r} are numbers, which have no probabilities;"
                " use predict, or give classes as text, booleans or category dtype."
            )
        frames = {}
        for name, probabilities in zip(names, self._probabilities(predictions), strict=True):
            classes = self.classes(name)
            order = _sorted_order(classes)
            frames[name] = pd.DataFrame(
                probabilities[:, order], index=index, columns=[classes[i] for i in order]
            )
        return frames if len(frames) > 1 else frames[names[0]]

    def classes(self, name: str) -> list[Any]:
        """Classes of a target in the order of its codes."""
        layout, codec = self.layout, self.codec
        position = [layout.sources[source] for source in layout.code_source].index(name)
        count = int(layout.levels[position]) - FIRST_LEVEL
        dense = np.full((count, len(layout.dense_source)), np.nan, dtype=np.float32)
        codes = np.zeros((count, len(layout.code_source)), dtype=np.int32)
        codes[:, position] = FIRST_LEVEL + np.arange(count)
        blocks = Blocks(dense, codes, empty_bag(count))
        return list(codec.inverse_transform(blocks)[name])

    def _probabilities(self, predictions: np.ndarray) -> list[np.ndarray]:
        """Probabilities of the known classes of each target with classes, shape (n, classes)."""
        parts, at = [], len(self.layout.dense_source)
        for levels, first in zip(self.layout.levels, self.layout.first_target, strict=True):
            targets = int(levels - first)
            if targets == 2:
                second = predictions[:, at]
                probabilities = np.stack([1 - second, second], axis=1)
                at += 1
            else:
                probabilities = predictions[:, at : at + targets]
                at += targets
            known = probabilities[:, FIRST_LEVEL - int(first) :]
            parts.append(known / known.sum(axis=1, keepdims=True))
        return parts


def fit_guide(y: Any, guide_weight: float | Mapping[Any, float]) -> tuple[Guide, Blocks]:
    """Infer the targets' types and encode them.

    Raises
    ------
    ValueError
        If y has no target that differs between rows, or a target without a weight.
    """
    frame, form, names = _as_frame(y)
    classes: list[str] = []
    numbers: list[str] = []
    for column in frame.columns:
        values = frame[column]
        if _is_number(values):
            (classes if are_classes(values) else numbers).append(column)
    codec = TargetEncoder(
        categorical=classes,
        continuous=numbers,
        scale="standard",
        max_levels=MOST_LEVELS,
        min_share=0.0,
        unknown_rate=0.0,
        parse="never",
    )
    with _speaking_of_targets(form):
        blocks = codec.fit_transform(frame)
    if not codec.layout_.sources:
        which = f"No target in y ({', '.join(frame.columns)}) takes two values"
        raise ValueError(
            f"{'y takes no two values' if form in ('vector', 'series') else which}, so there is"
            " nothing to guide by. Give labels that differ, or fit without y."
        )
    return Guide(codec, _weights(guide_weight, codec, names), form, names), blocks


def start_head(codes: np.ndarray, targets: Blocks, layout: Layout) -> np.ndarray:
    """Closed-form head on the first codes: ridge regression and linear discriminant analysis.

    A head that started anywhere else would pull the code in wrong directions until it had learned,
    longer than the training of a small table takes.

    Parameters
    ----------
    codes : ndarray of shape (n, d)
    targets : Blocks of n rows
    layout : Layout
        Of the targets.

    Returns
    -------
    ndarray, float32
        Weights (d, outputs) by row, then biases (outputs,).
    """
    from sklearn.linear_model import Ridge

    heads = []  # one (d + 1, outputs) block a target
    for column in targets.dense.T:
        head = np.zeros((codes.shape[1] + 1, 1))
        seen = np.isfinite(column)
        if seen.any():
            ridge = Ridge(alpha=1.0).fit(codes[seen], column[seen])
            head[:, 0] = np.r_[ridge.coef_, ridge.intercept_]
        heads.append(head)
    for column, levels, first in zip(
        targets.codes.T, layout.levels, layout.first_target, strict=True
    ):
        count = int(levels - first)
        head = discriminant(codes, column - first, count)
        heads.append(head[:, 1:] - head[:, :1] if count == 2 else head)  # one logit for two classes
    return np.hstack(heads).astype(np.float32).ravel()


def discriminant(codes: np.ndarray, classes: np.ndarray, count: int) -> np.ndarray:
    """Logits of classes by linear discriminant analysis, shrunk: (d + 1, count), biases last.

    Parameters
    ----------
    codes : ndarray of shape (n, d)
    classes : ndarray of shape (n,) of int
        Below `count`; negative where unknown. A class of fewer than two rows has no spread, and
        the logit 0.
    """
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    head = np.zeros((codes.shape[1] + 1, count))
    found, rows = np.unique(classes[classes >= 0], return_counts=True)
    seen = np.isin(classes, found[rows > 1])
    if (rows > 1).sum() > 1:
        lda = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.1)
        lda.fit(codes[seen], classes[seen])
        own = np.vstack([lda.coef_.T, lda.intercept_])
        if own.shape[1] > 1:
            head[:, lda.classes_] = own
        else:  # scikit-learn gives two classes one logit
            head[:, lda.classes_[1]] = own[:, 0]
    return head


def guide_state(guide: Guide) -> tuple[dict[str, Any], Arrays]:
    """Return the guides as JSON and named arrays."""
    codec, arrays = guide.codec.to_state()
    document = {
        "codec": codec,
        "weights": list(guide.weights),
        "form": guide.form,
        "names": [pack(name) for name in guide.names],
    }
    return document, arrays


def guide_from_state(document: dict[str, Any], arrays: Arrays) -> Guide:
    """Return the guides that `guide_state` described."""
    codec = TableEncoder.from_state(document["codec"], arrays)
    names = tuple(unpack(name) for name in document["names"])
    return Guide(codec, tuple(document["weights"]), document["form"], names)


def _as_frame(y: Any) -> tuple[pd.DataFrame, str, tuple[Any, ...]]:
    """Return the targets with their names as text, the form they had, and the names as given."""
    if isinstance(y, pd.DataFrame):
        names = tuple(y.columns)
        texts = [str(name) for name in names]
        twice = [text for text in texts if texts.count(text) > 1]
        if twice:
            raise ValueError(
                f"two targets of y are named {twice[0]!r}; rename one, or drop it with"
                " y.loc[:, ~y.columns.duplicated()]"
            )
        return y.set_axis([str(name) for name in names], axis=1), "frame", names
    if isinstance(y, pd.Series):
        return y.to_frame(str(y.name)), "series", (y.name,)
    array = _as_array(y)
    if array.ndim not in (1, 2):
        raise ValueError(f"y has {array.ndim} dimensions; give one or two.")
    if array.dtype.kind == "c":
        raise ValueError(
            f"y holds complex numbers ({array.ravel()[0]}); give their real and imaginary parts"
            " as two targets."
        )
    form = "vector" if array.ndim == 1 else "matrix"
    names = tuple(f"target{i}" for i in range(1 if array.ndim == 1 else array.shape[1]))
    frame = pd.DataFrame(array.reshape(len(array), -1), columns=list(names))
    return frame.infer_objects() if form == "matrix" else frame, form, names


def _as_array(y: Any) -> np.ndarray:
    """Targets as an array; a list of numbers and text stays so, which NumPy would make text."""
    array = np.ma.filled(y.astype(float), np.nan) if np.ma.isMaskedArray(y) else np.asarray(y)
    mixed = array.dtype.kind in "US" and not isinstance(y, np.ndarray)
    return np.asarray(y, dtype=object) if mixed else array


@contextmanager
def _speaking_of_targets(form: str) -> Iterator[None]:
    """Make errors about columns of a table speak of the targets in y."""
    try:
        yield
    except ValueError as error:
        text = str(error)
        only = "y" if form in ("vector", "series") else ""
        text = re.sub(r"^column '(target\d+|None)'", only or r"target '\1' of y", text)
        text = re.sub(r"^column ('[^']*')", r"target \1 of y", text)
        text = re.sub(r"^two columns are named", "two targets of y are named", text)
        text = text.replace("X.loc[:, ~X.", "y.loc[:, ~y.").replace("X has the columns", "y has")
        raise ValueError(text.replace("X.drop(", "y.drop(")) from None


def _is_number(values: pd.Series[Any]) -> bool:
    if isinstance(values.dtype, pd.CategoricalDtype):
        return False
    return family(cells_of(values)) == NUMBER


def are_classes(values: pd.Series[Any]) -> bool:
    """Tell whether a target is of classes: no numbers, or few and whole ones."""
    if not _is_number(values):
        return True
    distinct = values.dropna().unique()
    return len(distinct) <= MOST_CLASSES and all(float(value).is_integer() for value in distinct)


def _weights(
    guide_weight: float | Mapping[Any, float], codec: TableEncoder, names: tuple[Any, ...]
) -> tuple[float, ...]:
    if not isinstance(guide_weight, Mapping):
        return (float(guide_weight),) * len(codec.layout_.sources)
    unknown = [name for name in guide_weight if name not in names]
    missing = [name for name in names if name not in guide_weight]
    if unknown or missing:
        raise ValueError(
            f"guide_weight must name every target, {list(names)!r}; it"
            + (f" names {unknown[0]!r}, which is none." if unknown else f" lacks {missing[0]!r}.")
        )
    by_name = {str(name): float(weight) for name, weight in guide_weight.items()}
    return tuple(by_name[source] for source in codec.layout_.sources)


def is_guided(y: Any, guide_weight: float | Mapping[Any, float]) -> bool:
    """Tell whether there are targets, and one of them has a weight."""
    if y is None:
        return False
    if not isinstance(guide_weight, Mapping):
        return bool(guide_weight)
    # A mapping of nothing is no zero: `fit_guide` says which target it lacks.
    return not guide_weight or any(guide_weight.values())


def check_guide_weight(guide_weight: Any) -> None:
    """Refuse weights that are not numbers >= 0.

    Raises
    ------
    ValueError
    """
    given = guide_weight if isinstance(guide_weight, Mapping) else {"": guide_weight}
    for name, weight in given.items():
        number = isinstance(weight, Real) and not isinstance(weight, bool)
        if not number or not 0 <= float(weight) < np.inf:
            of = f" of {name!r}" if name != "" else ""
            raise ValueError(
                f"guide_weight{of} is {weight!r}; give a number >= 0, or one for every target."
            )


def _sorted_order(classes: list[Any]) -> list[int]:
    try:
        return sorted(range(len(classes)), key=lambda i: classes[i])
    except TypeError:
        return list(range(len(classes)))
