// The typed autoencoder: Encoder, Decoder and Reconstruction over one flat parameter vector (encoder, decoder).
//   loss = reconstruction + nonlinear_penalty · mean(M_e(x)²) + l2 · Σ hidden kernels²
#pragma once

#include "entivec/loss/reconstruction.h"
#include "entivec/models/decoder.h"
#include "entivec/models/encoder.h"
#include "entivec/models/model.h"

namespace entivec {

struct AutoEncoderSizes {
  std::vector<Index> hidden;
  Index code = 1;
  Activation activation = Activation::kGelu;
  bool linear_path = true;
  Scalar nonlinear_penalty = 1;  // holds the encoder near its linear path; unused without one
  Scalar l2 = 0;
};

class AutoEncoder : public Model {
 public:
  AutoEncoder(const TableLayout& layout, const AutoEncoderSizes& sizes);

  const TableLayout& layout() const override { return layout_; }
  const Encoder& encoder() const { return encoder_; }
  const Decoder& decoder() const { return decoder_; }
  const Reconstruction& reconstruction() const { return reconstruction_; }
  Index code() const { return sizes_.code; }
  bool has_linear_path() const { return encoder_.has_linear_path(); }

  Index num_params() const override { return encoder_.num_params() + decoder_.num_params(); }
  std::unique_ptr<Workspace> workspace(Index capacity) const override;

  Scalar loss_and_gradient(const Batch& batch, Scalar scale, const Dropout& dropout, ConstVectorRef params,
                           Workspace& workspace, VectorRef grads) const override;
  Scalar penalty(ConstVectorRef params, VectorRef grads) const override;

  // z (n, d) of a gathered batch; outputs (n, layout.outputs()) of codes.
  void encode(const Batch& batch, ConstVectorRef params, Workspace& workspace, MatrixRef z) const;
  void decode(ConstMatrixRef z, ConstVectorRef params, Workspace& workspace, MatrixRef outputs) const;

  void initialise(std::uint64_t seed, VectorRef params) const;

  ConstVectorRef encoder_params(ConstVectorRef params) const { return params.head(encoder_.num_params()); }
  ConstVectorRef decoder_params(ConstVectorRef params) const { return params.tail(decoder_.num_params()); }

 private:
  const TableLayout& layout_;
  AutoEncoderSizes sizes_;
  Encoder encoder_;
  Decoder decoder_;
  Reconstruction reconstruction_;
};

}  // namespace entivec
