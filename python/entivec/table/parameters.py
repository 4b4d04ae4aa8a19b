"""The encoder's parameters, checked before any work starts."""

from __future__ import annotations

import numbers
from collections.abc import Hashable, Iterable
from typing import Any

import pandas as pd

SCALES = ("robust", "standard", "none")


def check_parameters(scale: Any, max_levels: Any, min_share: Any, unknown_rate: Any) -> None:
    """Refuse parameter values that mean nothing.

    Raises
    ------
    ValueError
        Naming the parameter, showing its value and saying what to give.
    """
    if scale not in SCALES:
        raise ValueError(f"scale={scale!r} is unknown; give one of {', '.join(map(repr, SCALES))}")
    whole = isinstance(max_levels, numbers.Integral) and not isinstance(max_levels, bool)
    if not whole or max_levels < 1:
        raise ValueError(f"max_levels={max_levels!r} is no count; give an integer of at least 1")
    for name, value in (("min_share", min_share), ("unknown_rate", unknown_rate)):
        if not isinstance(value, numbers.Real) or not 0.0 <= float(value) < 1.0:
            raise ValueError(f"{name}={value!r} is no share; give a number in [0, 1)")


def column_roles(categorical: Any, continuous: Any, names: pd.Index) -> dict[Any, str]:
    """Return what the user says of columns: name to "categorical" or "continuous".

    Raises
    ------
    ValueError
        If a name is not a column of the table or is in both lists.
    """
    roles: dict[Any, str] = {}
    for role, given in (("categorical", categorical), ("continuous", continuous)):
        for name in _as_names(role, given):
            if not isinstance(name, Hashable) or name not in names:
                raise ValueError(
                    f"{role}= names {name!r}, which is no column of X; its columns are "
                    f"{list(names[:10])!r}"
                )
            if roles.get(name, role) != role:
                raise ValueError(
                    f"column {name!r} is in both categorical= and continuous=; leave it in one"
                )
            roles[name] = role
    return roles


def _as_names(role: str, given: Any) -> list[Any]:
    if given is None:
        return []
    if isinstance(given, (str, bytes)) or not isinstance(given, Iterable):
        raise ValueError(f"{role}={given!r} is no list of column names; give [{given!r}]")
    return list(given)
