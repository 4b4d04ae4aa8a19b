#pragma once

#include "bind.h"
#include "entivec/sequences/layout.h"

namespace entivec {

// Sequences together with the arrays they borrow from.
struct BoundSequences {
  BoundSequences(const SequenceLayout& layout, Array<std::int64_t> offsets, Array<std::int32_t> codes,
                 ScalarArray numbers);

  SequenceView view;
  Array<std::int64_t> offsets;
  Array<std::int32_t> codes;
  ScalarArray numbers;
};

void bind_sequence_shapes(py::module_& m);
void bind_sequence_model(py::module_& m);

}  // namespace entivec
