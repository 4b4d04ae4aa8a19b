// Which CPU levels this machine can run. A module of its own, compiled for the baseline: asking must be safe anywhere.
#include <pybind11/pybind11.h>

namespace {

#if defined(__x86_64__) || defined(_M_X64)
// What -march=x86-64-v3 adds to the instructions a compiler may emit; the check covers the operating system too.
bool runs_v3() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&
         __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt")
#if !defined(__clang__) || __clang_major__ >= 18  // Older clang cannot ask for these.
         && __builtin_cpu_supports("f16c") && __builtin_cpu_supports("lzcnt") && __builtin_cpu_supports("movbe")
#endif
      ;
}

bool runs_v4() {
  return runs_v3() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}
#else
bool runs_v3() { return false; }
bool runs_v4() { return false; }
#endif

// From the slowest level to the fastest.
pybind11::list levels() {
  pybind11::list names;
  names.append("base");
  if (runs_v3()) names.append("v3");
  if (runs_v4()) names.append("v4");
  return names;
}

}  // namespace

PYBIND11_MODULE(_cpu, m) { m.def("levels", &levels, "CPU levels that this machine can run, slowest first."); }
