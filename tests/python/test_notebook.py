"""The notebook runs from top to bottom, and what it stores stays small."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
DRAWN = {
    "deep_cae": (2, 2),
    "disentanglement": (1, 2),
    "quickstart": (2, 4),
    "journeys": (1, 4),
    "facts": (0, 3),
    "wholesale": (5, 2),
    "entities": (0, 4),
    "entities_by_hand": (0, 1),
    "baskets": (2, 4),
    "campaign": (3, 2),
}  # pictures, and tables at least
# What takes long, as it is read and as it runs here: every line runs, with less to do.
SMALLER = {
    "deep_cae": {"make_customers(3000": "make_customers(1500", "max_steps=800": "max_steps=40"},
    "disentanglement": {
        "range(4)": "range(1)",
        "n_rows=1000": "n_rows=200",
        "VAE(3, max_steps=600": "VAE(3, max_steps=40",
        "AutoEncoder(3, max_steps=600": "AutoEncoder(3, max_steps=40",
    },
    "quickstart": {
        "make_customers(2000": "make_customers(600",
        "AutoEncoder(random_state=0)": "AutoEncoder(max_steps=40, random_state=0)",
    },
    "entities": {
        "make_customers(800": "make_customers(200",
        "few=100": "few=50",
        "max_steps=300": "max_steps=40",
    },
    "entities_by_hand": {"make_customers(800": "make_customers(300"},
    "campaign": {"make_baskets(6000": "make_baskets(3000", "max_epochs=20": "max_epochs=2"},
}
LARGEST_OUTPUT = 4_000  # characters: a small table, no picture


@pytest.fixture(scope="module", params=DRAWN)
def executed(request: pytest.FixtureRequest) -> Any:
    """The notebook after a run in a kernel of this Python."""
    nbclient = pytest.importorskip("nbclient", reason="pip install nbclient ipykernel")
    pytest.importorskip("ipykernel", reason="pip install nbclient ipykernel")
    import nbformat

    notebook = nbformat.read(NOTEBOOKS / f"{request.param}.ipynb", as_version=4)
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    for read, run in SMALLER.get(request.param, {}).items():
        assert any(read in cell["source"] for cell in code), f"{read} is not in {request.param}"
        for cell in code:
            cell["source"] = cell["source"].replace(read, run)
    # On a busy machine two threads that wait for each other are far slower than one.
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    client = nbclient.NotebookClient(notebook, timeout=None, kernel_name="python3")
    client.execute(env=environment)
    notebook["metadata"]["drawn"] = DRAWN[request.param]
    return notebook


def outputs(notebook: Any) -> list[Any]:
    return [output for cell in notebook["cells"] for output in cell.get("outputs", [])]


# The kernel machinery warns about itself, differently in every release.
@pytest.mark.filterwarnings("default")
def test_notebook_runs_and_draws(executed: Any) -> None:
    kinds = [kind for output in outputs(executed) for kind in output.get("data", {})]
    pictures, tables = executed["metadata"]["drawn"]
    assert kinds.count("image/png") == pictures
    assert kinds.count("text/html") >= tables
    told = [output["text"] for output in outputs(executed) if output.get("name") == "stderr"]
    assert all("TableWarning" in text for text in told)  # what a table loses is said; nothing else


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("executed", ["facts"], indirect=True)
def test_facts_are_honest_and_the_naive_groupby_is_not(executed: Any) -> None:
    printed = [output["text"] for output in outputs(executed) if output.get("name") == "stdout"]
    honest, promised, kept = (float(text.split()[-1]) for text in printed)
    assert promised > 0.97
    assert promised - kept > 0.05
    assert honest > kept + 0.03


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("executed", ["wholesale"], indirect=True)
def test_two_numbers_beat_pca_and_fill_gaps(executed: Any) -> None:
    printed = [output["text"] for output in outputs(executed) if output.get("name") == "stdout"]
    figures = [[float(found) for found in re.findall(r"\d+\.?\d*", text)] for text in printed]
    (pca, own), (odd,), (by_mean, filled), _ = figures
    assert own < pca
    assert odd == 22
    assert filled < by_mean - 0.05


@pytest.mark.parametrize("name", DRAWN)
def test_stored_outputs_are_small(name: str) -> None:
    stored = json.loads((NOTEBOOKS / f"{name}.ipynb").read_text(encoding="utf-8"))
    assert stored["cells"]
    for output in outputs(stored):
        assert len(json.dumps(output)) < LARGEST_OUTPUT
        assert output["output_type"] != "error"


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("executed", ["baskets"], indirect=True)
def test_baskets_tell_errands_and_households(executed: Any) -> None:
    printed = [output["text"] for output in outputs(executed) if output.get("name") == "stdout"]
    errands, _, households = printed
    assert float(errands.split()[-1]) > 0.85
    found, most = (float(number) for number in re.findall(r"\d\.\d+", households))
    assert found > most + 0.2
