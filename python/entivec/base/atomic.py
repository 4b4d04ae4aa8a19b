"""Files written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable
from pathlib import Path


def check_writable(path: str | os.PathLike[str]) -> None:
    """Find out before the work, not after it, that a file cannot be written.

    Raises
    ------
    OSError
        If `path` is a folder, or its folder does not exist or takes no files.
    """
    folder = Path(path).parent
    if Path(path).is_dir():
        raise IsADirectoryError(f"{path}: is a folder; give the name of a file in it")
    if not folder.is_dir():
        raise FileNotFoundError(f"{path}: the folder {folder} does not exist; make it first")
    if not os.access(folder, os.W_OK):
        raise PermissionError(f"{path}: no permission to write in {folder}; choose another folder")


def write_atomically(path: str | os.PathLike[str], write: Callable[[Path], object]) -> None:
    """Let `write` fill a neighbour of `path`, flush it to the disk, then put it in its place.

    A former file of that name stays whole until then; what `path` links to is replaced, not the
    link.

    Parameters
    ----------
    path : path-like
    write : callable
        Takes the path of the neighbour, which does not exist yet.
    """
    check_writable(path)
    target = Path(os.path.realpath(path))
    part = target.with_name(f".{target.name}.{secrets.token_hex(8)}.part")
    try:
        write(part)
        _flush(part)
        part.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise
    with contextlib.suppress(OSError):  # so that the name lasts too, where folders can be flushed
        _flush(target.parent)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
