// The CPU levels of this machine, in a module of its own that is compiled for the baseline.
#include "cpu.h"

#include <pybind11/pybind11.h>

namespace {

// From the slowest level to the fastest.
pybind11::list levels() {
  pybind11::list names;
  names.append("base");
  if (entivec::runs_v3()) names.append("v3");
  if (entivec::runs_v4()) names.append("v4");
  return names;
}

}  // namespace

PYBIND11_MODULE(_cpu, m) { m.def("levels", &levels, "CPU levels that this machine can run, slowest first."); }
