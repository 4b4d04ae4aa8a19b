"""The training loop: history, limits, early stopping, interruption, divergence, going on."""

import signal
import subprocess
import sys
import warnings

import numpy as np
import pytest

from entivec import AutoEncoder, _core


def test_history_has_one_row_an_epoch(numbers):
    model = AutoEncoder(2, batch_size=60, max_epochs=4, max_steps=None).fit(numbers)
    history = model.history_
    assert list(history.columns) == [
        "step",
        "epoch",
        "train_loss",
        "validation_loss",
        "learning_rate",
        "seconds",
    ]
    assert history["epoch"].tolist() == [1, 2, 3, 4]
    assert history["step"].tolist() == [4, 8, 12, 16]  # 200 training rows in batches of 60
    assert history["learning_rate"].is_monotonic_decreasing
    assert model.n_iter_ == 16


def test_the_first_limit_reached_ends_training(numbers):
    assert AutoEncoder(2, max_steps=7, max_epochs=250).fit(numbers).n_iter_ == 7
    assert AutoEncoder(2, max_steps=1500, max_epochs=3).fit(numbers).n_iter_ == 3


def test_training_lowers_the_held_out_loss(customers):
    history = AutoEncoder(8, init="random", max_steps=200).fit(customers).history_
    assert history["validation_loss"].iloc[-1] < 0.9 * history["validation_loss"].iloc[0]


def test_early_stopping_ends_early_and_restores_the_best_weights(numbers):
    model = AutoEncoder(
        2,
        early_stopping=True,
        patience=3,
        learning_rate=0.05,
        schedule="constant",
        max_steps=None,
        max_epochs=200,
    ).fit(numbers)
    losses = model.history_["validation_loss"]
    assert len(losses) < 200
    assert losses.idxmin() == len(losses) - 4
    network, _ = model._resumable
    held_out = np.sort(np.random.default_rng(_seed(0)).permutation(200)[:40])
    blocks = model.table_.transform(numbers[held_out])
    loss, _ = network.score(network.table(blocks), None, 1)
    assert loss == pytest.approx(losses.min(), rel=1e-5)


def _seed(random_state: int) -> int:
    return int(np.random.RandomState(random_state).randint(np.iinfo(np.int32).max))


class _Interrupt:
    """Stands in for the trainer's `run` and raises after some calls, as Ctrl-C would."""

    def __init__(self, monkeypatch, calls):
        self.left = calls
        original = _core.Trainer.run

        def run(trainer, steps):
            if self.left == 0:
                raise KeyboardInterrupt
            self.left -= 1
            return original(trainer, steps)

        monkeypatch.setattr(_core.Trainer, "run", run)


def test_interruption_leaves_a_usable_model(numbers, monkeypatch):
    _Interrupt(monkeypatch, 6)
    with pytest.warns(UserWarning, match="interrupted after .* of 1500 steps"):
        model = AutoEncoder(2, max_epochs=None).fit(numbers)
    assert 0 < model.n_iter_ < 1500
    assert model.transform(numbers).shape == (200, 2)
    assert model.validation_score_ >= model.pca_validation_score_


def test_interruption_before_the_first_step_leaves_pca(numbers, monkeypatch):
    _Interrupt(monkeypatch, 0)
    with pytest.warns(UserWarning, match="interrupted after 0 of"):
        model = AutoEncoder(2).fit(numbers)
    assert model.validation_score_ >= model.pca_validation_score_
    assert len(model.history_) == 0


INTERRUPTED = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # a parent may ignore it
import numpy as np
import entivec
table = np.random.default_rng(0).normal(size=(3000, 20))
print("ready", flush=True)
model = entivec.AutoEncoder(3, max_steps=10**9, max_epochs=None, verbose=True).fit(table)
print(model.transform(table).shape, model.n_iter_ < 10**9)
"""


def test_a_real_interrupt_stops_at_once():
    command = [sys.executable, "-W", "ignore", "-c", INTERRUPTED]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as child:
        try:
            assert child.stdout.readline() == "ready\n"
            # Before training begins Ctrl-C ends the program: not until a loss is shown.
            said = ""
            while "loss" not in said:
                read = child.stderr.read(1)
                assert read, said
                said += read
            child.send_signal(signal.SIGINT)
            out, err = child.communicate(timeout=600)
        finally:
            child.kill()
    assert out == "(3000, 3) True\n", err


def test_divergence_raises_with_advice_and_keeps_the_former_fit(numbers):
    model = AutoEncoder(2, max_steps=20).fit(numbers)
    before = model.transform(numbers)
    model.set_params(learning_rate=1e30, max_steps=100)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(FloatingPointError, match="Lower learning_rate"):
            model.fit(numbers)
    np.testing.assert_array_equal(model.transform(numbers), before)


def test_bad_input_keeps_the_former_fit(customers, numbers):
    model = AutoEncoder(2, max_steps=5).fit(numbers)
    before = model.transform(numbers)
    with pytest.raises(ValueError, match="infinite"):
        model.fit(np.where(numbers > 1, np.inf, numbers))
    np.testing.assert_array_equal(model.transform(numbers), before)


def test_warm_start_goes_on_from_the_former_weights(numbers):
    common = {"warm_start": True, "validation_fraction": 0}
    cold = AutoEncoder(2, max_steps=30, learning_rate=1e-9, **common).fit(numbers)
    trained = AutoEncoder(2, max_steps=300, noise=None, **common).fit(numbers)
    first = trained.history_["validation_loss"].iloc[-1]
    trained.set_params(max_steps=5, learning_rate=1e-9).fit(numbers)
    assert trained.history_["validation_loss"].iloc[0] == pytest.approx(first, rel=1e-4)
    assert first < cold.history_["validation_loss"].iloc[-1]


def test_warm_start_with_another_shape_is_an_error(numbers):
    model = AutoEncoder(2, max_steps=5, warm_start=True).fit(numbers)
    with pytest.raises(ValueError, match="Set warm_start=False and fit anew"):
        model.set_params(n_components=3).fit(numbers)


def test_partial_fit_learns_from_one_batch_after_another(numbers):
    model = AutoEncoder(2, batch_size=20, noise=None)
    model.partial_fit(numbers[:100])
    first = model.score(numbers[100:])
    steps = model.n_iter_
    for _ in range(30):
        model.partial_fit(numbers[:100])
    assert model.n_iter_ == 31 * steps
    assert len(model.history_) == 31
    assert model.score(numbers[100:]) >= first - 0.01
    assert not hasattr(model, "validation_score_")


def test_partial_fit_after_fit_goes_on(customers):
    model = AutoEncoder(4, max_steps=20).fit(customers)
    steps = model.n_iter_
    model.partial_fit(customers.iloc[:100])
    assert model.n_iter_ == steps + 1
    assert model.transform(customers).shape == (300, 4)


def test_verbose_shows_loss_and_rows_a_second(numbers, capsys):
    AutoEncoder(2, max_steps=5, verbose=True).fit(numbers)
    shown = capsys.readouterr().err
    assert "loss" in shown
    assert "rows/s" in shown


def test_lesson_net_has_the_published_number_of_parameters(numbers):
    model = AutoEncoder(
        2, hidden_layer_sizes=(64, 32), activation="relu", linear_path=False, max_steps=1
    )
    assert model.fit(numbers).network_.compiled[1].num_params == 5192


@pytest.mark.parametrize("noise", [None, "gaussian", "mask", "swap"])
@pytest.mark.parametrize("activation", ["identity", "tanh", "sigmoid", "relu", "gelu", "silu"])
def test_every_activation_and_noise_trains(customers, noise, activation):
    model = AutoEncoder(3, activation=activation, noise=noise, dropout=0.1, l2=1e-4, init="random")
    model.set_params(linear_path=False, max_steps=60, learning_rate=3e-3).fit(customers)
    losses = model.history_["validation_loss"]
    assert losses.iloc[-1] < losses.iloc[0]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_components": 0}, "n_components.*0"),
        ({"n_components": 1.5}, "n_components.*1.5"),
        ({"activation": "swish"}, "activation.*swish"),
        ({"noise": "salt"}, "noise.*salt"),
        ({"noise_level": 1.5}, "noise_level is the share of cells to swap.*1.5"),
        ({"hidden_layer_sizes": (64, 0)}, r"hidden_layer_sizes.*\(64, 0\)"),
        ({"dropout": 1.0}, "dropout.*1.0"),
        ({"learning_rate": 0}, "learning_rate.*0"),
        ({"batch_size": 0}, "batch_size.*0"),
        ({"max_steps": None, "max_epochs": None}, "max_steps and max_epochs are both None"),
        ({"validation_fraction": 1.0}, "validation_fraction.*1.0"),
        ({"n_jobs": 0}, "n_jobs.*0"),
        ({"schedule": "step"}, "schedule.*step"),
        ({"matmul_precision": "float16"}, "matmul_precision.*float16"),
        ({"table": "robust"}, "table.*robust"),
        ({"init": "zeros"}, "init.*zeros"),
    ],
)
def test_bad_parameters_are_named_with_their_value(numbers, parameters, message):
    with pytest.raises(ValueError, match=message):
        AutoEncoder(**parameters).fit(numbers)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.zeros(200), "zero"),
        (-np.ones(200), "[Nn]egative"),
        (np.ones(3), r"sample_weight.shape == \(3,\)"),
    ],
)
def test_bad_weights_are_an_error(numbers, weights, message):
    with pytest.raises(ValueError, match=message):
        AutoEncoder(2, max_steps=2).fit(numbers, sample_weight=weights)


def test_a_constant_table_is_an_error():
    with pytest.raises(ValueError, match="Every column of X is constant"):
        AutoEncoder().fit(np.ones((20, 3)))


def test_wrong_code_width_is_an_error(customers, fitted):
    with pytest.raises(ValueError, match=r"expects 5 components.*has 2"):
        fitted.inverse_transform(np.zeros((3, 2)))
