// The convolutional encoder of Bertrand et al., "Autoencoder-based General Purpose Representation Learning for Customer
// Embedding": the encoded row is a sequence of positions with one channel, or k of a grid (table/channel_grid.h),
// 1×1 convolutions k → c1 → … → c with an activation after each, flattened, dense to the code. A 1×1 convolution mixes
// no positions: it is one small network shared by all of them (table/table_conv.h), and the dense map alone forms the
// code.
#pragma once

#include <optional>

#include "entivec/rows/encoder.h"
#include "entivec/table/observed.h"
#include "entivec/table/table_conv.h"
#include "entivec/table/table_linear.h"

namespace entivec {

// Parameters, kernels row-major and each followed by its bias: [linear path (inputs, d)] [convolutions k → c1 → … → c]
// [dense (positions · c, d), channel k of position j in row j · c + k].
// Draws no dropout masks and counts no saturated units: a mask for every cell would make every one-hot cell a cell of
// its own, which is what table/table_conv.h avoids.
class ConvEncoder : public Encoder {
 public:
  ConvEncoder(const TableLayout& layout, std::vector<Index> channels, Index code, Activation activation,
              bool linear_path, const ChannelGrid& grid = {});

  std::unique_ptr<Encoder::Cache> cache(Index capacity) const override;

  const TableLayout& layout() const override { return layout_; }
  Index code() const override { return conv_.out(); }
  Index num_params() const override { return linear_params() + conv_.num_params(); }
  bool has_linear_path() const override { return linear_.has_value(); }
  bool has_bent() const override { return true; }
  std::uint32_t num_activated() const override { return 0; }
  Index units(Index) const override { return 0; }

  void forward(const Batch& batch, ConstVectorRef params, const Dropout& dropout, Encoder::Cache& cache,
               MatrixRef z) const override;
  void backward(const Batch& batch, ConstMatrixRef dz, ConstMatrixRef d_bent, ConstVectorRef params,
                Encoder::Cache& cache, VectorRef grads) const override;
  void initialise(const Random& random, std::uint64_t& index, VectorRef params) const override;
  std::vector<OutputMap> output_maps(VectorRef params) const override;
  Scalar l2(Scalar rate, ConstVectorRef params, VectorRef grads) const override;

  void jacobian(const Batch& batch, ConstVectorRef params, Encoder::Cache& cache, MatrixRef j) const override;
  void count_saturated(Index, Scalar, const Encoder::Cache&, VectorRef) const override {}

 private:
  Index linear_params() const { return linear_ ? linear_->num_params() : 0; }

  const TableLayout& layout_;
  Observed observed_;
  std::optional<TableLinear> linear_;
  TableConv conv_;
};

}  // namespace entivec
