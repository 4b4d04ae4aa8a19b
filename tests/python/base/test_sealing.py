"""Private model files: nothing of the table in the clear, the same embeddings with the key."""

from __future__ import annotations

import stat
import struct

import numpy as np
import pandas as pd
import pytest

import entivec

pytest.importorskip("cryptography", reason='pip install "entivec[private]"')


@pytest.fixture(scope="module")
def fitted():
    """A model of a table with names and numbers to look for."""
    rng = np.random.default_rng(0)
    towns = np.array(["Quedlinburg", "Wernigerode", "Halberstadt"])
    table = pd.DataFrame(
        {
            "town": towns[rng.integers(0, 3, 200)],
            "salary": rng.integers(20_000, 90_000, 200) + 0.25,
            "surname": "Oberhofer " + pd.Series(rng.integers(0, 150, 200)).astype(str),
            "born": pd.Timestamp("1970-01-01") + pd.to_timedelta(rng.integers(0, 9000, 200), "D"),
        }
    )
    return table, entivec.AutoEncoder(3, max_steps=20).fit(table)


def secrets(table, model):
    """What must not be in the file: levels and column names as text, quantiles as text or bytes."""
    texts = [*table["town"].unique(), *table["surname"], *table.columns, "AutoEncoder", "params"]
    numbers = table["salary"].quantile([0, 0.25, 0.5, 0.75, 1]).tolist()
    scaler = next(c.scaler for c in model.table_.columns_ if c.name == "salary")
    numbers += [value for value in vars(scaler).values() if isinstance(value, float) and value > 3]
    found = [text.encode() for text in texts] + [repr(number).encode() for number in numbers]
    found += [struct.pack(kind, number) for number in numbers for kind in ("<d", "<f")]
    return [*found, model.network_.params.tobytes()[:64]]


def test_a_private_file_tells_nothing_and_embeds_the_same(fitted, tmp_path):
    table, model = fitted
    plain, private = tmp_path / "plain.entivec", tmp_path / "private.entivec"
    model.save(plain)
    model.save(private, private=True)
    open_bytes, sealed = plain.read_bytes(), private.read_bytes()
    looked_for = secrets(table, model)
    assert sum(secret in open_bytes for secret in looked_for) > 20  # the search finds what is there
    assert not [secret for secret in looked_for if secret in sealed]
    again = entivec.load(private)
    pd.testing.assert_frame_equal(again.transform(table), model.transform(table), check_exact=True)
    assert stat.S_IMODE((tmp_path / "private.entivec.key").stat().st_mode) & 0o077 == 0


def test_the_key_may_lie_elsewhere(fitted, tmp_path):
    table, model = fitted
    path, moved = tmp_path / "m.entivec", tmp_path / "vault"
    model.save(path, private=True)
    (tmp_path / "m.entivec.key").rename(moved)
    with pytest.raises(ValueError, match=r"private and its key, m\.entivec\.key, is not beside it"):
        entivec.load(path)
    pd.testing.assert_frame_equal(
        entivec.load(path, key=moved).transform(table), model.transform(table)
    )


def test_another_key_and_altered_bytes_are_refused(fitted, tmp_path):
    path, other = tmp_path / "m.entivec", tmp_path / "n.entivec"
    for each in (path, other):
        fitted[1].save(each, private=True)
    with pytest.raises(ValueError, match="cannot be unsealed: its key is another one"):
        entivec.load(path, key=f"{other}.key")
    data = bytearray(path.read_bytes())
    data[-100] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(ValueError, match=r"cannot be unsealed: .* it is damaged"):
        entivec.load(path)
    with pytest.raises(ValueError, match="is no key of entivec"):
        entivec.load(other, key=path)


def test_every_estimator_can_be_private(fitted, tmp_path):
    log = pd.DataFrame({"who": [1, 1, 2], "what": ["Quedlinburg", "Halberstadt", "Quedlinburg"]})
    facts = entivec.FactAggregator("who", categories=["what"]).fit(log)
    facts.save(tmp_path / "facts.entivec", private=True)
    assert b"Quedlinburg" not in (tmp_path / "facts.entivec").read_bytes()
    pd.testing.assert_frame_equal(
        entivec.load(tmp_path / "facts.entivec").transform(log), facts.transform(log)
    )


def test_without_the_library_the_extra_is_named(fitted, tmp_path, monkeypatch):
    monkeypatch.setitem(
        __import__("sys").modules, "cryptography.hazmat.primitives.ciphers.aead", None
    )
    with pytest.raises(ImportError, match=r'pip install "entivec\[private\]"'):
        fitted[1].save(tmp_path / "m.entivec", private=True)
    assert not list(tmp_path.iterdir())
