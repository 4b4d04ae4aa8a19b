"""Vectors in the files of word2vec, which gensim and many others read and write."""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd

from entivec.base.atomic import write_atomically
from entivec.base.values import quoted


def save_word2vec_format(
    vectors: pd.DataFrame, path: str | os.PathLike[str], binary: bool = False
) -> None:
    """Write vectors in word2vec's format, text or binary.

    Parameters
    ----------
    vectors : DataFrame of shape (items, d)
        Labels become text; they may hold no white space, which separates the cells of the file.
    path : path-like
        Compressed where it ends in ".gz". Written atomically.
    binary : bool, default False
        Little-endian float32 in place of text. Text keeps every bit too, in three times the bytes.

    Raises
    ------
    ValueError
        If a label is empty, holds white space, or two are the same text; nothing is written then.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import pandas as pd
    >>> from entivec.tokens.word2vec_format import load_word2vec_format, save_word2vec_format
    >>> path = Path(tempfile.mkdtemp()) / "vectors.txt"
    >>> save_word2vec_format(pd.DataFrame([[1.0, 0.5]], index=["tea"]), path)
    >>> print(path.read_text().strip())
    1 2
    tea 1.0 0.5
    >>> load_word2vec_format(path)
           0    1
    tea  1.0  0.5
    """
    words = _words(vectors.index)
    numbers = vectors.to_numpy(dtype="<f4")

    def write(part: Path) -> None:
        with part.open("wb") as raw, _packed(raw, path) as file:
            file.write(f"{len(words)} {numbers.shape[1]}\n".encode())
            for word, row in zip(words, numbers, strict=True):
                own = row.tobytes() if binary else " ".join(map(str, row)).encode()
                file.write(word.encode() + b" " + own + b"\n")

    write_atomically(path, write)


def load_word2vec_format(
    path: str | os.PathLike[str], binary: bool | None = None, name: str | None = None
) -> pd.DataFrame:
    """Read a file in word2vec's format, text or binary.

    Parameters
    ----------
    path : path-like
        Compressed where it ends in ".gz".
    binary : bool, optional
        By default the file is looked at.
    name : str, optional
        Of the index.

    Returns
    -------
    DataFrame of shape (items, d), float32
        Indexed by the words, which are text.

    Raises
    ------
    ValueError
        If the file is no such file, or ends early.
    """
    with _opened(path) as file:
        data = file.read()
    header, _, body = data.partition(b"\n")
    try:
        count, width = (int(number) for number in header.split())
    except ValueError:
        raise ValueError(
            f"{path} does not begin with the number of vectors and their width, but with"
            f" {header[:40]!r}; give a file in word2vec's format"
        ) from None
    if binary is None:
        binary = not _is_text(body, width)
    words, numbers = (_from_binary if binary else _from_text)(path, body, count, width)
    return pd.DataFrame(numbers, index=pd.Index(words, name=name, dtype=object))


def _words(labels: pd.Index) -> list[str]:
    words = [str(label) for label in labels]
    for word in words:
        if word.split() != [word]:
            raise ValueError(
                f"{quoted(word)} is empty or holds white space, which word2vec's format cannot;"
                " rename it in the index"
            )
    if len(set(words)) < len(words):
        twice = pd.Index(words)
        raise ValueError(
            f"two labels are written {quoted(twice[twice.duplicated()][0])}; rename one"
        )
    return words


def _packed(raw: IO[bytes], path: str | os.PathLike[str]) -> Any:
    # Neither name nor time stamp inside: the same vectors give the same bytes.
    return gzip.GzipFile("", "wb", fileobj=raw, mtime=0) if _is_gz(path) else raw


def _opened(path: str | os.PathLike[str]) -> Any:
    return gzip.open(path, "rb") if _is_gz(path) else Path(path).open("rb")


def _is_gz(path: str | os.PathLike[str]) -> bool:
    return os.fspath(path).lower().endswith(".gz")


def _is_text(body: bytes, width: int) -> bool:
    line = body.split(b"\n", 1)[0].split()
    try:
        return len([float(cell) for cell in line[1:]]) == width
    except ValueError:
        return False


def _from_text(path: Any, body: bytes, count: int, width: int) -> tuple[list[str], np.ndarray]:
    lines = body.splitlines()
    _check_count(path, len(lines), count)
    words, numbers = [], np.empty((count, width), dtype=np.float32)
    for row, line in enumerate(lines[:count]):
        word, *cells = line.split()
        if len(cells) != width:
            raise ValueError(f"{path}: vector {row + 1} has {len(cells)} numbers, not {width}")
        words.append(word.decode())
        numbers[row] = [float(cell) for cell in cells]
    return words, numbers


def _from_binary(path: Any, body: bytes, count: int, width: int) -> tuple[list[str], np.ndarray]:
    words, numbers, at = [], np.empty((count, width), dtype=np.float32), 0
    for row in range(count):
        space = body.find(b" ", at)
        end = space + 1 + 4 * width
        if space < 0 or end > len(body):
            _check_count(path, row, count)
        words.append(body[at:space].lstrip(b"\n").decode())
        numbers[row] = np.frombuffer(body, dtype="<f4", count=width, offset=space + 1)
        at = end
    return words, numbers


def _check_count(path: Any, found: int, count: int) -> None:
    if found < count:
        raise ValueError(f"{path} ends after {found} of {count} vectors; write it again")
