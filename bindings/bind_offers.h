#pragma once

#include "bind.h"

namespace entivec {

void bind_histories(py::module_& m);
void bind_offers(py::module_& m);
void bind_offer_parts(py::module_& m);

}  // namespace entivec
