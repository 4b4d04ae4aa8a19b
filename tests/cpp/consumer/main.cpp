// Uses one function that is compiled into the library and one that is not.
#include <cstdio>

#include "entivec/core/parallel.h"
#include "entivec/table/layout.h"

int main() {
  entivec::TableColumns columns;
  columns.dense_source = {0, 1};
  columns.dense_gap = {false, false};
  const entivec::TableLayout layout(columns);
  std::printf("%d inputs on %d threads\n", static_cast<int>(layout.inputs()), entivec::hardware_threads());
  return layout.inputs() == 2 ? 0 : 1;
}
