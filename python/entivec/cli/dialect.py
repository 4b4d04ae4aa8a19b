"""How a file of text is written: encoding, separator, where the names stand, decimal mark."""

from __future__ import annotations

import bz2
import codecs
import csv
import gzip
import lzma
import re
import zipfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import IO, Any

from entivec.cli.errors import InputError

SEPARATORS = ",;\t|"
_RARE = "^~\x01\x1f"  # which separate where every line has as many
BLANKS = r"\s+"  # parts the columns of a file that is laid out with blanks
PACKED: dict[str, Any] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
_SAID = re.compile(r"sep=(.)\s*", re.IGNORECASE)  # the first line that Excel writes and reads
_SAMPLE = 1 << 16  # bytes looked at
_LINES = 30  # of those, for the separator and the names
_NUMBER = re.compile(r"[-+]?\d+([.,]\d+)?([eE][-+]?\d+)?")
_COMMA = re.compile(r"-?\d+(\.\d{3})*,\d+")
_POINT = re.compile(r"-?\d+(,\d{3})*\.\d+")
_YEAR = re.compile(r"(19|20)\d\d")
_STRANGE = re.compile(r"[^\W\d_a-zA-Z]{4,}")  # hardly a word of a language in Latin letters
_MAGIC: dict[bytes, Any] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ": lzma.open}


@dataclass(frozen=True)
class Wishes:
    """What the user says of a file; None for what is to be found out."""

    separator: str | None = None
    encoding: str | None = None
    decimal: str | None = None
    missing: tuple[str, ...] | None = None
    duplicates: str = "error"


FOUND_OUT = Wishes()  # nothing is said


@dataclass(frozen=True)
class Dialect:
    """How one file is written.

    Attributes
    ----------
    encoding, separator, decimal : str
    skipped : int
        Lines before that of the names.
    header : tuple of str
        The names as they stand; "" for a column without one.
    rows : tuple of tuples of str
        The first rows of cells.
    odd : str or None
        A word that says that the encoding is another one.
    """

    encoding: str
    separator: str
    decimal: str
    skipped: int
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    odd: str | None = None


def find_dialect(path: Path, wishes: Wishes) -> Dialect:
    """Find out how a file of text is written.

    Raises
    ------
    InputError
        If it is empty, or its first line holds data and no names.
    """
    with open_bytes(path) as raw:
        sample = raw.read(_SAMPLE)
    encoding = wishes.encoding or _encoding(sample)
    text = codecs.getincrementaldecoder(encoding)(errors="strict").decode(sample)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").splitlines(keepends=True)
    lines = lines[: 4 * _LINES]
    if len(sample) == _SAMPLE and len(lines) > 1:
        lines = lines[:-1]  # cut in the middle
    filled = [line for line in lines if line.strip()][:_LINES]
    if not filled:
        raise InputError(f"{path}: is empty; the first line must name the columns")
    said = _SAID.fullmatch(lines[0].removeprefix("\ufeff"))
    separator = wishes.separator or (said[1] if said else _separator(filled))
    parsed = _parsed(lines, separator)
    skipped = lines_before_names(parsed[1:] if said else parsed) + bool(said)
    header = tuple(name.strip("\ufeff \t\n\r\f\v\xa0") for name in parsed[skipped])
    rows = tuple(tuple(row) for row in parsed[skipped + 1 :] if any(row))[:_LINES]
    check_names_are_names(path, header, rows)
    decimal = wishes.decimal or _decimal(separator, rows)
    odd = None
    if wishes.encoding is None and encoding in (western(b""), "latin-1"):
        odd = next(iter(_STRANGE.findall(text)), None)
    return Dialect(encoding, separator, decimal, skipped, header, rows, odd)


def _parsed(lines: Sequence[str], separator: str) -> list[list[str]]:
    if separator == BLANKS:
        return [line.split() for line in lines]
    return list(csv.reader(StringIO("".join(lines)), delimiter=separator, skipinitialspace=True))


def open_bytes(path: Path) -> IO[bytes]:
    """Open a file, or what is packed in it (gzip, bzip2, xz, or zip of one file)."""
    opened: IO[bytes]
    with path.open("rb") as raw:
        first = raw.read(_SAMPLE)
    for magic, unpack in _MAGIC.items():
        if first.startswith(magic):
            opened = unpack(path, "rb")
            return opened
    if path.suffix.lower() in PACKED and b"\n" not in first:  # which is no text either
        opened = PACKED[path.suffix.lower()](path, "rb")
        return opened
    if first.startswith(b"PAR1"):
        raise InputError(f"{path}: is a Parquet file; name it .parquet")
    if first.startswith((b"PK\x03\x04", b"PK\x05\x06")) or path.suffix.lower() == ".zip":
        packed = zipfile.ZipFile(path)
        if "[Content_Types].xml" in packed.namelist():
            raise InputError(f"{path}: is a workbook; name it .xlsx")
        files = [one for one in packed.namelist() if not _is_hidden(one)]
        if len(files) != 1:
            raise InputError(f"{path}: holds {len(files)} files; pack one file alone, or unpack it")
        return packed.open(files[0])
    return path.open("rb")


def _is_hidden(name: str) -> bool:
    """Tell whether an entry of an archive is a folder or what a Mac adds to it."""
    parts = name.split("/")
    return name.endswith("/") or parts[0] == "__MACOSX" or parts[-1].startswith(".")


def _encoding(sample: bytes) -> str:
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF32_LE, "utf-32"),
        (codecs.BOM_UTF32_BE, "utf-32"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if sample.startswith(mark):
            return name
    if sample and sample.count(0) > len(sample) // 4:
        return "utf-16-le" if sample[1::2].count(0) > sample[::2].count(0) else "utf-16-be"
    return "utf-8-sig" if is_utf8(sample) else western(sample)


def is_utf8(sample: bytes) -> bool:
    """Tell whether bytes are UTF-8; the last character may be cut."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return False
    return True


def western(sample: bytes) -> str:
    """Return which encoding of one byte a character Western text is in."""
    try:
        sample.decode("cp1252")
    except UnicodeDecodeError:
        return "latin-1"
    return "cp1252"


def _separator(lines: Sequence[str]) -> str:
    """The commonest separator in the line of names, or the one that parts all lines alike."""
    marks = SEPARATORS + _RARE
    counts = {mark: [_outside_quotes(line).count(mark) for line in lines] for mark in marks}
    alike = {
        mark: Counter(times for times in own if times).most_common(1)
        for mark, own in counts.items()
    }
    found = {mark: times[0][1] * times[0][0] for mark, times in alike.items() if times}
    even = {mark: score for mark, score in found.items() if len(set(counts[mark])) == 1}
    found = {mark: score for mark, score in found.items() if mark in even or mark not in _RARE}
    chosen = even or found
    if counts and any(counts[mark][0] for mark in SEPARATORS) and not even:
        first = {mark: counts[mark][0] for mark in SEPARATORS}
        best = max(first, key=lambda mark: first[mark])
        if alike[best] and alike[best][0][0] == first[best]:
            return best
    if not chosen and _are_laid_out(lines):
        return BLANKS
    return max(chosen, key=lambda mark: chosen[mark], default=",")


def _are_laid_out(lines: Sequence[str]) -> bool:
    """Tell whether blanks part the same number of words in every line."""
    widths = {len(line.split()) for line in lines}
    return len(widths) == 1 and widths.pop() > 1 and len(lines) > 2


def _outside_quotes(line: str) -> str:
    return re.sub(r'"[^"]*"', "", line)


def lines_before_names(parsed: Sequence[Sequence[str]]) -> int:
    """Blank lines and those of a report's head: shorter than the table, or mostly empty."""
    widths = Counter(len(row) for row in parsed[:_LINES] if row)
    width = max(widths, key=lambda size: (widths[size], size))
    filled = [sum(bool(cell.strip()) for cell in row) for row in parsed[:_LINES]]
    for line, row in enumerate(parsed[:_LINES]):
        sparse = 2 * filled[line] < len(row) and len(row) > 2
        richer = any(count > filled[line] for count in filled[line + 1 :])
        short = 2 * len(row) <= width and widths[width] > 1
        title = line + 1 < len(filled) and filled[line + 1] == 0 and richer
        if row and not short and not (sparse and richer) and not (title and filled[line]):
            groups = _are_groups(parsed[line:])
            return line + groups
    return next((line for line, row in enumerate(parsed) if row), 0)


def _are_groups(parsed: Sequence[Sequence[str]]) -> bool:
    """Tell whether a first line with gaps names groups of columns, and the second the columns."""
    if len(parsed) < 3:
        return False
    first, second, third = ([cell.strip() for cell in row] for row in parsed[:3])
    named = len(set(second)) == len(second) >= len(first) and all(second)
    data = any(_NUMBER.fullmatch(cell) for cell in third)
    return not all(first) and named and data and not any(map(_NUMBER.fullmatch, second))


def check_names_are_names(path: Path, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Refuse a first line that holds numbers where its columns do."""
    numbers = [name for name in header if _NUMBER.fullmatch(name)]
    if not numbers or len(rows) < 3:
        return
    if (
        all(_YEAR.fullmatch(name) for name in numbers)
        or numbers
        == [str(i) for i in range(int(float(numbers[0].replace(",", "."))), 10**6)][: len(numbers)]
    ):
        return
    for place, name in enumerate(header):
        column = [row[place] for row in rows if len(row) > place]
        if name in numbers and not all(_NUMBER.fullmatch(cell) for cell in column if cell):
            return
    raise InputError(
        f"{path}: the first line looks like data ({', '.join(header[:4])}), not like names; "
        "write a line of column names above it"
    )


def _decimal(separator: str, rows: Sequence[Sequence[str]]) -> str:
    cells = [cell.strip() for row in rows for cell in row]
    commas = sum(bool(_COMMA.fullmatch(cell)) for cell in cells)
    points = sum(bool(_POINT.fullmatch(cell)) for cell in cells)
    return "," if separator != "," and commas > points else "."
