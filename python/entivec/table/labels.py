"""A column with several labels in a cell, "a|b|c" or a list: a part of the bag."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from scipy import sparse

from entivec.base.values import pack, unpack

from .cells import Cells, Name, column_error, is_missing, values_of
from .parsing import Levels
from .report import FEWEST_CELLS, Report
from .restore import Form

_SEPARATORS = ("|", ";", ",", "/")
_OFTEN = 0.2  # share of the cells with a separator, so that it is one
_KNOWN = 0.95  # share of the labels that repeat, so that they are labels and not sentences
_LONGEST = 40  # characters of a label
_LISTS: dict[str, type[Any]] = {"list": list, "set": set, "frozenset": frozenset}
_HALF = 0.5  # of the likeliest label: from there on a label is written back


@dataclass
class LabelsColumn:
    """Labels as counts of zero and one.

    Attributes
    ----------
    name : column name
    form : Form
        Dtype to write back.
    separator : str
        What parts the labels of a text; "" where cells hold lists.
    container : str
        "list", "set" or "frozenset" where cells hold those; else "".
    labels : list
        Those with a column of the bag, the most frequent first.
    lost : float
        Share of the training cells' labels without one.
    missing_share : float
        Share of missing cells in training.
    held : float
        Mean number of known labels in a cell that has any: what the column weighs.
    share : ndarray of shape (width,)
        Mean of count / row total over the training rows whose bag is not empty.
    """

    kind: ClassVar[str] = "bag"
    stored: ClassVar[str] = "labels"
    block: ClassVar[str] = "bags"

    name: Name
    form: Form
    separator: str
    container: str
    labels: list[Any]
    lost: float
    missing_share: float
    held: float = 1.0
    share: np.ndarray = field(default_factory=lambda: np.empty(0))

    @classmethod
    def fit(
        cls, name: Name, form: Form, cells: Cells, separator: str, most: int, report: Report
    ) -> LabelsColumn:
        """Return the fitted column of texts with `separator` or, without one, of lists."""
        several = [_parted(cell, separator) for cell in values_of(cells) if not is_missing(cell)]
        counts = Counter(label for labels in several for label in dict.fromkeys(labels))
        ordered = sorted(counts, key=lambda label: (-counts[label], str(label)))
        kept = [label for label in ordered if counts[label] > 1][:most] or ordered[:most]
        total = sum(counts.values())
        lost = 1.0 - sum(counts[label] for label in kept) / total if total else 0.0
        first = next((cell for cell in values_of(cells) if not is_missing(cell)), None)
        container = "" if separator else type(first).__name__
        report.note(name, f"has several labels in a cell ({first!r}), {len(kept)} of them known")
        missing = 1.0 - len(several) / len(cells)
        return cls(name, form, separator, container, kept, lost, missing)

    @property
    def width(self) -> int:
        """Number of columns in the bag."""
        return len(self.labels)

    @property
    def suffixes(self) -> list[str]:
        """What the columns are called after the name of the column."""
        return [f" {label}" for label in self.labels]

    def counts(self, cells: Cells) -> sparse.csr_matrix:
        """Return the labels of the cells, float32 (n, width)."""
        place = {label: i for i, label in enumerate(self.labels)}
        rows: list[int] = []
        columns: list[int] = []
        for row, cell in enumerate(values_of(cells)):
            if is_missing_or_list(cell):
                continue
            self._check(cell, row)
            found = {place[label] for label in _parted(cell, self.separator) if label in place}
            rows += [row] * len(found)
            columns += sorted(found)
        ones = np.ones(len(rows), dtype=np.float32)
        return sparse.csr_matrix((ones, (rows, columns)), shape=(len(cells), self.width))

    def _check(self, cell: Any, row: int) -> None:
        wanted = str if self.separator else _LISTS[self.container]
        if not isinstance(cell, (wanted, list, set, frozenset)):
            column_error(
                self.name,
                f"held several labels in a cell in training and now holds {cell!r}",
                f"convert it to what it was or fit anew (row position {row})",
            )

    def decode(self, counts: sparse.csr_matrix) -> Cells:
        """Return the labels that stand out in `counts` (n, width); missing where none does."""
        dense = np.asarray(counts.todense())
        likely = dense >= _HALF * np.maximum(dense.max(axis=1, keepdims=True, initial=0), 1e-6)
        cells = [self._joined(np.flatnonzero(row)) for row in likely & (dense > 0)]
        if self.separator:
            return self.form.labels(np.arange(len(cells)), cells)
        written = np.empty(len(cells), dtype=object)
        written[:] = cells
        return written

    def _joined(self, positions: np.ndarray) -> Any:
        if len(positions) == 0:
            return None
        labels = [self.labels[i] for i in positions]
        return self.separator.join(labels) if self.separator else _LISTS[self.container](labels)

    def encode(self, cells: Cells, out: np.ndarray) -> None:
        """Refuse: labels are counts, see `counts`."""
        raise NotImplementedError

    def state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return the fitted column as JSON-able values and arrays."""
        document = {
            "form": self.form.state(),
            "separator": self.separator,
            "container": self.container,
            "labels": [pack(label) for label in self.labels],
            "lost": self.lost,
            "missing_share": self.missing_share,
            "held": self.held,
        }
        return document, {"share": self.share}

    @classmethod
    def from_state(
        cls, name: Name, document: dict[str, Any], arrays: dict[str, np.ndarray]
    ) -> LabelsColumn:
        """Rebuild the column that `state` described."""
        fields = dict(document)
        fields["form"] = Form.from_state(fields["form"])
        fields["labels"] = [unpack(label) for label in fields["labels"]]
        return cls(name=name, share=arrays["share"], **fields)


def is_missing_or_list(cell: Any) -> bool:
    """Tell whether a cell is missing; a list never is."""
    return not isinstance(cell, (list, set, frozenset)) and is_missing(cell)


def holds_lists(cells: Cells) -> bool:
    """Tell whether every observed cell of an object column is a list or a set."""
    if not isinstance(cells, np.ndarray) or cells.dtype != object:
        return False
    observed = 0
    for cell in cells:
        if is_missing_or_list(cell):
            continue
        if not isinstance(cell, (list, set, frozenset)):
            return False
        observed += 1
    return observed > 1 and _hashable(cells)


def _hashable(cells: np.ndarray) -> bool:
    try:
        for cell in cells:
            if not is_missing_or_list(cell):
                frozenset(cell)
    except TypeError:
        return False
    return True


def infer_separator(levels: Levels) -> str:
    """Return what parts the labels of a column of text, or "" where a cell is one label."""
    texts, counts = levels.seen, levels.counts
    total = int(counts.sum())
    if total < FEWEST_CELLS:
        return ""
    some = texts[:200]
    for separator in _SEPARATORS:
        if 5 * sum(separator in text for text in some if isinstance(text, str)) < len(some):
            continue
        if _parts_labels(separator, texts, counts, total):
            return separator
    return ""


def _parts_labels(separator: str, texts: Sequence[Any], counts: np.ndarray, total: int) -> bool:
    if not all(isinstance(text, str) for text in texts):
        return False
    parted = [_parted(text, separator) for text in texts]
    several = sum(int(n) for labels, n in zip(parted, counts, strict=True) if len(labels) > 1)
    most = max(len(labels) for labels in parted)
    if several < _OFTEN * total or (separator in ",/" and most < 3):
        return False
    cells = Counter[str]()
    for labels, count in zip(parted, counts, strict=True):
        for label in labels:
            cells[label] += int(count)
    repeated = sum(count for count in cells.values() if count > 1)
    short = max(len(label) for label in cells) <= _LONGEST
    return short and len(cells) < len(texts) and repeated >= _KNOWN * sum(cells.values())


def _parted(cell: Any, separator: str) -> list[Any]:
    if not isinstance(cell, str):
        return [label.strip() if isinstance(label, str) else label for label in cell]
    return [label.strip() for label in cell.split(separator or None) if label.strip()]
