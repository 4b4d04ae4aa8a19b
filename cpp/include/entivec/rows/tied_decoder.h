// The decoder of a one-layer encoder with tied weights: its kernel is the encoder's, transposed (Rifai et al. 2011).
#pragma once

#include "entivec/rows/decoder.h"
#include "entivec/table/layout.h"

namespace entivec {

// Parameters: the encoder's kernel W (inputs, d) and its bias, both shared, then the decoder's bias (outputs).
//   A number's output is z · its row of W, a level's logit z · that level's row; the one logit of a flag is the
//   difference of its two levels' logits. Marks of missing cells and codes that are no target have no output.
class TiedDecoder : public Decoder {
 public:
  TiedDecoder(const TableLayout& layout, Index code) : layout_(layout), code_(code) {}

  std::unique_ptr<Decoder::Cache> cache(Index) const override { return std::make_unique<Decoder::Cache>(); }

  Index num_params() const override { return layout_.outputs(); }
  Index num_shared() const override { return (layout_.inputs() + 1) * code_; }

  void forward(ConstMatrixRef z, ConstVectorRef params, const Dropout& dropout, std::uint32_t first_layer,
               Decoder::Cache& cache, MatrixRef outputs) const override;
  void backward(ConstMatrixRef z, ConstMatrixRef d_outputs, ConstVectorRef params, Decoder::Cache& cache, MatrixRef dz,
                VectorRef grads) const override;

  // The bias zero; the kernel is the encoder's to start and to decay.
  void initialise(const Random& random, std::uint64_t& index, VectorRef params) const override;
  void set_linear(ConstMatrixRef w, ConstVectorRef bias, VectorRef params) const override;
  std::vector<MatrixRef> code_kernels(VectorRef) const override { return {}; }
  Scalar l2(Scalar, ConstVectorRef, VectorRef) const override { return 0; }

 private:
  const TableLayout& layout_;
  Index code_;
};

}  // namespace entivec
