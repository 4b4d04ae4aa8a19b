// What the bindings of all models that a Trainer trains share.
#pragma once

#include "bind.h"
#include "entivec/train/model.h"

namespace entivec {

// Numbers of examples, checked.
std::vector<Index> examples_of(const Model& model, const Array<Index>& examples);

// Mean loss of examples in one step without dropout, and its gradient, that of look-up tables among it.
py::tuple whole_gradient(const Model& model, const ScalarArray& params, const std::vector<Index>& examples);

}  // namespace entivec
