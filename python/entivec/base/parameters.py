"""Parameters of estimators, each written once: its default, what it may be and what it means."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from typing_extensions import dataclass_transform
else:

    def dataclass_transform(**_: Any) -> Any:
        """Stand in for what only type checkers read."""
        return lambda decorator: decorator


PLACE = "{parameters}"  # the line of a class docstring where its parameters go
T = TypeVar("T")


def parameter(
    *,
    default: Any,
    allowed: list[Any] | None = None,
    kind: str | None = None,
    meaning: str | None = None,
    kw_only: bool = True,
) -> Any:
    """Declare a parameter as a class attribute of an `estimator`.

    What a subclass leaves out it has from the class it inherits the parameter from; one that only
    changes the default assigns it: ``noise: str | None = None``.

    Parameters
    ----------
    default : object
        Never a mutable one.
    allowed : list
        scikit-learn's constraints: types, `Interval`, `StrOptions`, None, …; anything without.
    kind, meaning : str
        For the docstring: "float in [0, 1)", and sentences.
    kw_only : bool, default True
        Whether it must be named in a call.
    """
    about = {"allowed": allowed, "kind": kind, "meaning": meaning}
    known = {name: value for name, value in about.items() if value is not None}
    return field(default=default, kw_only=kw_only, metadata=known)


@dataclass_transform(kw_only_default=True, field_specifiers=(parameter,))
def estimator(cls: type[T]) -> type[T]:
    """Give a class the constructor, the checks and the docstring of its parameters.

    A parameter is an annotated attribute, see `parameter`. The class gets `__init__` with the
    signature that scikit-learn and `help` read, `_parameter_constraints`, and in the place of the
    line ``{parameters}`` of its docstring the section "Parameters".

    Examples
    --------
    >>> from entivec.base.parameters import estimator, parameter
    >>> @estimator
    ... class Model:
    ...     '''A model.
    ...
    ...     {parameters}
    ...     '''
    ...
    ...     width: int = parameter(default=4, allowed=[int], kind="int", meaning="Of the code.")
    >>> Model(width=8).width
    8
    >>> print(Model.__doc__.strip().splitlines()[-2].strip())
    width : int, default 4
    """
    inherited = _inherited(cls)
    for name in inspect.get_annotations(cls):
        if name in vars(cls) and not str(inspect.get_annotations(cls)[name]).startswith("ClassVar"):
            setattr(cls, name, _completed(vars(cls)[name], inherited.get(name)))
    made: Any = dataclass(eq=False, repr=False)(cls)
    made._parameter_constraints = {
        own.name: own.metadata.get("allowed", "no_validation") for own in fields(made)
    }
    if made.__doc__ and PLACE in made.__doc__:
        made.__doc__ = _documented(made.__doc__, _in_order(made))
    return cls


def _inherited(cls: type) -> dict[str, Field[Any]]:
    """Fields of the parents, by name; the nearest wins."""
    found: dict[str, Field[Any]] = {}
    for parent in reversed(cls.__mro__[1:]):
        found |= vars(parent).get("__dataclass_fields__", {})
    return found


def _completed(given: Any, former: Field[Any] | None) -> Any:
    """Return the field of a parameter, completed from the inherited one where it says less."""
    own = given if isinstance(given, Field) else parameter(default=given)
    if former is None:
        return own
    metadata = {**former.metadata, **own.metadata}
    return field(default=own.default, kw_only=former.kw_only is True, metadata=metadata)


def _in_order(cls: Any) -> list[Field[Any]]:
    """Positional parameters, then those of the class itself, its parents', and so on."""
    known = {own.name: own for own in fields(cls)}
    ages: dict[str, int] = {}
    for age, parent in enumerate(reversed(cls.__mro__)):
        for name in inspect.get_annotations(parent):
            ages.setdefault(name, age)  # by the class that introduced it
    return sorted(known.values(), key=lambda own: (own.kw_only is True, -ages[own.name]))


def _documented(text: str, parameters: Iterable[Field[Any]]) -> str:
    at = next(line for line in text.splitlines() if line.strip() == PLACE)
    margin = at[: len(at) - len(at.lstrip())]
    section = ["Parameters", "----------"]
    for own in parameters:
        assert own.default is not MISSING
        section.append(f"{own.name} : {own.metadata['kind']}, default {_shown(own.default)}")
        meaning = inspect.cleandoc(own.metadata.get("meaning", ""))
        section += ["    " + line if line else "" for line in meaning.splitlines()]
    return text.replace(at, "\n".join(margin + line if line else "" for line in section))


def _shown(default: Any) -> str:
    return f'"{default}"' if isinstance(default, str) else repr(default)
