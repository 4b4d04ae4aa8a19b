"""The compiled core: picks the module built for this CPU, loads it, passes its names on.

A wheel has the core once per CPU level (baseline, AVX2, AVX-512), a source build this machine's
alone. The fastest one that this machine runs is loaded; ``ENTIVEC_ISA=base|v3|v4`` forces another.
This is the only file that imports compiled code.
"""

import importlib
import importlib.util
import os
from numbers import Integral
from types import ModuleType

from entivec import _cpu

LEVELS = ("base", "v3", "v4")  # slowest first; v3 and v4 are those of the x86-64 psABI


def levels_built() -> tuple[str, ...]:
    """CPU levels this installation was compiled for, slowest first."""
    return tuple(
        level for level in LEVELS if importlib.util.find_spec(f"entivec._core_{level}") is not None
    )


def levels_usable() -> tuple[str, ...]:
    """CPU levels that are compiled and that this machine can run, slowest first."""
    runnable = _cpu.levels()
    return tuple(level for level in levels_built() if level in runnable)


def _choose_level() -> str:
    usable = levels_usable()
    if not usable:
        raise ImportError(
            f"entivec was compiled for {', '.join(levels_built()) or 'no CPU level at all'}; this"
            f" machine can run {', '.join(_cpu.levels())}. Reinstall entivec from source."
        )
    forced = os.environ.get("ENTIVEC_ISA", "")
    if not forced:
        return usable[-1]
    if forced not in usable:
        raise ImportError(
            f"ENTIVEC_ISA={forced!r} cannot be used here. Usable on this machine:"
            f" {', '.join(usable)}; unset ENTIVEC_ISA for the fastest of them."
        )
    return forced


def _load(level: str) -> ModuleType:
    """Load the module of `level`, and with it OpenMP, whose waiting threads should not spin long.

    A thread that spins while it waits for another takes the processor from it wherever the machine
    has other work: with two busy neighbours a fit took ten times as long. GNU OpenMP reads its
    settings once, when it is loaded; what the user has set stands.
    """
    brief = not {"GOMP_SPINCOUNT", "OMP_WAIT_POLICY"}.intersection(os.environ)
    if brief:
        os.environ["GOMP_SPINCOUNT"] = "1000"
    try:
        return importlib.import_module(f"entivec._core_{level}")
    finally:
        if brief:
            del os.environ["GOMP_SPINCOUNT"]


level = _choose_level()
_module = _load(level)
_compiled_names = [name for name in dir(_module) if not name.startswith("_")]
globals().update({name: getattr(_module, name) for name in _compiled_names})

_forked = False


def _note_fork() -> None:
    global _forked
    _forked = True


# OpenMP's pool of threads does not survive a fork, and a child that asks for it hangs.
os.register_at_fork(after_in_child=_note_fork)


def max_threads() -> int:
    """Number of threads the core uses unless told otherwise: the cores this process may run on.

    Fewer where ``OMP_NUM_THREADS`` or threadpoolctl says so, and one in a forked child.
    """
    if _forked:
        return 1
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(_module.max_threads(), allowed or 1)


def resolve_n_jobs(n_jobs: int | None) -> int:
    """Number of threads for an estimator's ``n_jobs``.

    Parameters
    ----------
    n_jobs : int or None
        A number of threads; None or -1 for `max_threads`.

    Returns
    -------
    int
        At least 1; in a forked child always 1.

    Raises
    ------
    ValueError
        If `n_jobs` is neither a positive integer nor -1 nor None.
    """
    if n_jobs is None or n_jobs == -1:
        return max_threads()
    if isinstance(n_jobs, bool) or not isinstance(n_jobs, Integral) or n_jobs < 1:
        raise ValueError(
            "n_jobs must be a positive number of threads, or -1 or None for all cores,"
            f" got {n_jobs!r}."
        )
    return 1 if _forked else int(n_jobs)


__all__ = sorted(
    {
        *_compiled_names,
        "LEVELS",
        "level",
        "levels_built",
        "levels_usable",
        "max_threads",
        "resolve_n_jobs",
    }
)
