"""Tables into the three blocks of the core and back."""

from __future__ import annotations

from collections.abc import Iterable, KeysView, Mapping, Sequence, ValuesView
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.utils.validation import check_is_fitted

from entivec.base.persistence import pack_parameters, unpack_parameters

from .bag import (
    counts_of_columns,
    counts_of_matrix,
    empty_bag,
    side_by_side,
)
from .blocks import OTHER, Blocks, Layout, checked
from .categorical import CategoricalColumn
from .cells import Cells, Name, cells_of, shown
from .fitted import FittedTable, coded_part
from .kinds import Column, Settings
from .labels import LabelsColumn
from .layout import build_layout, source_names
from .learning import learn
from .parameters import (
    check_date_parts,
    check_not_used_up,
    check_parameters,
    column_roles,
)
from .read_column import ReadColumn
from .reading import ARRAY, FRAME, MATRIX, aligned, check_same_form, read_table
from .restore import as_array, as_frame
from .scaling import decoded as numbers_of
from .schema import build_schema
from .text_column import TextColumn

_STATE_VERSION = 2  # 2: read columns, and scales that are undone gently


class TableEncoder(TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):  # type: ignore[misc, call-arg]
    """Encode a table as dense numbers, category codes and bags of counts, and decode it.

    Nothing becomes one-hot. A column of text, of truth values, of category dtype, or of numbers
    that take at most two values is *categorical*; other numbers and time spans are *continuous*;
    dates become elapsed days, beside which `date_parts` can stand; pandas Sparse columns whose
    absent cells are zero, or a SciPy sparse matrix, are the *bag* of counts. A column with one
    value and no gaps is kept as a known constant, a column without any value likewise. None, NaN,
    NaT and pandas.NA are missing; blank text is not.

    Parameters
    ----------
    categorical : iterable of column names, default=None
        What are categories, where inference is not to decide. Positions for an array.
    continuous : iterable of column names, or dict of name to weight, default=None
        What are numbers. ``{"spend": 0.25}`` counts a fourth of a column in the loss, in PCA and in
        explained variance, so that many columns of one source do not drown a few of another; None
        or 1 is a whole column. The weight of dates is not changed.
    scale : {"robust", "standard", "none"}, default="robust"
        "robust": by median and interquartile range, drawn in far out, then standardised.
        "standard": mean 0 and standard deviation 1. "none": as they are.
    max_levels : int, default=50
        Levels of a categorical column that keep a code of their own, the most frequent first.
    min_share : float, default=0.002
        Share of the rows below which a level has no code of its own; a level must also occur
        twice. Columns of at most two levels keep both, however rare. Other levels share the code
        *other*: `schema_` says how many cells that is. So in a table of a few rows a column whose
        levels never repeat is all *other*, and decodes to the first of them in sorted order.
    parse : {"infer", "never"}, default="infer"
        "infer": text of which at least 95 % of the observed cells can be read one way as numbers
        ("1,234.50", "1.234,50 €", "$1.2M", "12 %", "(40)", "12*"), dates ("05/01/2023",
        "5 janvier 2023 14h30", "2021-Q3"), times ("8:30 PM", "P3DT4H") or amounts in several units
        ("1h 20m", "5 ft 10 in") is read so, and written back so; times of day and spans are hours.
        Cells that cannot be read count as missing and are in `schema_`. Text and lists with several
        labels ("a|b", "['a', 'b']") are a bag, flags in several spellings two levels.
        "never": text is categories, whatever it says; no column is left out.
    numeric : iterable of column names, or dict of name to decimal mark, default=None
        Text columns to be read as numbers however few can be; ``{"price": ","}`` where "1.234"
        is more than a thousand.
    dates : iterable of column names, or dict of name to order, default=None
        Columns of text, or of numbers such as seconds since 1970, to be read as dates;
        ``{"joined": "dmy"}`` (or "mdy", "ymd") where day and month could change places.
    text_components : int, default=16
        Numbers that hold the characters and words of a text column whose levels do not all have
        codes, beside those codes: near texts are near. The numbers have a tenth of the variance
        that the codes leave, so that they do not crowd out what frequent levels say. A cell in
        *other* is not lost where they stand beside it: nothing is warned of, and explained variance
        judges the numbers in place of the code. 0 for none; then what is in *other* is lost, and
        not explained.
    unknown_rate : float, default=0.01
        Share of the categorical input cells that estimators replace by *other* in training, to
        learn what an unknown level means. The encoder only carries it.
    date_parts : iterable of {"time of day", "day of week", "day of year"}, default=()
        Parts of the calendar that stand beside the elapsed days of a date, as sine and cosine,
        where they vary. They are rebuilt like any column and take room from the others: worth it
        where what is to be predicted hangs on the weekday or the season.
    text : str, default=None
        Folder or name of a model of sentence-transformers or model2vec (``entivec[text]``) that
        reads the texts whose levels do not all have codes; `text_components` numbers hold its
        vectors. It is not part of a file: `entivec.load` finds it again by this name. None: words
        and their pieces, hashed and weighted by how rare they are, and of free text (half of the
        cells distinct, eight words on average) words and pairs of words; nothing is downloaded.

    Attributes
    ----------
    layout_ : Layout
        What the core must know of the blocks.
    columns_ : list
        The fitted columns in table order, without those of the bag.
    bag_ : Bag or None
        The fitted bag block.
    n_features_in_ : int
        Number of columns seen in fit.
    feature_names_in_ : ndarray of str
        Their names; only where all names are text.

    Notes
    -----
    Far out, u / sqrt((1 + sqrt(1 + (u/3)^2)) / 2) grows like a root, so that a few cells do not
    rule their column; near the middle it is u, so that PCA of a table is close to PCA of its
    standardised columns. Columns of fewer than 500 cells are standardised alone.
    Fitting keeps memory proportional to rows plus levels, never rows times levels.

    Examples
    --------
    >>> import pandas as pd
    >>> from entivec.table import TableEncoder
    >>> frame = pd.DataFrame({"age": [31, 45, 22, 60], "plan": ["a", "b", "a", "b"]})
    >>> encoder = TableEncoder()
    >>> blocks = encoder.fit_transform(frame)
    >>> blocks.dense.shape, blocks.codes.ravel().tolist()
    ((4, 1), [2, 3, 2, 3])
    >>> encoder.inverse_transform(blocks).equals(frame)
    True
    """

    def __sklearn_clone__(self) -> TableEncoder:
        """Return an unfitted copy; the keys of a dict, which cannot be copied, become a list."""
        given = self.get_params(deep=False)
        for key, value in given.items():
            check_not_used_up(key, value)
        parameters: dict[str, Any] = {
            key: list(value)
            if isinstance(value, (KeysView, ValuesView))
            else clone(value, safe=False)
            for key, value in given.items()
        }
        return type(self)(**parameters)

    _fewest: ClassVar[int] = 2  # cells of a level that has a code of its own

    def __init__(
        self,
        *,
        categorical: Iterable[Name] | None = None,
        continuous: Iterable[Name] | Mapping[Any, float | None] | None = None,
        scale: str = "robust",
        max_levels: int = 50,
        min_share: float = 0.002,
        parse: str = "infer",
        numeric: Iterable[Name] | Mapping[Any, str | None] | None = None,
        dates: Iterable[Name] | Mapping[Any, str | None] | None = None,
        text_components: int = 16,
        unknown_rate: float = 0.01,
        date_parts: Iterable[str] = (),
        text: str | None = None,
    ) -> None:
        self.categorical = categorical
        self.continuous = continuous
        self.scale = scale
        self.max_levels = max_levels
        self.min_share = min_share
        self.parse = parse
        self.numeric = numeric
        self.dates = dates
        self.text_components = text_components
        self.unknown_rate = unknown_rate
        self.date_parts = date_parts
        self.text = text

    def fit(self, X: Any, y: Any = None) -> TableEncoder:
        """Learn kinds, scaling and levels of the columns.

        Parameters
        ----------
        X : DataFrame, array or SciPy sparse matrix of shape (n, p)
        y : ignored

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a parameter or a cell is not usable; the message names the column, shows the value
            and says what to do.
        """
        self._fit(X, keep=False)
        return self

    def fit_transform(self, X: Any, y: Any = None, **fit_params: Any) -> Blocks:
        """Fit and return the blocks of the same rows; every cell is encoded once.

        Parameters
        ----------
        X : DataFrame, array or SciPy sparse matrix of shape (n, p)
        y : ignored

        Returns
        -------
        Blocks
        """
        parts, bags = self._fit(X, keep=True)
        dense, codes = self._empty(bags.shape[0])
        table = read_table(X)
        columns = table.columns() if parts else []
        together = self._fitted.together.encode(table, columns, dense) if parts else ()
        for column, position, out, part in zip(
            self.columns_, self._fitted.positions, self._views(dense, codes), parts, strict=True
        ):
            if part is not None:
                out[...] = part
            elif position not in together:
                self._encode_column(column, columns[position], out)
        return Blocks(dense, codes, bags)

    def transform(self, X: Any) -> Blocks:
        """Return the blocks of a table with the columns of training, in any order.

        Parameters
        ----------
        X : DataFrame, array or SciPy sparse matrix of shape (n, p)

        Returns
        -------
        Blocks

        Raises
        ------
        ValueError
            If a column is missing, not known, named twice or of another kind than in training, or
            if a cell is infinite or holds a list.
        """
        if not hasattr(self, "_fitted"):  # the full check takes longer than a row
            check_is_fitted(self)
        table = read_table(X)
        check_same_form(table, self._fitted.form, len(self._fitted.names))
        dense, codes = self._empty(len(table))
        if self._fitted.form == MATRIX:
            return Blocks(dense, codes, counts_of_matrix(self._fitted.names, table.data))
        columns = aligned(table, self._fitted.names) if table.form == FRAME else []
        together = self._fitted.together.encode(table, columns, dense)
        if len(together) == len(self._fitted.names):
            return Blocks(dense, codes, empty_bag(len(table)))
        columns = columns or table.columns()
        for column, position, out in zip(
            self.columns_, self._fitted.positions, self._views(dense, codes), strict=True
        ):
            if position not in together and column.block != "bags":
                self._encode_column(column, columns[position], out)
        return Blocks(dense, codes, self._bags(columns, len(table)))

    def _bags(self, columns: Sequence[Any], rows: int) -> sparse.csr_matrix:
        """Counts of the bag's columns, then of those with several labels in a cell."""
        parts = []
        if self.bag_ is not None:
            counted = [columns[position] for position in self._fitted.bag_positions]
            parts.append(counts_of_columns(self.bag_.names, counted))
        for column, position in zip(self.columns_, self._fitted.positions, strict=True):
            if isinstance(column, LabelsColumn):
                parts.append(column.counts(self._cells(columns[position])))
        return side_by_side(parts) if parts else empty_bag(rows)

    def unseen(self, X: Any, blocks: Blocks) -> np.ndarray:
        """Return which cells of category hold a level that was in no training row.

        Parameters
        ----------
        X : DataFrame, array or SciPy sparse matrix of shape (n, p)
        blocks : Blocks
            What `transform` gives of it.

        Returns
        -------
        ndarray of shape (n, k), bool
            By column of ``blocks.codes``.
        """
        found = np.zeros(blocks.codes.shape, dtype=bool)
        if not (blocks.codes == OTHER).any():
            return found
        columns = aligned(read_table(X), self._fitted.names)
        place = 0
        for column, position in zip(self.columns_, self._fitted.positions, strict=True):
            coded = coded_part(column)
            if isinstance(coded, CategoricalColumn):
                cells = self._cells(columns[position])
                found[:, place] = coded.unseen(cells, blocks.codes[:, place])
                place += 1
        return found

    def count_unreadable(self, X: Any) -> int:
        """Return how many cells of a table say something that cannot be read as in training.

        Parameters
        ----------
        X : DataFrame, array or SciPy sparse matrix of shape (n, p)
        """
        check_is_fitted(self)
        read = [
            (column, position)
            for column, position in zip(self.columns_, self._fitted.positions, strict=True)
            if isinstance(column, ReadColumn)
        ]
        if not read:
            return 0
        table = read_table(X)
        columns = aligned(table, self._fitted.names)
        return sum(
            column.count_unreadable(self._cells(columns[position])) for column, position in read
        )

    def inverse_transform(self, blocks: Any) -> Any:
        """Return the table that blocks stand for: same columns, order, dtypes and type.

        Parameters
        ----------
        blocks : Blocks, or a tuple (dense, codes, bags)
            As `transform` returns them, or as a model reconstructs them.

        Returns
        -------
        DataFrame, ndarray or SciPy sparse matrix
            As given to `fit`. A cell coded *other* becomes the most frequent level pooled there
            in training, else a missing value, else the most frequent level.

        Raises
        ------
        ValueError
            If the blocks are not as wide as the layout says or a code is out of range.
        """
        check_is_fitted(self)
        dense, codes, bags = checked(blocks, self.layout_)
        if self._fitted.form == MATRIX:
            assert self.bag_ is not None
            return self.bag_.decode_matrix(bags)
        decoded: list[Any] = [None] * len(self._fitted.names)
        for column, position, part in zip(
            self.columns_, self._fitted.positions, self._views(dense, codes, bags), strict=True
        ):
            if isinstance(column, TextColumn):  # after the codes of the same column
                decoded[position] = column.merge(decoded[position], part)
            else:
                decoded[position] = column.decode(part)
        if self.bag_ is not None:
            own = bags[:, : len(self.bag_.names)]
            for position, cells in zip(
                self._fitted.bag_positions, self.bag_.decode_columns(own), strict=True
            ):
                decoded[position] = cells
        if self._fitted.form == ARRAY:
            return as_array(decoded, self.columns_[0].form)
        return as_frame(decoded, self._fitted.names)

    def in_own_units(self, dense: np.ndarray) -> np.ndarray:
        """Return a dense block with its numbers and elapsed days as they were, float64 (n, c)."""
        numbers = dense.astype(np.float64)
        places = np.arange(dense.shape[1])[np.newaxis]
        scaled: dict[str, list[tuple[Any, ...]]] = {}  # by squash, for all columns are one product
        for column, part in zip(self.columns_, self._views(places, places[:, :0]), strict=True):
            scaler = getattr(getattr(column, "inner", column), "scaler", None)
            if scaler is not None:
                scaled.setdefault(scaler.squash, []).append((part[0, 0], *scaler.statistics()))
        for squash, columns in scaled.items():
            at, *statistics = (np.array(each) for each in zip(*columns, strict=True))
            numbers[:, at] = numbers_of(numbers[:, at], squash, *statistics)
        return numbers

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Return the names of the encoded columns: dense, then codes, then bags.

        Parameters
        ----------
        input_features : array of str of shape (p,), default=None
            Names to use instead of those of training; must agree with `feature_names_in_`.

        Returns
        -------
        ndarray of str
        """
        check_is_fitted(self)
        names = [shown(name) for name in self._fitted.names]
        if input_features is not None:
            names = self._renamed([str(name) for name in input_features])
        by_block: dict[str, list[str]] = {"dense": [], "codes": [], "none": [], "bags": []}
        for position, column in zip(self._fitted.positions, self.columns_, strict=True):
            by_block[column.block] += [names[position] + suffix for suffix in column.suffixes]
        bags = [names[position] for position in self._fitted.bag_positions]
        ordered = by_block["dense"] + by_block["codes"] + bags + by_block["bags"]
        return np.array(ordered, dtype=object)

    def _renamed(self, given: list[str]) -> list[str]:
        if len(given) != self.n_features_in_:
            raise ValueError(
                f"input_features should have length equal to the number of columns "
                f"({self.n_features_in_}), got {len(given)}"
            )
        if hasattr(self, "feature_names_in_") and given != list(self.feature_names_in_):
            raise ValueError("input_features is not equal to feature_names_in_; leave it out")
        return given

    def source_names(self) -> pd.Index:
        """Return the modelled columns by the labels they have in the table.

        Returns
        -------
        Index
            One for each of ``layout_.sources``. All sparse columns together are "bag".
        """
        check_is_fitted(self)
        return source_names(self._fitted)

    @property
    def schema_(self) -> pd.DataFrame:
        """One row per column: its kind, dtype, levels, and shares of missing and other cells."""
        check_is_fitted(self)
        return build_schema(self._fitted)

    def to_state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return the fitted encoder as a JSON-able document and plain arrays; no pickle.

        Raises
        ------
        ValueError
            If a column has levels of a type without a saved form, or a parameter has none.
        """
        check_is_fitted(self)
        document, arrays = self._fitted.state()
        parameters = pack_parameters(self)
        return {"version": _STATE_VERSION, "parameters": parameters, **document}, arrays

    @classmethod
    def from_state(cls, document: dict[str, Any], arrays: dict[str, np.ndarray]) -> TableEncoder:
        """Rebuild the fitted encoder that `to_state` described.

        Raises
        ------
        ValueError
            If the state is not one that `to_state` wrote, or a newer version did.
        """
        try:
            if document["version"] > _STATE_VERSION:
                raise ValueError("it was written by a newer version of entivec")
            return cls._from_state(document, arrays)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise ValueError(
                f"this is no usable TableEncoder state ({error}); save it again with this version"
            ) from error

    @classmethod
    def _from_state(cls, document: dict[str, Any], arrays: dict[str, np.ndarray]) -> TableEncoder:
        encoder = cls(**unpack_parameters(document["parameters"]))
        encoder._adopt(FittedTable.from_state(document, arrays))
        return encoder

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.sparse = True
        tags.input_tags.string = True
        tags.transformer_tags.preserves_dtype = []
        return tags

    def _encode_column(self, column: Column, source: Any, out: np.ndarray) -> None:
        column.encode(self._cells(source), out)

    def _cells(self, source: Any) -> Cells:
        return cells_of(source) if self._fitted.form == FRAME else source

    def _fit(self, X: Any, keep: bool) -> tuple[list[np.ndarray | None], sparse.csr_matrix]:
        """Fit; return each column's encoded cells (if `keep`) and the bag block.

        None stands for columns of plain numbers: scaling them again is cheap, and keeping them
        would hold a second copy of the table.
        """
        check_parameters(
            self.scale,
            self.max_levels,
            self.min_share,
            self.unknown_rate,
            self.parse,
            self.text_components,
            self.text,
        )
        check_date_parts(self.date_parts)
        table = read_table(X)
        roles = column_roles(
            table.names,
            categorical=self.categorical,
            continuous=self.continuous,
            numeric=self.numeric,
            dates=self.dates,
        )
        settings = Settings(
            self.scale,
            self.max_levels,
            self.min_share,
            self.parse,
            self.text_components,
            fewest=self._fewest,
            date_parts=tuple(self.date_parts),
            text=self.text,
        )
        learnt = learn(table, roles, settings, keep)
        self._adopt(learnt.fitted)
        learnt.report.tell()
        return learnt.parts, learnt.bags

    def _adopt(self, fitted: FittedTable) -> None:
        self._fitted = fitted
        self.columns_ = fitted.columns
        self.bag_ = fitted.bag
        self.layout_: Layout = build_layout(fitted)
        self.n_features_in_ = len(fitted.names)
        if fitted.form == FRAME and all(isinstance(name, str) for name in fitted.names):
            self.feature_names_in_ = np.array(fitted.names, dtype=object)
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_

    def _empty(self, rows: int) -> tuple[np.ndarray, np.ndarray]:
        dense = np.empty((rows, len(self.layout_.dense_source)), dtype=np.float32)
        codes = np.empty((rows, len(self.layout_.code_source)), dtype=np.int32)
        return dense, codes

    def _views(self, dense: np.ndarray, codes: np.ndarray, bags: Any = None) -> list[Any]:
        """Each column's part of the blocks; empty in the bags where these are not given."""
        blocks = {"dense": dense, "codes": codes, "none": dense, "bags": bags}
        used = dict.fromkeys(blocks, 0)
        used["bags"] = 0 if self.bag_ is None else len(self.bag_.names)
        views = []
        for column in self.columns_:
            block = blocks[column.block]
            start = used[column.block]
            used[column.block] = start + column.width
            views.append(dense[:, :0] if block is None else block[:, start : start + column.width])
        return views
