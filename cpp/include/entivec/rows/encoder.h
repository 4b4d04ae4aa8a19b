// Table rows → codes: z = L_e(x) + M_e(x), a linear path beside a network that bends it. Either may be missing.
#pragma once

#include <memory>
#include <vector>

#include "entivec/nn/dropout.h"
#include "entivec/nn/kernel_product.h"
#include "entivec/table/table.h"

namespace entivec {

// norms (n): ‖J‖²_F of the Jacobians j (n · code, inputs), or with probes its estimate; see Encoder::jacobian_norms.
void norms_of(ConstMatrixRef j, Index code, Index probes, std::uint64_t seed, std::uint64_t position, VectorRef norms);

class Encoder {
 public:
  // Scratch of one row shard, allocated once.
  struct Cache {
    virtual ~Cache() = default;
    KernelProducts* later = nullptr;  // where backward puts off what it adds to large kernels, if the step allows it
    Matrix bent;                      // (capacity, d) M_e(x), written by forward; no columns without M_e
  };

  virtual ~Encoder() = default;
  virtual std::unique_ptr<Cache> cache(Index capacity) const = 0;

  virtual const TableLayout& layout() const = 0;
  virtual Index code() const = 0;
  virtual Index num_params() const = 0;
  virtual bool has_linear_path() const = 0;
  virtual bool has_bent() const = 0;
  virtual std::uint32_t num_activated() const = 0;  // activated layers; forward draws a dropout mask for each
  virtual Index units(Index activated) const = 0;   // in an activated layer

  // z (n, d). Leaves M_e(x) in cache.bent.
  virtual void forward(const Batch& batch, ConstVectorRef params, const Dropout& dropout, Cache& cache,
                       MatrixRef z) const = 0;

  // dz is the gradient of the linear path's part, d_bent that of M_e(x) (the same, plus what a penalty on M_e
  // adds). Adds to `grads`.
  virtual void backward(const Batch& batch, ConstMatrixRef dz, ConstMatrixRef d_bent, ConstVectorRef params,
                        Cache& cache, VectorRef grads) const = 0;

  // All layers uniform, but M_e's last map zero where a linear path stands beside it, so that M_e starts at zero.
  virtual void initialise(const Random& random, std::uint64_t& index, VectorRef params) const = 0;

  // The affine maps whose sum is z, where nothing bends it afterwards: the linear path first.
  struct OutputMap {
    MatrixRef kernel;  // (inputs of the map, d)
    VectorRef bias;
  };
  virtual std::vector<OutputMap> output_maps(VectorRef params) const = 0;

  // Sets the linear path to `w` (layout.inputs(), d) and `bias`.
  void set_linear(ConstMatrixRef w, ConstVectorRef bias, VectorRef params) const;

  // The last hidden layer, which the last of output_maps reads, of the rows that forward has just seen; null without
  // one, and of channels, where it is as wide as the table.
  virtual const Matrix* last_hidden(const Cache&) const { return nullptr; }

  // rate · Σ w² over the kernels below an activation (neither biases, nor a linear code layer, nor the linear
  // path). Adds to `grads`.
  virtual Scalar l2(Scalar rate, ConstVectorRef params, VectorRef grads) const = 0;

  // The contractive penalty (rows/contraction.h) of the rows that forward has just seen, row i times by[i]; none
  // by default. begin_penalty stands before all shards of a step, end_penalty after them; `shards` are their caches.
  // Leaves in the cache what backward has to add; adds the rest to `grads`.
  virtual bool penalised() const { return false; }
  virtual void begin_penalty(ConstVectorRef, const std::vector<Cache*>&, int) const {}
  virtual Scalar penalty(const Batch&, const Vector&, const Dropout&, ConstVectorRef, Cache&, VectorRef) const {
    return 0;
  }
  virtual void end_penalty(ConstVectorRef, const std::vector<Cache*>&, int, VectorRef) const {}

  // j (n · d, layout.inputs()): ∂z/∂x of the rows that forward has just seen without dropout, by row, then code.
  // Zero for cells that are missing and for the marks of missing cells, which are no values.
  virtual void jacobian(const Batch& batch, ConstVectorRef params, Cache& cache, MatrixRef j) const = 0;

  // norms (n): ‖J‖²_F of those rows; with probes an unbiased estimate from so many random ±1 vectors a row (Hoffman
  // et al. 2019), numbered from `position`.
  virtual void jacobian_norms(const Batch& batch, ConstVectorRef params, Index probes, std::uint64_t seed,
                              std::uint64_t position, Cache& cache, VectorRef norms) const;

  // Adds to counts (num_activated) how many units of each activated layer are saturated in those rows: their slope
  // is below `share` of the steepest.
  virtual void count_saturated(Index rows, Scalar share, const Cache& cache, VectorRef counts) const = 0;
};

}  // namespace entivec
