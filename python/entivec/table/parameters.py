"""The encoder's parameters, checked before any work starts."""

from __future__ import annotations

import math
import numbers
from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Any

import pandas as pd

from entivec.base.hints import did_you_mean

from .kinds import Role
from .temporal import PARTS
from .text_models import load_model

SCALES = ("robust", "standard", "none")
PARSES = ("infer", "never")
_DETAILS: dict[str, tuple[Any, ...]] = {
    "numeric": (".", ",", None),
    "dates": ("dmy", "mdy", "ymd", None),
}


def check_date_parts(given: Any) -> None:
    """Refuse what is no sequence of calendar parts; raise ValueError."""
    if isinstance(given, str) or not isinstance(given, Iterable) or not set(given) <= set(PARTS):
        raise ValueError(
            f"date_parts={given!r} is no list of calendar parts; give some of"
            f" {', '.join(map(repr, PARTS))}, such as ({PARTS[0]!r},), or () for none"
        )


def check_parameters(
    scale: Any,
    max_levels: Any,
    min_share: Any,
    unknown_rate: Any,
    parse: Any = "infer",
    text_components: Any = 0,
    text: Any = None,
) -> None:
    """Refuse parameter values that mean nothing.

    Raises
    ------
    ValueError
        Naming the parameter, showing its value and saying what to give.
    """
    for name, value, known in (("scale", scale, SCALES), ("parse", parse, PARSES)):
        if value not in known:
            raise ValueError(
                f"{name}={value!r} is unknown; give one of {', '.join(map(repr, known))}"
            )
    if text is not None:
        if not isinstance(text, str):
            raise ValueError(
                f"text={text!r} is no name; give that of a model of sentence-transformers or"
                " model2vec, or its folder"
            )
        load_model(text)
    for name, value, least in (
        ("max_levels", max_levels, 1),
        ("text_components", text_components, 0),
    ):
        whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
        if not whole or value < least:
            raise ValueError(f"{name}={value!r} is no count; give an integer of at least {least}")
    for name, value in (("min_share", min_share), ("unknown_rate", unknown_rate)):
        if not isinstance(value, numbers.Real) or not 0.0 <= float(value) < 1.0:
            raise ValueError(f"{name}={value!r} is no share; give a number in [0, 1)")


def column_roles(names: pd.Index, **given: Any) -> dict[Any, Role]:
    """Return what the user says of columns, by name.

    Parameters
    ----------
    names : pandas.Index
        The columns of the table.
    **given : iterable of column names, or dict of name to detail, or None
        By role: "categorical", "continuous", "numeric" and "dates".

    Raises
    ------
    ValueError
        If a name is not a column of the table or is in two lists.
    """
    roles: dict[Any, Role] = {}
    for role, columns in given.items():
        details = _details(role, columns)
        for name in _as_names(role, columns):
            if not isinstance(name, Hashable) or name not in names:
                raise ValueError(
                    f"{role}= names {name!r}, which is no column of X{did_you_mean(name, names)}; "
                    f"its columns are {list(names[:10])!r}"
                )
            former = roles.get(name)
            if former is not None and former.name != role:
                raise ValueError(
                    f"column {name!r} is in both {former.name}= and {role}=; leave it in one"
                )
            roles[name] = Role(role, details.get(name))
    return roles


def check_not_used_up(role: str, given: Any) -> None:
    """Refuse names that can be read but once: a copy and a file could not have them."""
    if isinstance(given, Iterator):
        raise ValueError(
            f"{role}= is a {type(given).__name__}; give a list, which can be read again"
        )


def _details(role: str, given: Any) -> dict[Any, Any]:
    if not isinstance(given, Mapping):
        return {}
    if role == "continuous":
        return {name: _weight(name, weight) for name, weight in given.items()}
    known = _DETAILS.get(role)
    for name, detail in given.items():
        if known is not None and detail not in known:
            raise ValueError(
                f"{role}={{{name!r}: {detail!r}}} is unknown; give one of "
                f"{', '.join(map(repr, known))}"
            )
    return dict(given) if known else {}


def _weight(name: Any, weight: Any) -> float | None:
    number = isinstance(weight, numbers.Real) and not isinstance(weight, bool)
    if weight is not None and not (number and 0.0 < float(weight) < math.inf):
        raise ValueError(
            f"continuous={{{name!r}: {weight!r}}} is no weight; give a number above 0, or None, 1"
        )
    return None if weight is None else float(weight)


def _as_names(role: str, given: Any) -> list[Any]:
    if given is None:
        return []
    if isinstance(given, (str, bytes)) or not isinstance(given, Iterable):
        raise ValueError(f"{role}={given!r} is no list of column names; give [{given!r}]")
    check_not_used_up(role, given)
    return list(given)
