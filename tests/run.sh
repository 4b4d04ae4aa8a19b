#!/usr/bin/env bash
# Every test and check, from a clean clone on a fresh Debian machine: bash tests/run.sh [--quick | --full]
# --quick leaves out what is about C++ (its own loop: cmake --workflow --preset dev) and Python tests marked slow.
# --full compiles every CPU level, and adds coverage (which takes Python tests 1.4 times as long), the thread sanitizer,
# the installed C++ library and the oldest supported dependencies.
# Tests on public data sets run where ENTIVEC_DATA names their folder.
. "$(dirname "$0")/../.ci/setup.sh"

quick=no full=no
[ "${1:-}" = --quick ] && quick=yes
[ "${1:-}" = --full ] && full=yes
failed=()
scratch="$(mktemp)"
trap 'rm -f "$scratch"' EXIT
seconds=()  # of each step: on the clock, of the processors, its name
# Tests run beside each other: a thread that waits for its like leaves the core to the others.
export OMP_WAIT_POLICY=passive
# A file's tests share what they fit.
side_by_side=(-n "$CMAKE_BUILD_PARALLEL_LEVEL" --dist loadfile)

# processor_seconds NAME: puts into the variable NAME what all that this shell has run and waited for took; a subshell
# would count its own.
processor_seconds() {
  times >"$scratch"
  printf -v "$1" '%d' "$(awk -F '[ms ]+' 'NR == 2 { printf "%d", $1 * 60 + $2 + $3 * 60 + $4 }' "$scratch")"
}

# step NAME COMMAND…: runs it, remembers a failure, goes on.
step() {
  local name="$1" start=$SECONDS before after
  shift
  processor_seconds before
  printf '\n==== %s\n' "$name"
  "$@" || failed+=("$name")
  processor_seconds after
  seconds+=("$(printf '%6d s, %6d CPU s  %s' $((SECONDS - start)) $((after - before)) "$name")")
  printf '====%s\n' "${seconds[-1]}"
}

# The package with the CPU levels that the checks need: this machine's own; that of the instruction counts too; or, as
# wheels carry it, every one.
levels="native;v3"
[ $quick = no ] || levels=native
[ $full = no ] || levels=all
install() {
  python -m pip install --quiet -C cmake.define.ENTIVEC_LEVELS="$1" ".[dev]"
}

workflow() {
  cmake --workflow --preset "$1"
}

cpp_sources() {
  git ls-files --cached --others --exclude-standard "$@"
}

format() {
  cpp_sources 'cpp/**' 'bindings/**' 'tests/cpp/**' | grep -E '\.(h|cpp)$' | xargs clang-format --dry-run -Werror
}

# What the compiler reads: the sources in their unity batches, whose headers are read once.
tidy() {
  cmake --preset tidy >/dev/null
  # GCC's folder comes last, for omp.h alone: clang brings the other headers itself. GCC's library uses, in
  # std::stable_sort, what it calls deprecated.
  python -c 'import json; print(*(entry["file"] for entry in json.load(open("build/tidy/compile_commands.json"))))' |
    xargs -P "$CMAKE_BUILD_PARALLEL_LEVEL" -n 1 clang-tidy -p build/tidy --quiet \
      --extra-arg="-idirafter$(g++ -print-file-name=include)" --extra-arg=-Wno-deprecated-declarations
}

types() {
  python -m mypy && python -m mypy.stubtest entivec._core --allowlist .ci/stubtest-allowlist.txt --ignore-unused-allowlist
}

# beside FIRST SECOND: runs two commands of one core each at a time; the second's output follows the first's.
beside() {
  local result=0 output
  output="$(mktemp)"
  "$2" >"$output" 2>&1 &
  "$1" || result=1
  wait $! || result=1
  cat "$output"
  rm -f "$output"
  return $result
}

python_tests() {
  if [ $quick = yes ]; then
    python -m pytest "${side_by_side[@]}" -m "not slow"
  elif [ $full = yes ]; then
    python -m pytest "${side_by_side[@]}" --cov --cov-report=term
  else
    python -m pytest "${side_by_side[@]}"
  fi
}

# valgrind knows the instructions of level v3 at most, and a machine may have less.
guard() {
  if ! ENTIVEC_ISA=v3 python -c 'import entivec' 2>/dev/null; then
    echo "SKIPPED: level v3 is not built, or this machine does not run it"
    return 0
  fi
  python bench/guard.py
}

# The oldest dependencies we claim to support, which have wheels for Python 3.10 and 3.11 only: what meets pandas,
# scikit-learn, pyarrow, safetensors and matplotlib. Two estimators have every step of the others.
floors() {
  local python
  for python in python3.11 python3.10 none; do
    "$python" -c 'import venv' 2>/dev/null && break
  done
  if [ "$python" = none ]; then
    echo "SKIPPED: no Python 3.10 or 3.11 here"
    return 0
  fi
  [ -x .venv-floors/bin/python ] || "$python" -m venv .venv-floors
  (
    . .venv-floors/bin/activate
    python -m pip install --quiet --upgrade pip
    python -m pip install --quiet -r .ci/floors.txt
    python -m pip install --quiet --no-build-isolation -C build-dir=build/floors .
    python -m pytest tests/python/{base,table,rows/test_{embedding,persistence,scikit_learn}.py,test_{cli,plot}.py} \
      -k "not scikit_learn_checks or DeepCAE or JointVAE" "${side_by_side[@]}" -p no:cacheprovider -o filterwarnings=default --disable-warnings -q
  )
}

step "system packages" system_packages chromium clang g++ git libeigen3-dev libgomp1 libgtest-dev libomp-dev python3-venv python3-dev valgrind
virtual_environment .venv
step "install" install "$levels"

step "clang-format" format
step "ruff" ruff check .
step "ruff format" ruff format --check .
step "scripts and styles" biome ci --config-path=.ci python/entivec/reporting/assets
if [ $quick = yes ]; then
  step "mypy, stubtest" types
else
  step "mypy, stubtest; instruction counts" beside types guard
fi
step "Python tests" python_tests
if [ $quick = no ]; then
  step "clang-tidy" tidy
  step "C++ tests, address and undefined-behaviour sanitizers" workflow asan
fi
if [ $full = yes ]; then
  step "C++ tests, thread sanitizer" workflow tsan
  step "installed C++ library" workflow library
  step "Python tests, oldest dependencies" floors
fi

printf '\n'
printf '%s\n' "${seconds[@]}"
printf '%6d s  %s\n' $SECONDS Total
if [ ${#failed[@]} -gt 0 ]; then
  printf 'FAILED: %s\n' "${failed[@]}"
  exit 1
fi
echo "All checks passed."
