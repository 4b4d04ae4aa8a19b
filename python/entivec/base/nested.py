"""Fitted estimators within another one's file: the one place that writes and reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from entivec.base.persistence import Arrays, describe, prefixed, rebuild, under
from entivec.base.values import pack, unpack


def nest(estimators: Mapping[Any, Any]) -> tuple[list[Any], Arrays]:
    """Return fitted estimators as JSON and arrays, for a `to_state` to add to its own.

    Parameters
    ----------
    estimators : mapping of name to fitted estimator
        Of entivec; names of any type that has a saved form. They may hold others themselves.

    Returns
    -------
    documents : list
        Name and document of each, in order; what `unnest` takes.
    arrays : dict of str to ndarray
        Named by position; `prefixed` keeps them apart from others.

    Examples
    --------
    >>> import entivec, numpy
    >>> from entivec.base.nested import nest, unnest
    >>> X = numpy.random.default_rng(0).normal(size=(100, 6))
    >>> model = entivec.AutoEncoder(n_components=2, max_steps=20).fit(X)
    >>> again = unnest(*nest({"rows": model}))["rows"]
    >>> bool((again.transform(X) == model.transform(X)).all())
    True
    """
    documents: list[Any] = []
    arrays: Arrays = {}
    for position, (name, estimator) in enumerate(estimators.items()):
        document, own = describe(estimator)
        documents.append([pack(name), document])
        arrays |= prefixed(f"{position}.", own)
    return documents, arrays


def unnest(documents: Sequence[Any], arrays: Arrays) -> dict[Any, Any]:
    """Return the fitted estimators that `nest` described, by name and in order.

    Raises
    ------
    ValueError, KeyError, TypeError
        If they are not complete; `entivec.load` says so of the whole file.
    """
    return {
        unpack(name): rebuild(document, under(f"{position}.", arrays))
        for position, (name, document) in enumerate(documents)
    }
