"""What every estimator has, over rows or not: checked parameters, names, files."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.exceptions import NotFittedError
from sklearn.utils._set_output import _get_output_config
from sklearn.utils.validation import check_is_fitted

from entivec.base import persistence
from entivec.base.common import Seeded, Threaded, Verbose

if TYPE_CHECKING:
    from typing_extensions import Self


class Saved(BaseEstimator):  # type: ignore[misc]
    """An estimator with checked parameters and a file.

    A subclass names in `_fitted` the attribute that its `fit` leaves, gives `to_state`, which
    describes the fitted estimator without its parameters, and `_restore`, which reads it.
    """

    _fitted: ClassVar[str]

    def to_state(self) -> tuple[dict[str, Any], persistence.Arrays]:
        """Return the fitted estimator, its parameters left out, as JSON and named arrays."""
        raise NotImplementedError

    def _restore(self, document: dict[str, Any], arrays: persistence.Arrays) -> None:
        """Take over what `to_state` described."""
        raise NotImplementedError

    @classmethod
    def from_state(cls, document: dict[str, Any], arrays: persistence.Arrays) -> Self:
        """Rebuild the estimator that a file describes: `to_state`, and under "parameters" those."""
        estimator = cls(**persistence.unpack_parameters(document["parameters"]))
        estimator._restore(document, arrays)
        return estimator

    def save(self, path: str | os.PathLike[str], *, private: bool = False) -> None:
        """Write the fitted estimator to one pickle-free file; read it with `entivec.load`.

        Parameters
        ----------
        path : path-like
            Written atomically: a former file stays whole until the new one is.
        private : bool, default False
            Keep no level, name, quantile or weight in the clear: all is sealed with a new key
            (ChaCha20-Poly1305; extra ``private``), written beside it as ``<path>.key``. Whoever has
            both embeds the same; move the key elsewhere and give `entivec.load` its place, or
            delete it, and nobody reads the file again.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        """
        check_is_fitted(self)
        persistence.save(self, path, private)

    def _check_parameters(self) -> None:
        """Raise where a parameter cannot be used, before any work starts."""
        self._validate_params()

    def __sklearn_is_fitted__(self) -> bool:
        return self._fitted in vars(self)

    def __getattr__(self, name: str) -> Any:
        """Say that `fit` comes first where something is asked for that it leaves."""
        if name.endswith("_") and not name.startswith("_") and self._fitted not in vars(self):
            raise NotFittedError(
                f"This {type(self).__name__} instance is not fitted yet. Call 'fit' with"
                " appropriate arguments before using this estimator."
            )
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")


class NamedRows(TransformerMixin):  # type: ignore[misc]
    """An estimator whose `transform` gives rows of its own, which the index of a DataFrame names.

    scikit-learn's own wrapper would give them the index of the input, or in polars none. polars has
    no index: there the names are the first columns.
    """

    _sklearn_auto_wrap_output_keys: ClassVar[set[str]]

    def __init_subclass__(cls, **settings: Any) -> None:
        super().__init_subclass__(auto_wrap_output_keys=None, **settings)
        cls._sklearn_auto_wrap_output_keys = {"transform"}  # so that there is a `set_output`

    def _named(self, rows: pd.DataFrame) -> Any:
        """Rows as `set_output` asks for them."""
        if _get_output_config("transform", self)["dense"] != "polars":
            return rows
        import polars

        return polars.from_pandas(rows, include_index=True)


class Embedder(Seeded, Threaded, Verbose, ClassNamePrefixFeaturesOutMixin, TransformerMixin, Saved):  # type: ignore[misc]
    """An estimator whose `transform` gives one embedding an entity.

    A subclass leaves `n_components_`; its columns are named after the class, `autoencoder0` ….
    """

    n_components_: int

    @property
    def _n_features_out(self) -> int:
        return int(self.n_components_)

    def _as_output(self, codes: np.ndarray, index: pd.Index | None) -> Any:
        """Embeddings as a DataFrame with `index`, unless there is none or `set_output` decides."""
        if index is not None and _get_output_config("transform", self)["dense"] == "default":
            return pd.DataFrame(codes, index=index, columns=self.get_feature_names_out())
        return codes
