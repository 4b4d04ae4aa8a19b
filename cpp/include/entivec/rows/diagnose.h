// Diagnostics of a fitted encoder over whole tables [Rifai et al. 2011, §5.3], in pieces of rows on all threads.
#pragma once

#include "entivec/rows/apply.h"

namespace entivec {

// j (n · d, inputs): ∂z/∂x of every row (see Encoder::jacobian).
void jacobians(const Fitted& fitted, const TableView& table, MatrixRef j);

// norms (n): ‖∂z/∂x‖²_F, exact or from `probes` random vectors a row.
void jacobian_norms(const Fitted& fitted, const TableView& table, Index probes, std::uint64_t seed, VectorRef norms);

// Share of saturated units of each activated layer (see Encoder::count_saturated).
DoubleVector saturation(const Fitted& fitted, const TableView& table, Scalar share);

}  // namespace entivec
