"""What is installed and what runs: the first thing to read in a report of a problem."""

import platform
import sys
from importlib.metadata import PackageNotFoundError, version

from entivec import _core

__version__ = version("entivec")

_DEPENDENCIES = (
    "numpy",
    "pandas",
    "scipy",
    "scikit-learn",
    "safetensors",
    "tqdm",
    "matplotlib",
    "pyarrow",
    "optuna",
)


def versions() -> dict[str, str]:
    """Versions and hardware choices of this installation.

    Returns
    -------
    dict of str to str
        entivec, Python, platform, CPU levels built, usable and active, whether the processor
        itself multiplies bfloat16 ("native" or "emulated"), threads, and one entry a dependency
        ("not installed" for a missing optional one).

    Examples
    --------
    >>> import entivec
    >>> entivec.versions()["entivec"] == entivec.__version__
    True
    """
    return {
        "entivec": __version__,
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "levels built": " ".join(_core.levels_built()),
        "levels usable": " ".join(_core.levels_usable()),
        "level active": _core.level,
        "bfloat16": "native" if _core.has_bfloat16() else "emulated",
        "threads": str(_core.max_threads()),
        **{name: _version_or_absence(name) for name in _DEPENDENCIES},
    }


def show_versions() -> None:
    """Print what `versions` returns, one entry a line."""
    for name, value in versions().items():
        print(f"{name:>13}  {value}")


def _version_or_absence(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
