"""What a fitted estimator over rows is: a table codec and a network."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import ClassifierTags, Tags
from sklearn.utils.validation import check_is_fitted

from entivec.base import Embedder
from entivec.base.frames import is_frame
from entivec.base.training import State
from entivec.rows.network import Network
from entivec.table import Blocks, TableEncoder

MOST_CELLS = 1 << 25  # of a table that is embedded at once
CORE_PIECE = 256  # rows that the core computes together: whole numbers of them keep the bits


class FittedRows(Embedder):
    """The codec, the network, and how rows become codes by them."""

    _fitted = "network_"
    table_: TableEncoder
    network_: Network
    history_: pd.DataFrame
    n_iter_: int
    _resumable: tuple[Network, State]

    @property
    def n_features_in_(self) -> int:
        """Number of columns seen in `fit`."""
        check_is_fitted(self, "table_")
        return int(self.table_.n_features_in_)

    @property
    def feature_names_in_(self) -> np.ndarray:
        """Names of the columns seen in `fit`; only defined for a DataFrame."""
        return self.__getattribute__("table_").feature_names_in_  # type: ignore[no-any-return]

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = []
        tags.target_tags.multi_output = True
        tags.classifier_tags = ClassifierTags()  # of predict_proba, after a fit with classes
        return tags

    def _blocks(self, X: Any) -> Blocks:
        if not hasattr(self, "network_"):  # the full check takes longer than a row
            check_is_fitted(self, "network_")
        return self.table_.transform(X)

    def _encode(self, X: Any) -> np.ndarray:
        """Embed rows, of a large table piece by piece, so that it is never copied as a whole."""
        rows = _piece_rows(X)
        if rows == 0:
            blocks = self._blocks(X)
            return self.network_.encode(blocks, self._threads())
        check_is_fitted(self, "network_")
        codes = np.empty((len(X), self.n_components_), dtype=np.float32)
        of = X.iloc if is_frame(X) else X
        for first in range(0, len(X), rows):
            try:
                blocks = self.table_.transform(of[first : first + rows])
            except ValueError:
                self.table_.transform(X)  # fails as well, and counts rows from the first
                raise
            codes[first : first + rows] = self.network_.encode(blocks, self._threads())
        return codes


def _piece_rows(X: Any) -> int:
    """Rows to embed at a time; 0 for all at once."""
    if not isinstance(X, (pd.DataFrame, np.ndarray)) or X.ndim != 2 or X.size <= MOST_CELLS:
        return 0
    return max(1, MOST_CELLS // X.shape[1] // CORE_PIECE) * CORE_PIECE
