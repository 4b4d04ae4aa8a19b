#include "entivec/rows/encoder.h"

#include "entivec/rows/probe.h"

namespace entivec {

void norms_of(ConstMatrixRef j, Index code, Index probes, std::uint64_t seed, std::uint64_t position, VectorRef norms) {
  Vector u(code);
  for (Index i = 0; i < norms.size(); ++i) {
    const auto own = j.middleRows(i * code, code);
    norms[i] = probes > 0 ? 0 : own.squaredNorm();
    for (Index q = 0; q < probes; ++q) {
      probe(seed, position + static_cast<std::uint64_t>(i), q, u);
      norms[i] += (own.transpose() * u).squaredNorm() / static_cast<Scalar>(probes);
    }
  }
}

void Encoder::set_linear(ConstMatrixRef w, ConstVectorRef bias, VectorRef params) const {
  OutputMap linear = output_maps(params).front();
  linear.kernel = w;
  linear.bias = bias;
}

void Encoder::jacobian_norms(const Batch& batch, ConstVectorRef params, Index probes, std::uint64_t seed,
                             std::uint64_t position, Cache& cache, VectorRef norms) const {
  Matrix j(batch.size * code(), layout().inputs());
  jacobian(batch, params, cache, j);
  norms_of(j, code(), probes, seed, position, norms);
}

}  // namespace entivec
