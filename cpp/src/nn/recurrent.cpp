#include "entivec/nn/recurrent.h"

#include <cmath>

#include "entivec/core/check.h"
#include "entivec/product/product.h"
#include "gates.h"

namespace entivec {

namespace {

Index num_gates(Cell cell) { return cell == Cell::kLstm ? 4 : 3; }

}  // namespace

Recurrent::Recurrent(Cell cell, Index in, Index hidden)
    : cell_(cell), hidden_(hidden), inputs_(in, num_gates(cell) * hidden), states_(hidden, num_gates(cell) * hidden) {}

Recurrent::Cache Recurrent::cache(Index rows, Index sequences) const {
  const bool lstm = cell_ == Cell::kLstm;
  // Not set to anything: pages that a short batch does not reach are never taken from the system.
  Cache cache;
  cache.gates.resize(rows, states_.out());
  cache.states.resize(lstm ? std::min(rows, sequences) : rows, states_.out());
  cache.before.resize(rows, carried());
  cache.memory.resize(lstm ? rows : 0, hidden_);
  cache.turned.resize(states_.out(), hidden_);
  return cache;
}

void Recurrent::forward(const Packing& packing, ConstMatrixRef x, ConstVectorRef params, Cache& cache, MatrixRef state,
                        MatrixRef y) const {
  const bool lstm = cell_ == Cell::kLstm;
  const auto own = params.tail(states_.num_params());
  inputs_.forward(x, params.head(inputs_.num_params()), cache.gates.topRows(packing.rows()));
  for (Index t = 0; t < packing.steps(); ++t) {
    const Index first = packing.first(t), active = packing.active(t);
    auto before = cache.before.middleRows(first, active);
    auto states = cache.states.middleRows(lstm ? 0 : first, active);
    before = state.topRows(active);
    states_.forward(before.leftCols(hidden_), own, states);
    for (Index s = 0; s < active; ++s) {
      Scalar *gates = cache.gates.row(first + s).data(), *end = state.row(s).data();
      if (lstm)
        gates::lstm(hidden_, states.row(s).data(), gates, end, cache.memory.row(first + s).data());
      else
        gates::gru(hidden_, states.row(s).data(), gates, end);
      std::copy_n(end, hidden_, y.row(first + s).data());
    }
  }
}

void Recurrent::backward(const Packing& packing, ConstMatrixRef x, ConstMatrixRef dy, ConstVectorRef params,
                         Cache& cache, MatrixRef d_state, MatrixRef dx, VectorRef grads, KernelProducts* later) const {
  const bool lstm = cell_ == Cell::kLstm;
  const auto own = params.head(inputs_.num_params());
  cache.turned = ConstMatrixMap(params.data() + own.size(), hidden_, states_.out()).transpose();
  for (Index t = packing.steps() - 1; t >= 0; --t) {
    const Index first = packing.first(t), active = packing.active(t);
    for (Index s = 0; s < active; ++s) {
      const Index row = first + s;
      const Scalar *before = cache.before.row(row).data(), *d = dy.row(row).data();
      Scalar *gates = cache.gates.row(row).data(), *end = d_state.row(s).data();
      if (lstm)
        gates::lstm_backward(hidden_, before, cache.memory.row(row).data(), d, gates, end);
      else
        gates::gru_backward(hidden_, before, d, gates, cache.states.row(row).data(), end);
    }
    const Matrix& d_states = lstm ? cache.gates : cache.states;
    add_product(1, d_states.middleRows(first, active), cache.turned, d_state.topRows(active).leftCols(hidden_));
  }
  const auto d_gates = cache.gates.topRows(packing.rows());
  const auto d_states = (lstm ? cache.gates : cache.states).topRows(packing.rows());
  inputs_.backward(x, d_gates, own, dx, grads.head(own.size()), later);
  states_.backward_params(cache.before.topRows(packing.rows()).leftCols(hidden_), d_states,
                          grads.tail(states_.num_params()), later);
}

void Recurrent::initialise(const Random& random, std::uint64_t& index, VectorRef params) const {
  const double bound = 1 / std::sqrt(static_cast<double>(hidden_));
  for (Index i = 0; i < num_params(); ++i) params[i] = static_cast<Scalar>(bound * (2 * random.uniform(index++) - 1));
}

Cell cell_from_name(std::string_view name) {
  if (name == "gru") return Cell::kGru;
  if (name == "lstm") return Cell::kLstm;
  fail("cell", "gru or lstm", name);
}

}  // namespace entivec
