"""A column with several labels in a cell, "a|b|c" or a list: a part of the bag."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from scipy import sparse

from entivec.base.values import pack, unpack

from .cells import Cells, Name, column_error, is_missing, values_of
from .parsing import Levels
from .report import FEWEST_CELLS, Report
from .restore import Form

_TAG = " #"  # parts labels and stands before the first of them
_SEPARATORS = (
    "|",
    ";",
    "\n",
    "\t",
    "•",
    "·",
    "、",
    "；",
    "،",
    "^",
    ",",
    "/",
    "&",
    "+",
    " and ",
    _TAG,
)
_SURE = "|;\n\t•、；،^"  # which stand in no ordinary label
_BEFORE_THE_LAST = (" and ", " or ", " und ", " oder ", " et ", " ou ", " y ", " o ", " e ", " & ")
_BRACKETS = ("[]", "{}", "()")
_QUOTES = ("'", '"')
_OFTEN = 0.2  # share of the cells with a separator, so that it is one
_OFTEN_FIRST = 0.5  # share of the labels after a separator that stand first in another cell
_KNOWN = 0.95  # share of the labels that repeat, so that they are labels and not sentences
_LONGEST = 40  # characters of a label
_LISTS: dict[str, Any] = {
    "list": list,
    "set": set,
    "frozenset": frozenset,
    "tuple": tuple,
    "ndarray": np.array,
}
_HOLDS = (list, set, frozenset, tuple, np.ndarray)
_HALF = 0.5  # of the likeliest label: from there on a label is written back


@dataclass(frozen=True)
class LabelsText:
    """How several labels are written in a text.

    Attributes
    ----------
    separator : str
        What parts them, blanks aside.
    joint : str
        The same with its usual blanks.
    brackets : str
        "[]", "{}", "()" or "".
    quote : str
        What stands around each label; "" for nothing.
    last : str
        What parts the last two labels, where that is something else: " and ".
    """

    separator: str
    joint: str
    brackets: str = ""
    quote: str = ""
    last: str = ""

    def parted(self, text: str) -> list[str]:
        """Return the labels of a text."""
        text = f" {text}" if self.separator == _TAG else text.strip()
        if self.brackets and text[:1] == self.brackets[0] and text[-1:] == self.brackets[1]:
            text = text[1:-1]
        parts = text.split(self.separator)
        if self.last:
            parts[-1:] = parts[-1].split(self.last)
        parts = [part.strip() for part in parts]
        if self.quote:
            parts = [part.strip(self.quote) for part in parts]
        return [part for part in parts if part]

    def joined(self, labels: Sequence[str]) -> str:
        """Return labels as one text."""
        quoted = [f"{self.quote}{label}{self.quote}" for label in labels]
        if self.last and len(quoted) > 1:
            quoted[-2:] = [self.last.join(quoted[-2:])]
        own = self.joint.join(quoted)
        own = f"#{own}" if self.separator == _TAG else own
        return f"{self.brackets[:1]}{own}{self.brackets[1:]}"


@dataclass
class LabelsColumn:
    """Labels as counts of zero and one.

    Attributes
    ----------
    name : column name
    form : Form
        Dtype to write back.
    text : LabelsText or None
        How they are written; None where cells hold lists.
    container : str
        "list", "set", "frozenset", "tuple" or "ndarray" where cells hold those; else "".
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
    text: LabelsText | None
    container: str
    labels: list[Any]
    lost: float
    missing_share: float
    held: float = 1.0
    share: np.ndarray = field(default_factory=lambda: np.empty(0))

    @classmethod
    def fit(
        cls,
        name: Name,
        form: Form,
        cells: Cells,
        text: LabelsText | None,
        most: int,
        report: Report,
    ) -> LabelsColumn:
        """Return the fitted column of texts that are written as `text`, or of lists."""
        observed = [cell for cell in values_of(cells) if not is_missing_or_list(cell)]
        several = [_labels(cell, text) for cell in observed]
        counts = Counter(label for labels in several for label in dict.fromkeys(labels))
        ordered = sorted(counts, key=lambda label: (-counts[label], str(label)))
        kept = [label for label in ordered if counts[label] > 1][:most] or ordered[:most]
        total = sum(counts.values())
        lost = 1.0 - sum(counts[label] for label in kept) / total if total else 0.0
        container = "" if text else type(observed[0]).__name__
        shown = max(observed[:20], key=lambda cell: len(_labels(cell, text)))
        report.note(name, f"has several labels in a cell ({shown!r}), {len(kept)} of them known")
        missing = 1.0 - len(several) / len(cells)
        return cls(name, form, text, container, kept, lost, missing)

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
            found = {place[label] for label in _labels(cell, self.text) if label in place}
            rows += [row] * len(found)
            columns += sorted(found)
        ones = np.ones(len(rows), dtype=np.float32)
        return sparse.csr_matrix((ones, (rows, columns)), shape=(len(cells), self.width))

    def _check(self, cell: Any, row: int) -> None:
        if not isinstance(cell, (str, *_HOLDS) if self.text else _HOLDS):
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
        if self.text:
            return self.form.labels(np.arange(len(cells)), cells)
        dtype: Any = self.form.dtype
        if isinstance(dtype, pd.ArrowDtype):
            return pd.Series(cells, dtype=dtype).array
        written = np.empty(len(cells), dtype=object)
        written[:] = cells
        return written

    def _joined(self, positions: np.ndarray) -> Any:
        if len(positions) == 0:
            return None
        labels = [self.labels[i] for i in positions]
        return self.text.joined(labels) if self.text else _LISTS[self.container](labels)

    def encode(self, cells: Cells, out: np.ndarray) -> None:
        """Refuse: labels are counts, see `counts`."""
        raise NotImplementedError

    def state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return the fitted column as JSON-able values and arrays."""
        document = {
            "form": self.form.state(),
            "text": None if self.text is None else asdict(self.text),
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
        fields["text"] = None if fields["text"] is None else LabelsText(**fields["text"])
        fields["labels"] = [unpack(label) for label in fields["labels"]]
        return cls(name=name, share=arrays["share"], **fields)


def is_missing_or_list(cell: Any) -> bool:
    """Tell whether a cell is missing; a list never is."""
    return not isinstance(cell, _HOLDS) and is_missing(cell)


def holds_lists(cells: Cells) -> bool:
    """Tell whether every observed cell of an object column holds several values.

    Tuples are one value each, such as a place, unless they are of several lengths.
    """
    if not isinstance(cells, np.ndarray) or cells.dtype != object:
        return False
    found = [cell for cell in cells if not is_missing_or_list(cell)]
    if len(found) < 2 or not all(isinstance(cell, _HOLDS) for cell in found):
        return False
    tuples = [len(cell) for cell in found if isinstance(cell, tuple)]
    if tuples and min(tuples) == max(tuples):
        return False
    try:
        return all(isinstance(frozenset(cell), frozenset) for cell in found)
    except TypeError:  # lists of lists
        return False


def infer_labels(levels: Levels) -> LabelsText | None:
    """Return how the texts of a column hold several labels, or None where a cell is one label."""
    texts, counts = levels.seen, levels.counts
    if len(texts) < 3 or not all(isinstance(text, str) for text in texts):
        return None
    some = "".join(texts[:200])
    if not any(mark in some for mark in _SEPARATORS) or int(counts.sum()) < FEWEST_CELLS:
        return None
    brackets = next((pair for pair in _BRACKETS if _are_bracketed(texts, pair)), "")
    for separator in (",", ";", "|") if brackets else _SEPARATORS:
        inside = [text.strip()[1:-1] if brackets else text for text in texts]
        parted = [text for text in inside if separator in text.strip()]
        if 5 * len(parted) < len(texts[:200]) and 5 * len(parted) < len(texts):
            continue
        if not parted:
            continue
        quote = next((mark for mark in _QUOTES if _are_quoted(inside, separator, mark)), "")
        blanks = Counter(re.findall(rf" ?{re.escape(separator.strip(' '))} ?", " ".join(parted)))
        joint = separator if separator.startswith(" ") else blanks.most_common(1)[0][0]
        words = [""]
        if separator == ",":
            words += [word for word in _BEFORE_THE_LAST if any(word in text for text in parted)]
        ways = [LabelsText(separator, joint, brackets, quote, last) for last in words]
        holding = [way for way in ways if _holds_labels(way, texts, counts)]
        if holding:  # "salt and pepper" is one label where neither stands alone
            return min(holding, key=lambda way: len(set().union(*map(way.parted, texts))))
    return None


def _are_bracketed(texts: Sequence[str], pair: str) -> bool:
    return all(text.strip()[:1] == pair[0] and text.strip()[-1:] == pair[1] for text in texts)


def _are_quoted(texts: Sequence[str], separator: str, mark: str) -> bool:
    parts = [part.strip() for text in texts for part in text.split(separator) if part.strip()]
    return all(len(part) > 1 and part[0] == part[-1] == mark for part in parts)


def _holds_labels(way: LabelsText, texts: Sequence[str], counts: np.ndarray) -> bool:
    parted = [way.parted(text) for text in texts]
    several = sum(int(n) for labels, n in zip(parted, counts, strict=True) if len(labels) > 1)
    if several < _OFTEN * int(counts.sum()):
        return False
    sure = bool(way.brackets) or way.separator in _SURE
    if not sure and not _take_turns(parted):
        return False
    cells = Counter[str]()
    for labels, count in zip(parted, counts, strict=True):
        for label in labels:
            cells[label] += int(count)
    repeated = sum(count for count in cells.values() if count > 1)
    short = max(len(label) for label in cells) <= _LONGEST
    return short and len(cells) < len(texts) and repeated >= _KNOWN * sum(cells.values())


def _take_turns(parted: Sequence[Sequence[str]]) -> bool:
    """Tell whether later labels stand first elsewhere: not so in "Berlin, Germany"."""
    first = {labels[0] for labels in parted if labels and not labels[0].isdigit()}
    later = [label for labels in parted for label in labels[1:]]
    return sum(label in first for label in later) >= _OFTEN_FIRST * len(later)


def _labels(cell: Any, text: LabelsText | None) -> list[Any]:
    if isinstance(cell, str):
        return text.parted(cell) if text else [cell]
    return [label.strip() if isinstance(label, str) else label for label in cell]
