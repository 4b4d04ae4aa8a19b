// The convolutional decoder, rows/conv_encoder.h in reverse: code → dense → positions of c channels → 1×1
// convolutions c → … → c1 → k, with an activation below each. Usually k = 1 and output j is what is left at position j;
// of a grid (table/channel_grid.h) the k channels are the numbers of a position.
#pragma once

#include <optional>

#include "entivec/nn/mlp.h"
#include "entivec/rows/decoder.h"
#include "entivec/table/channel_grid.h"

namespace entivec {

// Parameters, kernels row-major and each followed by its bias: [dense (d, positions · c), channel i of position j in
// column j · c + i] [convolutions c → … → c1 → k] [linear path (d, outputs)].
// Draws no dropout masks, as ConvEncoder.
class ConvDecoder : public Decoder {
 public:
  // `channels` in the encoder's order: c1, …, c.
  ConvDecoder(const TableLayout& layout, std::vector<Index> channels, Index code, Activation activation,
              bool linear_path, const ChannelGrid& grid = {});

  std::unique_ptr<Decoder::Cache> cache(Index capacity) const override;

  Index num_params() const override { return dense_.num_params() + net_.num_params() + linear_params(); }

  void forward(ConstMatrixRef z, ConstVectorRef params, const Dropout& dropout, std::uint32_t first_layer,
               Decoder::Cache& cache, MatrixRef outputs) const override;
  void backward(ConstMatrixRef z, ConstMatrixRef d_outputs, ConstVectorRef params, Decoder::Cache& cache, MatrixRef dz,
                VectorRef grads) const override;
  void initialise(const Random& random, std::uint64_t& index, VectorRef params) const override;
  void set_linear(ConstMatrixRef w, ConstVectorRef bias, VectorRef params) const override;
  std::vector<MatrixRef> code_kernels(VectorRef params) const override;
  Scalar l2(Scalar rate, ConstVectorRef params, VectorRef grads) const override;

 private:
  struct Cache;

  Index linear_params() const { return linear_ ? linear_->num_params() : 0; }
  // What is left at positions first … first + size, row by row in cache.y.
  void run(ConstMatrixRef z, Index first, Index size, ConstVectorRef params, Cache& cache) const;

  Index outputs_;
  Positions positions_;
  Mlp net_;
  Linear dense_;
  std::optional<Linear> linear_;
};

}  // namespace entivec
