"""Bytes that nobody reads without a key: what a private model file is made of."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from entivec.base.atomic import write_atomically

KEY_BYTES, NONCE_BYTES = 32, 12
_MARK = b"entivec key\n"


def new_key() -> bytes:
    """Return a key drawn by the operating system."""
    return os.urandom(KEY_BYTES)


def seal(data: bytes, key: bytes) -> bytes:
    """Encrypt and authenticate bytes (ChaCha20-Poly1305, RFC 8439); nonce first."""
    nonce = os.urandom(NONCE_BYTES)
    sealed: bytes = nonce + _cipher(key).encrypt(nonce, data, None)
    return sealed


def unseal(sealed: bytes, key: bytes) -> bytes:
    """Return what `seal` encrypted.

    Raises
    ------
    ValueError
        If the key is another one, or the bytes were altered.
    """
    from cryptography.exceptions import InvalidTag

    try:
        data: bytes = _cipher(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], None)
    except InvalidTag:
        raise ValueError("its key is another one, or it is damaged") from None
    return data


def key_path(path: str | os.PathLike[str]) -> Path:
    """Return where the key of a private file lies: beside it."""
    return Path(f"{os.fspath(path)}.key")


def write_key(path: Path, key: bytes) -> None:
    """Write a key that only its owner may read."""

    def write(part: Path) -> None:
        part.touch(mode=0o600)
        part.write_bytes(_MARK + key.hex().encode() + b"\n")

    write_atomically(path, write)


def read_key(path: str | os.PathLike[str]) -> bytes:
    """Return the key that `write_key` wrote.

    Raises
    ------
    ValueError
        If the file is no key.
    FileNotFoundError
        If there is none.
    """
    text = Path(path).read_bytes()
    try:
        key = bytes.fromhex(text.removeprefix(_MARK).decode("ascii"))
    except ValueError:
        key = b""
    if not text.startswith(_MARK) or len(key) != KEY_BYTES:
        raise ValueError(f"{os.fspath(path)} is no key of entivec; give the one save() wrote")
    return key


def _cipher(key: bytes) -> Any:
    try:
        from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
    except ImportError as error:
        raise ImportError(
            'private model files need cryptography: pip install "entivec[private]"'
        ) from error
    return ChaCha20Poly1305(key)
