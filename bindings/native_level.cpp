// The fastest CPU level that this machine runs, as an exit status; CMake asks while it configures (levels.cmake).
#include "cpu.h"

int main() {
  if (entivec::runs_v4()) return 2;
  return entivec::runs_v3() ? 1 : 0;
}
