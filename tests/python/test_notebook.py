"""The notebooks run from top to bottom, and what they store stays small."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[2] / "notebooks"
LARGEST_OUTPUT = 4_000  # characters: a small table, no picture


def run(name: str) -> Any:
    """Return a notebook after a run in a kernel of this Python."""
    nbclient = pytest.importorskip("nbclient", reason="pip install nbclient ipykernel")
    pytest.importorskip("ipykernel", reason="pip install nbclient ipykernel")
    import nbformat

    notebook = nbformat.read(FOLDER / name, as_version=4)
    # On a busy machine two threads that wait for each other are far slower than one.
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    client = nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3")
    client.execute(env=environment)
    return notebook


def outputs(notebook: Any) -> list[Any]:
    return [output for cell in notebook["cells"] for output in cell.get("outputs", [])]


# The kernel machinery warns about itself, differently in every release.
@pytest.mark.filterwarnings("default")
def test_quickstart_runs_and_draws() -> None:
    executed = run("quickstart.ipynb")
    kinds = [kind for output in outputs(executed) for kind in output.get("data", {})]
    assert kinds.count("image/png") == 2
    assert kinds.count("text/html") >= 4
    assert not [output for output in outputs(executed) if output.get("name") == "stderr"]


@pytest.mark.filterwarnings("default")
def test_facts_are_honest_and_the_naive_groupby_is_not() -> None:
    executed = run("facts.ipynb")
    printed = [output["text"] for output in outputs(executed) if output.get("name") == "stdout"]
    honest, promised, kept = (float(text.split()[-1]) for text in printed)
    assert promised > 0.97
    assert promised - kept > 0.05
    assert honest > kept + 0.03
    assert not [output for output in outputs(executed) if output.get("name") == "stderr"]


@pytest.mark.parametrize("name", ["quickstart.ipynb", "facts.ipynb"])
def test_stored_outputs_are_small(name: str) -> None:
    stored = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    assert stored["cells"]
    for output in outputs(stored):
        assert len(json.dumps(output)) < LARGEST_OUTPUT
        assert output["output_type"] != "error"
