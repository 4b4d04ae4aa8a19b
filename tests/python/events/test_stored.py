"""Logs in files: what is learnt and said of entities has the bits of memory, cut or whole."""

import numpy as np
import pandas as pd
import pytest

import entivec
from entivec.base.source import scan
from entivec.events.stored import cut_by_entity, part_of, parts_of

pytest.importorskip("pyarrow")
CUT = pd.Timestamp("2023-09-01")


@pytest.fixture(scope="module")
def orders():
    made = entivec.datasets.make_orders(150, random_state=0)
    made.loc[::50, "channel"] = None
    made.loc[::70, "customer_id"] = None
    return made


@pytest.fixture(scope="module")
def stored(orders, tmp_path_factory):
    folder = tmp_path_factory.mktemp("orders")
    orders.iloc[:900].to_parquet(folder / "a.parquet", row_group_size=500)
    orders.iloc[900:].astype({"channel": "category"}).to_parquet(folder / "b.parquet")
    return folder


def aggregator(**more):
    return entivec.FactAggregator(
        "customer_id",
        time="time",
        values=["amount"],
        categories=["channel", "product"],
        windows=[None, "90D"],
        rfm="lifetimes",
        **more,
    )


pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:column 'customer_id' is missing"),
]


@pytest.mark.parametrize("memory", ["1 GiB", "150 kB"])
@pytest.mark.parametrize("cutoff", [None, CUT])
def test_facts_have_the_bits_of_memory(orders, stored, memory, cutoff):
    source = scan(stored, memory=memory)
    assert (parts_of(source, 5) > 1) == (memory == "150 kB")
    known = aggregator().fit(orders, cutoff=cutoff)
    found = aggregator().fit(source, cutoff=cutoff)
    names = [vocabulary.names() for vocabulary in known.vocabularies_]
    assert [vocabulary.names() for vocabulary in found.vocabularies_] == names
    for one, other in zip(known.vocabularies_, found.vocabularies_, strict=True):
        assert one.counts.tolist() == other.counts.tolist()
    expected = known.transform(orders, cutoff=cutoff)
    pd.testing.assert_frame_equal(
        found.transform(source, cutoff=cutoff), expected, check_exact=True
    )
    again = aggregator().fit_transform(source, cutoff=cutoff)
    pd.testing.assert_frame_equal(again, expected, check_exact=True)


def test_rows_asked_for_keep_their_order(orders, stored):
    known = aggregator().fit(orders)
    source = scan(stored, memory="150 kB")
    ids = known.transform(orders).index[[40, 3, 90, 7]]
    series = pd.Series([CUT, CUT, CUT - pd.Timedelta("60D"), CUT], index=ids)
    pairs = pd.DataFrame({"customer_id": ids[[2, 0, 2]], "when": series.iloc[[0, 1, 2]].array})
    for asked in ({"cutoff": CUT, "entities": ids}, {"cutoff": series}, {"cutoff": pairs}):
        expected = known.transform(orders, **asked)
        found = known.transform(source, **asked)
        pd.testing.assert_frame_equal(found, expected, check_exact=True)
    with pytest.warns(UserWarning, match="1 of 1 entities have no events, such as 'nobody'"):
        known.transform(source, cutoff=CUT, entities=pd.Index(["nobody"]))
    with pytest.raises(ValueError, match="no event lies before the cut-off"):
        known.transform(source, cutoff="2001-01-01")


def test_codes_and_vectors_have_the_bits_of_memory(orders, stored):
    encoder = entivec.EventEncoder(
        "customer_id", time="time", categories=["channel", ["product", "channel"], "amount"]
    )
    memory = encoder.fit_transform(orders)
    known = [vocabulary.names() for vocabulary in encoder.vocabularies_]
    blocks = encoder.fit_transform(stored)
    assert [vocabulary.names() for vocabulary in encoder.vocabularies_] == known
    assert blocks.entities.equals(memory.entities)
    for name in ("offsets", "rows", "times", "codes"):
        assert np.array_equal(getattr(blocks, name), getattr(memory, name)), name

    settings = {"time": "time", "n_components": 4, "max_epochs": 1}
    items = entivec.Item2Vec("customer_id", "product", **settings).fit(orders)
    found = entivec.Item2Vec("customer_id", "product", **settings).fit(stored)
    pd.testing.assert_frame_equal(found.vectors_, items.vectors_, check_exact=True)
    rolled = items.transform(orders)
    pd.testing.assert_frame_equal(found.transform(stored), rolled, check_exact=True)


def test_an_entity_is_in_one_part_whatever_its_dtype(orders, stored):
    numbers = np.arange(50)
    for other in (numbers.astype(float), numbers.astype("int32"), pd.array(numbers, "Int64")):
        assert np.array_equal(part_of(other, 7), part_of(numbers, 7))
    words = pd.Series(["a", "b", "c", "d"])
    assert np.array_equal(part_of(words.astype("category"), 7), part_of(words, 7))
    assert part_of(pd.Series([None, "a"]), 7)[0] == 0
    with cut_by_entity(scan(stored), "customer_id", ["customer_id", "amount"], 5) as parts:
        frames = [part.collect() for part in parts]
    assert sum(map(len, frames)) == len(orders)
    owners = [set(frame["customer_id"].dropna()) for frame in frames]
    assert sum(map(len, owners)) == len(set().union(*owners)) == orders["customer_id"].nunique()
    for frame in frames:
        own = orders[orders["customer_id"].isin(frame["customer_id"].dropna())]
        assert frame["amount"][frame["customer_id"].notna()].tolist() == own["amount"].tolist()


def test_a_column_of_text_and_numbers_is_refused(tmp_path):
    pd.DataFrame({"who": [1], "what": ["a"]}).to_parquet(tmp_path / "a.parquet")
    pd.DataFrame({"who": [1], "what": [2]}).to_parquet(tmp_path / "b.parquet")
    with pytest.raises(ValueError, match="column 'what' holds text and 2; write it as one type"):
        entivec.EventEncoder("who", categories=["what"]).fit(tmp_path)
    with pytest.raises(ValueError, match=r"events has no column 'whom' \(did you mean 'who'\?\)"):
        entivec.EventEncoder("whom").fit(tmp_path / "a.parquet")


@pytest.mark.parametrize("memory", ["1 GiB", "150 kB"])
def test_a_log_larger_than_its_memory_has_the_same_codes(orders, stored, memory):
    source = scan(stored, memory=memory)
    encoder = entivec.EventEncoder(
        "customer_id",
        time="time",
        categories=["channel", ["product", "channel"], "amount", ["channel", "amount"]],
        values=["amount"],
        min_count=3,
    )
    expected = encoder.fit_transform(orders)
    known = [(v.names(), v.counts.tolist()) for v in encoder.vocabularies_]
    blocks = encoder.fit_transform(source)
    assert blocks.on_disk == (memory == "150 kB")
    for _ in range(2):
        assert [(v.names(), v.counts.tolist()) for v in encoder.vocabularies_] == known
        encoder.fit(source)
    for found in (blocks, encoder.transform(source)):
        assert found.entities.equals(expected.entities)
        assert (found.unit, found.zone) == (expected.unit, expected.zone)
        for name in ("offsets", "rows", "times", "codes", "values"):
            one, other = getattr(found, name), getattr(expected, name)
            assert np.array_equal(one, other, equal_nan=name == "values"), name


@pytest.mark.filterwarnings("ignore:.* are without a known item")
@pytest.mark.filterwarnings("ignore:column 'channel' is missing")
@pytest.mark.parametrize("order", [1, 2])
def test_item_vectors_of_a_log_larger_than_its_memory(orders, stored, order):
    source = scan(stored, memory="100 kB")
    settings = {"time": "time", "n_components": 4, "max_epochs": 1, "order": order}
    items = entivec.Item2Vec("customer_id", "product", **settings).fit(orders)
    found = entivec.Item2Vec("customer_id", "product", **settings).fit(source)
    pd.testing.assert_frame_equal(found.vectors_, items.vectors_, check_exact=True)
    ids = found.transform(source).index[[40, 3, 7]]
    for asked in ({}, {"cutoff": CUT}, {"cutoff": CUT, "entities": ids}, {"by": "channel"}):
        expected = items.transform(orders, **asked)
        pd.testing.assert_frame_equal(found.transform(source, **asked), expected, check_exact=True)


def test_what_is_missing_is_counted_over_the_whole_log(stored):
    source = scan(stored, memory="100 kB")
    with pytest.warns(UserWarning, match="column 'customer_id' is missing in") as said:
        entivec.EventEncoder("customer_id", time="time", categories=["channel"]).fit(source)
    assert len(said) == 1
    with pytest.raises(ValueError, match="column 'customer_id' is missing in"):
        entivec.EventEncoder("customer_id", missing="error", categories=["channel"]).fit(source)
