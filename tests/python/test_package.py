"""The package as a whole: its layers, the choice of the compiled core, what importing it costs."""

import ast
import inspect
import operator
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import entivec
from entivec import _core, _cpu

ROOT = Path(__file__).parents[2]
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)

# Which folders of the core a folder may include beside its own; the foundation knows no table.
FOUNDATION = {"core", "product", "nn", "loss", "optim", "train"}
MAY_INCLUDE = {
    "core": set(),
    "product": {"core"},
    "nn": {"core", "product"},
    "loss": {"core", "product", "nn"},
    "optim": {"core"},
    "train": {"core", "product", "nn", "optim"},
    "table": {"core", "product", "nn", "loss"},
    "rows": FOUNDATION | {"table"},
    "events": FOUNDATION,
    "tokens": FOUNDATION | {"events"},
    "graphs": FOUNDATION | {"tokens"},
    "sequences": FOUNDATION | {"events"},
    "offers": FOUNDATION | {"events", "table"},
}

# Which packages of entivec a package may import beside its own and the modules at the top.
FAMILIES = {"rows", "events", "tokens", "graphs", "sequences", "offers"}
MAY_IMPORT = {
    "base": set(),
    "datasets": set(),
    "table": {"base"},
    "rows": {"base", "table"},
    "events": {"base", "table"},
    "tokens": {"base", "table", "events"},
    "graphs": {"base", "table", "events", "tokens"},
    "sequences": {"base", "table", "events"},
    "offers": {"base", "table", "events"},
    "outliers": {"base", "table", "rows"},
    "entity": {"base", "table", "evaluate"} | FAMILIES,
    "scale": {"base", "table"} | FAMILIES,
    "evaluate": {"base", "table"} | FAMILIES,
    "tuning": {"base", "table", "rows", "evaluate"},
    "plot": {"base", "table", "evaluate", "outliers"} | FAMILIES,
    "reporting": {"base", "table", "entity", "evaluate", "plot"} | FAMILIES,
    "cli": {"base", "table", "datasets", "evaluate", "plot", "reporting", "scale"} | FAMILIES,
}
# A bare `import entivec` is the whole package.
MAY_IMPORT_ALL = {"cli", "reporting"}


def cpp_files(*folders):
    files = [
        f for folder in folders for f in (ROOT / folder).rglob("*") if f.suffix in {".h", ".cpp"}
    ]
    assert files, f"no C++ files in {folders}"
    return sorted(files)


def includes(file):
    return INCLUDE.findall(file.read_text(encoding="utf-8"))


def run_python(code, **environment):
    """Run code in a fresh interpreter."""
    kept = {name: value for name, value in os.environ.items() if name != "ENTIVEC_ISA"}
    return subprocess.run(
        [sys.executable, "-c", code],
        env=kept | environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def output_of(code, **environment):
    result = run_python(code, **environment)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


# Layers ----------------------------------------------------------------------------------------


def test_core_includes_only_eigen_the_standard_library_and_itself():
    for file in cpp_files("cpp"):
        for bracket, name in includes(file):
            if bracket == '"':
                allowed = name.startswith("entivec/") or (file.parent / name).exists()
            else:
                standard = re.fullmatch(r"[a-z_]+", name) is not None
                openmp = name == "omp.h" and file.name == "parallel.h"
                allowed = standard or openmp or name.startswith("Eigen/")
            assert allowed, f"{file.relative_to(ROOT)} includes {name}"


def allowed(rules, folder):
    """Return what `folder` may use, itself included."""
    assert folder in rules, (
        f"{folder!r} is a new folder: say in {__name__.rpartition('.')[2]}.py what it may use."
    )
    return rules[folder] | {folder}


def test_folders_of_the_core_point_one_way():
    for file in cpp_files("cpp/include/entivec", "cpp/src"):
        for _, name in includes(file):
            if name.startswith("entivec/"):
                within = name.split("/")[1] in allowed(MAY_INCLUDE, file.parent.name)
                assert within, f"{file.relative_to(ROOT)} includes {name}"


def imported_packages(source):
    """Yield what a module imports of entivec: packages and modules at the top, '' for all of it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module == "entivec":
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("entivec."):
            yield node.module.split(".")[1]
        elif isinstance(node, ast.Import):
            names = [alias.name.split(".") for alias in node.names]
            yield from (([*name, ""])[1] for name in names if name[0] == "entivec")


def test_packages_point_one_way():
    package = ROOT / "python" / "entivec"
    top = {file.stem for file in package.glob("*.py")}
    for file in sorted(package.glob("*/**/*.py")):
        folder = file.relative_to(package).parts[0]
        within = allowed(MAY_IMPORT, folder) | top | ({""} if folder in MAY_IMPORT_ALL else set())
        for name in imported_packages(file.read_text("utf-8")):
            assert name in within, (
                f"{file.relative_to(ROOT)} imports {name or 'entivec as a whole'}"
            )


def test_rules_of_the_layers_have_no_circle_and_no_hole():
    for rules in (MAY_INCLUDE, MAY_IMPORT):
        below = dict(rules)
        while below:
            lowest = {folder for folder, uses in below.items() if not uses & below.keys()}
            assert lowest, f"a circle among {sorted(below)}"
            below = {folder: uses for folder, uses in below.items() if folder not in lowest}
        assert set().union(*rules.values()) <= rules.keys()
    assert not MAY_IMPORT["base"] & FAMILIES
    assert "table" not in set().union(*(MAY_INCLUDE[folder] for folder in FOUNDATION))


def test_a_new_folder_is_met_by_a_sentence():
    with pytest.raises(AssertionError, match="'attic' is a new folder: say in"):
        allowed(MAY_INCLUDE, "attic")


def test_what_a_module_imports_is_found_in_every_form():
    source = (
        "import os, entivec\nimport entivec.plot\nfrom entivec import _core, rows\n"
        "def late():\n    from entivec.table.cells import cells_of\n"
    )
    assert [*imported_packages(source)] == ["", "plot", "_core", "rows", "table"]


def test_pybind11_is_included_in_one_place():
    users = {
        file.relative_to(ROOT).as_posix()
        for file in cpp_files("cpp", "bindings", "tests/cpp")
        if any(name.startswith("pybind11") for _, name in includes(file))
    }
    assert users == {"bindings/bind.h", "bindings/cpu.cpp"}  # cpu.cpp is a module of its own


def test_openmp_is_used_in_one_place():
    openmp = re.compile(r"#\s*pragma\s+omp|\bomp\.h\b|\bomp_\w+\(|_OPENMP")
    users = [f.name for f in cpp_files("cpp", "bindings") if openmp.search(f.read_text("utf-8"))]
    assert users == ["parallel.h"]


def test_compiled_modules_are_imported_in_one_place():
    compiled = re.compile(r"import.*\b_(cpu|core_(base|v3|v4))\b|_core_\{")
    files = sorted((ROOT / "python" / "entivec").rglob("*.py"))
    users = [f.name for f in files if compiled.search(f.read_text("utf-8"))]
    assert users == ["_core.py"]


def test_no_file_names_a_path_of_somebodys_machine():
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    private = re.compile(rb"(?<![\w.$}/])/(?:home|root|work|Users|mnt)/[\w.]")
    named = [name for name in listed.stdout.decode().split("\0") if (ROOT / name).is_file()]
    offenders = [name for name in named if private.search((ROOT / name).read_bytes())]
    assert offenders == []


# The compiled core -----------------------------------------------------------------------------


def test_fastest_usable_level_is_active_by_default():
    assert output_of("from entivec import _core; print(_core.level)") == _core.levels_usable()[-1]
    assert _cpu.levels()[-1] in _core.levels_built()  # a source build has no other
    assert set(_core.levels_usable()) == set(_core.levels_built()) & set(_cpu.levels())


@pytest.mark.parametrize("level", _core.LEVELS)
def test_level_can_be_forced_where_it_is_usable(level):
    code = "import entivec; from entivec import _core; print(_core.level, _core.max_threads())"
    result = run_python(code, ENTIVEC_ISA=level)
    if level in _core.levels_usable():
        assert result.stdout.split() == [level, str(_core.max_threads())], result.stderr
    else:
        assert f"ImportError: ENTIVEC_ISA='{level}' cannot be used here" in result.stderr


@pytest.mark.parametrize("level", ["v9", "native", "V3", "base "])
def test_unknown_level_is_one_clear_error(level):
    result = run_python("import entivec", ENTIVEC_ISA=level)
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1] == (
        f"ImportError: ENTIVEC_ISA={level!r} cannot be used here. Usable on this machine: "
        f"{', '.join(_core.levels_usable())}; unset ENTIVEC_ISA for the fastest of them."
    )


def test_installation_without_a_usable_level_says_so():
    code = (
        "import importlib.util as util\n"
        "find = util.find_spec\n"
        "util.find_spec = lambda name: None if '_core_' in name else find(name)\n"
        "import entivec"
    )
    assert (
        run_python(code)
        .stderr.splitlines()[-1]
        .startswith("ImportError: entivec was compiled for no CPU level at all")
    )


def test_declared_names_are_the_ones_there_are():
    assert sorted(_core.__all__) == _core.__all__
    assert all(hasattr(_core, name) for name in _core.__all__)


def declared_parameters(stub):
    """Parameter names of every function and method of a stub file, by qualified name."""
    for node in ast.parse(stub).body:
        functions = node.body if isinstance(node, ast.ClassDef) else [node]
        for function in functions:
            if isinstance(function, ast.FunctionDef) and not function.decorator_list:
                arguments = function.args.args + function.args.kwonlyargs
                names = tuple(argument.arg for argument in arguments)
                path = (node.name, function.name) if function is not node else (node.name,)
                yield ".".join(path), names


def compiled_parameters(function):
    """Parameter names as pybind11 writes them into the first line of the docstring."""
    return tuple(re.findall(r"[(,] ?(?:\*, )?(\w+): ", function.__doc__.splitlines()[0]))


def test_stub_names_the_parameters_of_the_compiled_functions():
    stub = (Path(_core.__file__).with_suffix(".pyi")).read_text()
    checked = 0
    for name, parameters in declared_parameters(stub):
        function = operator.attrgetter(name)(_core)
        if not inspect.isfunction(function):  # stubtest compares those of Python
            assert compiled_parameters(function) == parameters, name
            checked += 1
    assert checked > 10


# Threads ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n_jobs", "threads"), [(1, 1), (3, 3), (np.int64(2), 2)])
def test_number_of_threads_is_taken_as_given(n_jobs, threads):
    assert _core.resolve_n_jobs(n_jobs) == threads


@pytest.mark.parametrize("n_jobs", [None, -1])
def test_all_cores_by_default(n_jobs):
    assert _core.resolve_n_jobs(n_jobs) == _core.max_threads()
    if hasattr(os, "sched_getaffinity"):
        assert _core.max_threads() <= len(os.sched_getaffinity(0))


@pytest.mark.parametrize("n_jobs", [0, -2, 1.5, "2", True, False])
def test_impossible_number_of_threads_is_refused(n_jobs):
    with pytest.raises(
        ValueError,
        match=r"^n_jobs must be a positive number of threads.*got " + re.escape(repr(n_jobs)),
    ):
        _core.resolve_n_jobs(n_jobs)


@pytest.mark.slow
def test_limits_of_openmp_are_respected():
    code = "from entivec import _core; print(_core.resolve_n_jobs(None))"
    assert output_of(code, OMP_NUM_THREADS="1") == "1"
    limited = (
        "from entivec import _core; from threadpoolctl import threadpool_limits\n"
        "with threadpool_limits(1): print(_core.resolve_n_jobs(None))"
    )
    assert output_of(limited) == "1"


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity on this system")
def test_cores_taken_away_later_are_respected():
    code = (
        "import os; from entivec import _core\n"
        "os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); print(_core.max_threads())"
    )
    assert output_of(code) == "1"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_forked_child_uses_one_thread():
    code = (
        "import os, warnings; warnings.simplefilter('ignore'); from entivec import _core\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    os._exit(0 if _core.max_threads() == _core.resolve_n_jobs(4) == 1 else 1)\n"
        "print(os.waitpid(child, 0)[1], _core.resolve_n_jobs(4))"
    )
    assert output_of(code) == "0 4"


# Versions and imports --------------------------------------------------------------------------


def test_version_is_written_once():
    declared = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert declared is not None
    assert entivec.__version__ == declared[1]


def test_show_versions_prints_levels_threads_and_dependencies(capsys):
    entivec.show_versions()
    printed = dict(line.strip().split("  ", 1) for line in capsys.readouterr().out.splitlines())
    assert printed["entivec"] == entivec.__version__
    assert printed["level active"] == _core.level
    assert printed["levels built"].split() == list(_core.levels_built())
    assert printed["levels usable"].split() == list(_core.levels_usable())
    assert printed["threads"] == str(_core.max_threads())
    assert printed["numpy"] == np.__version__


def test_absent_dependency_is_reported(monkeypatch, capsys):
    monkeypatch.setattr("entivec._versions._DEPENDENCIES", ("no-such-package",))
    entivec.show_versions()
    assert "no-such-package  not installed" in capsys.readouterr().out


def test_importing_loads_nothing_heavy():
    code = (
        "import sys, pandas, sklearn\n"
        "before = set(sys.modules)\n"
        "import entivec\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    loaded = set(output_of(code).split())
    assert "entivec._core" in loaded
    heavy = {
        "matplotlib",
        "optuna",
        "pyarrow",
        "tqdm",
        "scipy.stats",
        "scipy.optimize",
        "IPython",
    }
    assert loaded & heavy == set()
