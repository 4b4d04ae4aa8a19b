"""Node2Vec: what it learns, and that it learns the same from the same edges, however given."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression

import entivec
from entivec import Node2Vec
from entivec.datasets import make_payments

SMALL = {"n_components": 8, "num_walks": 4, "walk_length": 20, "window": 4, "max_epochs": 2}


@pytest.fixture(scope="module")
def payments() -> pd.DataFrame:
    return make_payments(120, random_state=0).payments.iloc[:3000]


def small(**parameters) -> Node2Vec:
    return Node2Vec("payer", "payee", **(SMALL | {"weight": "amount"} | parameters))


def two_cliques(size: int = 10) -> pd.DataFrame:
    pairs = [
        (f"{clique}{i}", f"{clique}{j}") for clique in "ab" for i in range(size) for j in range(i)
    ]
    return pd.DataFrame([*pairs, ("a0", "b0")], columns=["one", "other"])


# What it learns


def test_two_cliques_joined_by_a_bridge_lie_apart():
    model = Node2Vec("one", "other", n_components=16, max_epochs=10).fit(two_cliques())
    for side in "ab":
        inner = [f"{side}{i}" for i in range(10)]
        near = model.most_similar(inner, n=9)
        assert (near["neighbour"].str[0] == side).mean() > 0.95
        assert near["node"].tolist() == np.repeat(inner, 9).tolist()


def test_walks_that_go_away_see_the_ends_of_paths_alike():
    # Hubs with spokes, hung on a ring: the hubs have one role, the leaves another.
    edges = [(f"hub{i}", f"hub{(i + 1) % 12}") for i in range(12)]
    edges += [(f"hub{i}", f"leaf{i}.{k}") for i in range(12) for k in range(4)]
    frame = pd.DataFrame(edges, columns=["one", "other"])
    scores = []
    for seed in range(4):
        model = Node2Vec(
            "one", "other", n_components=16, p=1, q=0.25, window=2, max_epochs=20, random_state=seed
        )
        vectors = model.fit(frame).vectors_
        is_hub = vectors.index.str.startswith("hub")
        held_out = np.arange(len(vectors)) % 3 == 0
        probe = LogisticRegression(class_weight="balanced", C=100)
        probe.fit(vectors[~held_out], is_hub[~held_out])
        scores.append(probe.score(vectors[held_out], is_hub[held_out]))
    assert np.mean(scores) > 0.88


def test_heavier_edges_bring_nodes_nearer():
    frame = two_cliques(6).assign(weight=1.0)
    frame.loc[len(frame) - 1, "weight"] = 60.0
    model = Node2Vec("one", "other", weight="weight", n_components=16, max_epochs=10).fit(frame)
    assert model.most_similar("a0", n=1)["neighbour"].tolist() == ["b0"]


def test_segments_of_payments_are_found():
    network = make_payments(400, random_state=1)
    model = small(n_components=32, num_walks=10).fit(network.payments)
    segments = network.parties["segment"].astype(str)
    near = model.most_similar(model.vectors_.index, n=5)
    agree = near["neighbour"].map(segments).to_numpy() == near["node"].map(segments).to_numpy()
    assert agree.mean() > 0.6  # .2 by chance


# The same bits


@pytest.mark.parametrize("parameters", [{}, {"p": 0.3, "q": 4.0, "extend": True, "gamma": 0.2}])
def test_same_bits_for_any_threads_and_any_order_of_the_edges(payments, parameters):
    vectors = [
        small(n_jobs=n_jobs, **parameters).fit(edges).vectors_
        for n_jobs, edges in (
            (1, payments),
            (2, payments.sample(frac=1, random_state=0)),
            (3, payments.rename(columns={"payer": "payee", "payee": "payer"})),
        )
    ]
    for other in vectors[1:]:
        pd.testing.assert_frame_equal(vectors[0], other, check_exact=True)


def test_another_seed_gives_other_vectors(payments):
    one, other = (small(random_state=seed).fit(payments).vectors_ for seed in (0, 1))
    assert not np.array_equal(one, other)


def test_direction_matters_where_it_is_asked_to(payments):
    turned = payments.rename(columns={"payer": "payee", "payee": "payer"})
    one, other = (small(directed=True).fit(edges).vectors_ for edges in (payments, turned))
    assert not np.array_equal(one, other)


def test_parallel_edges_add_up(payments):
    sums = payments.groupby(["payer", "payee"], as_index=False)["amount"].sum()
    one, other = (small(walk_length=5).fit(edges).vectors_ for edges in (payments, sums))
    # Sums of float32 differ in their last bit from those of float64.
    assert np.corrcoef(one.to_numpy().ravel(), other.to_numpy().ravel())[0, 1] > 0.99
    units = pd.DataFrame({"payer": list("aab"), "payee": list("bbc")})
    counted = pd.DataFrame({"payer": list("ab"), "payee": list("bc"), "amount": [2, 1]})
    pd.testing.assert_frame_equal(
        small(weight=None).fit(units).vectors_, small().fit(counted).vectors_, check_exact=True
    )


def test_scale_of_the_weights_does_not_matter(payments):
    one, other = (
        small().fit(payments.assign(amount=payments["amount"] * by)).vectors_ for by in (1, 2**200)
    )
    pd.testing.assert_frame_equal(one, other, check_exact=True)


# Guides


def test_labels_guide_the_vectors_by_node():
    network = make_payments(300, random_state=2)
    role = (network.parties["role"].astype(str) == "household").rename("household")
    known = role.iloc[::2].sample(frac=1, random_state=0)
    plain = small(n_components=16).fit(network.payments)
    guided = small(n_components=16, guide_weight=2.0).fit(network.payments, known)
    shuffled = clone(guided).fit(network.payments, known.iloc[::-1])
    pd.testing.assert_frame_equal(guided.vectors_, shuffled.vectors_, check_exact=True)

    def separation(model: Node2Vec) -> float:
        probe = LogisticRegression().fit(model.transform(known.index), known)
        return float(probe.score(model.transform(known.index), known))

    assert separation(guided) > separation(plain) + 0.02


def test_several_targets_of_any_type_with_gaps(payments):
    nodes = small().fit(payments).vectors_.index
    rng = np.random.default_rng(0)
    y = pd.DataFrame(
        {"turnover": rng.normal(size=len(nodes)), "kind": rng.choice(list("abc"), len(nodes))},
        index=nodes,
    ).mask(rng.random((len(nodes), 2)) < 0.3)
    y.loc["nobody"] = [1.0, "a"]
    model = small(guide_weight={"turnover": 1.0, "kind": 0.5}).fit(payments, y)
    again = small(guide_weight={"turnover": 1.0, "kind": 0.5}, n_jobs=2).fit(payments, y)
    pd.testing.assert_frame_equal(model.vectors_, again.vectors_, check_exact=True)
    assert not np.array_equal(model.vectors_, small().fit(payments).vectors_)
    ignored = small(guide_weight=0).fit(payments, y).vectors_
    pd.testing.assert_frame_equal(ignored, small().fit(payments).vectors_, check_exact=True)


def test_labels_that_cannot_guide(payments):
    y = pd.Series([0, 1], index=["x", "y"])
    for wrong, message in (
        (y, "none of the 2 nodes of y is in the data"),
        (y.to_numpy(), "y is a ndarray; labels meet nodes by identifier"),
        (y.rename({"x": "y"}), "y has node 'y' twice"),
    ):
        with pytest.raises(ValueError, match=message):
            small().fit(payments, wrong)
    with pytest.raises(ValueError, match="guide_weight is -1"):
        small(guide_weight=-1).fit(payments)


# Time


def test_nothing_after_the_cutoff_is_seen(payments):
    cutoff = payments["timestamp"].iloc[1500]
    before = payments[payments["timestamp"] < cutoff]
    model = small(time="timestamp")
    seen = model.fit(payments, cutoff=cutoff).vectors_
    pd.testing.assert_frame_equal(seen, small().fit(before).vectors_, check_exact=True)
    coarse = payments.assign(timestamp=payments["timestamp"].astype("datetime64[us]"))
    for edges, moment in ((coarse, cutoff), (payments, str(cutoff))):
        again = clone(model).fit(edges, cutoff=moment).vectors_
        pd.testing.assert_frame_equal(seen, again, check_exact=True)


def test_cutoffs_that_cannot_be_used(payments):
    model = small(time="timestamp")
    with pytest.raises(ValueError, match="cutoff='2024-05-01' needs time="):
        small().fit(payments, cutoff="2024-05-01")
    with pytest.raises(ValueError, match="'timestamp' has no time before the cut-off 2020-01-01"):
        model.fit(payments, cutoff="2020-01-01")
    with pytest.raises(ValueError, match=r"cutoff has a time zone .* and events none"):
        model.fit(payments, cutoff=pd.Timestamp("2024-05-01", tz="UTC"))
    with pytest.raises(ValueError, match="one time for the whole graph"):
        model.fit(payments, cutoff=payments["timestamp"])


# Unseen nodes


def test_a_new_node_is_the_weighted_mean_of_its_neighbours(payments):
    model = small().fit(payments)
    a, b, c = model.vectors_.index[:3]
    edges = pd.DataFrame(
        {
            "payer": ["new", b, "new", "new", "stranger", a],
            "payee": [a, "new", a, "new", "odd", b],
            "amount": [1.0, 3.0, 2.0, 50.0, 1.0, 9.0],
        }
    )
    for given in (edges, edges[::-1]):
        with pytest.warns(UserWarning, match=r"2 of the nodes asked for.*'odd'.*get zeros"):
            found = model.transform(edges=given)
        assert found.index.tolist() == sorted([a, b, "new", "odd", "stranger"])
        expected = (3 * model.vectors_.loc[a] + 3 * model.vectors_.loc[b]) / 6
        np.testing.assert_allclose(found.loc["new"], expected, rtol=1e-5)
        assert (found.loc["odd"] == 0).all()
        pd.testing.assert_frame_equal(found.loc[[a, b]], model.vectors_.loc[[a, b]])
    both = model.transform([c, "new"], edges=edges)
    assert both.index.tolist() == [c, "new"]


def test_nodes_are_looked_up_in_the_order_asked_for(payments):
    model = small().fit(payments)
    nodes = model.vectors_.index[[5, 0, 5]]
    pd.testing.assert_frame_equal(model.transform(nodes), model.vectors_.loc[nodes])
    pd.testing.assert_frame_equal(model.transform(), model.vectors_)
    pd.testing.assert_frame_equal(small().fit_transform(payments), model.vectors_)
    with pytest.warns(UserWarning, match=r"1 of the nodes.*'nobody'.*transform\(nodes, edges=…\)"):
        found = model.transform(["nobody", nodes[0]])
    assert (found.iloc[0] == 0).all()


# Odd graphs


def test_isolated_nodes_are_named_and_zero():
    frame = pd.DataFrame({"payer": list("abx"), "payee": list("bcy"), "amount": [1.0, 2.0, 0.0]})
    with pytest.warns(UserWarning, match="2 nodes are isolated.*'x'"):
        model = small().fit(frame)
    assert model.vectors_.index.tolist() == ["a", "b", "c", "x", "y"]
    assert (model.vectors_.loc[["x", "y"]] == 0).all(axis=None)
    assert (model.vectors_.loc[["a", "b", "c"]] != 0).any(axis=1).all()


def test_directed_graphs_with_dead_ends():
    frame = pd.DataFrame({"payer": ["a", "b", "a"], "payee": ["b", "c", "a"], "amount": 1.0})
    vectors = small(directed=True, q=0.5).fit(frame).vectors_
    assert np.isfinite(vectors).all(axis=None)


def test_two_nodes_are_enough():
    vectors = small().fit(pd.DataFrame({"payer": [1], "payee": [2], "amount": [1]})).vectors_
    assert vectors.shape == (2, 8)
    assert vectors.index.dtype.kind == "i"


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("payer", None, r"'payer' has no node in 1 rows, the first at position 1"),
        ("amount", np.nan, r"'amount' has no weight in 1 rows, the first at position 1"),
        ("amount", -3.0, r"'amount' holds the negative weight -3 at row position 1"),
        ("amount", np.inf, r"'amount' holds an infinite value \(inf\) at row position 1"),
        ("amount", 0.0, r"'amount' has no weight above 0"),
        ("amount", "12 EUR", r"'amount' should hold weights and holds '12 EUR'"),
    ],
)
def test_cells_that_are_no_edge_are_named(column, value, message):
    frame = pd.DataFrame({"payer": list("ab"), "payee": list("bc"), "amount": [1.0, 2.0]})
    frame = frame.astype({column: object})
    frame.loc[1 if value != 0 else slice(None), column] = value
    with pytest.raises(ValueError, match=message):
        small().fit(frame)


def test_frames_that_are_no_graph(payments):
    with pytest.raises(ValueError, match="no rows"):
        small().fit(payments.iloc[:0])
    with pytest.raises(ValueError, match=r"no column 'payer' \(did you mean 'payer2'"):
        small().fit(payments.rename(columns={"payer": "payer2"}))
    with pytest.raises(ValueError, match="only one node, 'a'"):
        small().fit(pd.DataFrame({"payer": ["a"], "payee": ["a"], "amount": [1.0]}))
    with pytest.raises(ValueError, match=r"source is None.*Node2Vec\('payer', 'payee'\)"):
        Node2Vec().fit(payments)
    with pytest.raises(ValueError, match="'payer' is given two purposes"):
        Node2Vec("payer", "payer").fit(payments)


@pytest.mark.parametrize("wrong", [{"p": 0}, {"q": -1.0}, {"walk_length": 1}, {"gamma": -0.1}])
def test_parameters_are_checked_first(payments, wrong):
    with pytest.raises(ValueError, match=f"'{next(iter(wrong))}' parameter of Node2Vec"):
        small(**wrong).fit(payments.iloc[:0])


def test_a_failed_fit_leaves_the_former(payments):
    model = small().fit(payments)
    vectors = model.vectors_
    with pytest.raises(ValueError, match="no rows"):
        model.fit(payments.iloc[:0])
    assert model.vectors_ is vectors


# Files, names, other frames


def test_model_is_saved_and_loaded(payments, tmp_path):
    model = small(time="timestamp").fit(payments)
    model.save(tmp_path / "model")
    again = entivec.load(tmp_path / "model")
    pd.testing.assert_frame_equal(again.vectors_, model.vectors_, check_exact=True)
    pd.testing.assert_frame_equal(again.history_, model.history_)
    assert again.get_params() == model.get_params()
    pd.testing.assert_frame_equal(
        again.most_similar(model.vectors_.index[0]), model.most_similar(model.vectors_.index[0])
    )
    with pytest.raises(NotFittedError):
        small().save(tmp_path / "other")


def test_names_output_and_history(payments):
    model = small().fit(payments)
    assert list(model.vectors_) == [f"node2vec{k}" for k in range(8)]
    assert model.vectors_.index.name == "node"
    assert model.vectors_.index.is_monotonic_increasing
    assert list(model.history_["epoch"]) == [1, 2]
    assert model.history_["train_loss"].iloc[1] < model.history_["train_loss"].iloc[0]
    as_pandas = clone(model).set_output(transform="pandas").fit(payments).transform()
    pd.testing.assert_frame_equal(as_pandas, model.vectors_)
    polars = pytest.importorskip("polars")
    assert isinstance(model.set_output(transform="polars").transform(), polars.DataFrame)


def test_arrow_frames_are_read_too(payments):
    pa = pytest.importorskip("pyarrow")
    table = pa.Table.from_pandas(payments)
    one, other = (small().fit(edges).vectors_ for edges in (payments, table))
    np.testing.assert_array_equal(one, other)
    assert one.index.tolist() == other.index.tolist()


def test_vectors_go_to_gensim(payments, tmp_path):
    model = small().fit(payments)
    model.save_word2vec_format(tmp_path / "vectors.bin", binary=True)
    keyed = pytest.importorskip("gensim.models").KeyedVectors
    read = keyed.load_word2vec_format(str(tmp_path / "vectors.bin"), binary=True)
    np.testing.assert_array_equal(read[model.vectors_.index[3]], model.vectors_.iloc[3])


def test_progress_is_shown_on_request(payments, capsys):
    small(verbose=True).fit(payments)
    assert "tokens/s" in capsys.readouterr().err


def test_vectors_are_drawn_with_what_is_known_of_the_nodes(payments):
    plt = pytest.importorskip("matplotlib.pyplot")
    network = make_payments(120, random_state=0)
    ax = entivec.plot.embedding(small().fit(payments).vectors_, network.parties["segment"])
    assert ax.get_title(loc="left") == "Embedding by segment"
    plt.close(ax.figure)
