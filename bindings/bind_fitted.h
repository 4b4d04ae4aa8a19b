// A model with its parameters, checked, as the functions over whole tables take it.
#pragma once

#include "bind.h"
#include "entivec/rows/apply.h"

namespace entivec {

inline Heads heads_of(bool linear) { return linear ? Heads::kLinear : Heads::kTyped; }

inline Fitted fitted(const AutoEncoder& model, const ScalarArray& params, bool linear_heads, int threads) {
  check_size("params", params, model.num_params());
  return {model, as_vector(params), heads_of(linear_heads), threads};
}

inline const TableView* guide_or_null(const AutoEncoder& model, const BoundTable* guide, const BoundTable& table) {
  if (!guide) return nullptr;
  check(model.guide_layout() != nullptr, "guide", "a model with guides", "a table for one without");
  check(guide->view.rows == table.view.rows, "guide", table.view.rows, guide->view.rows);
  return &guide->view;
}

}  // namespace entivec
