// An autoencoder of tables: an Encoder, a Decoder and a Reconstruction, perhaps with guides, over one flat parameter
// vector (encoder, decoder, guide head).
//   loss of a row = reconstruction + guides + nonlinear_penalty · mean(M_e(x)²) + (contraction / C) · P(x)
// with C the number of source columns, so that contraction weighs P against the reconstruction summed over columns;
// and for all rows together l2 · Σ hidden kernels².
#pragma once

#include <optional>

#include "entivec/jacobian/contraction.h"
#include "entivec/loss/reconstruction.h"
#include "entivec/models/decoder.h"
#include "entivec/models/encoder.h"
#include "entivec/models/model.h"
#include "entivec/nn/activation.h"
#include "entivec/nn/linear.h"

namespace entivec {

struct AutoEncoderSizes {
  std::vector<Index> hidden;
  Index code = 1;
  Activation activation = Activation::kGelu;
  bool linear_path = true;
  Scalar nonlinear_penalty = 1;  // holds the encoder near its linear path; unused without one
  Scalar l2 = 0;
  bool code_activation = false;  // M_e ends in the activation
  // 1×1 convolutions in place of hidden layers. The initialiser lets shorter lists of sizes compile without warning.
  std::vector<Index> channels{};  // NOLINT(readability-redundant-member-init)
  Contraction contraction{};
};

class AutoEncoder : public Model {
 public:
  // `guide` is the layout of the targets that the code is to predict, or null. Both layouts are borrowed.
  AutoEncoder(const TableLayout& layout, const AutoEncoderSizes& sizes, const TableLayout* guide = nullptr);

  const TableLayout& layout() const override { return layout_; }
  const TableLayout* guide_layout() const override { return guide_ ? &guide_->layout : nullptr; }
  const Encoder& encoder() const { return *encoder_; }
  const Decoder& decoder() const { return *decoder_; }
  const Reconstruction& reconstruction() const { return reconstruction_; }
  Index code() const { return sizes_.code; }
  bool has_linear_path() const { return encoder_->has_linear_path(); }

  Index num_params() const override;
  std::unique_ptr<Workspace> workspace(Index capacity) const override;

  void begin_step(ConstVectorRef params, const Shards& shards, int threads) const override;
  Scalar loss_and_gradient(const Batch& batch, Scalar scale, const Dropout& dropout, ConstVectorRef params,
                           Workspace& workspace, VectorRef grads) const override;
  Scalar end_step(ConstVectorRef params, const Shards& shards, int threads, VectorRef grads) const override;

  // z (n, d) of a gathered batch; outputs (n, layout.outputs()) of codes.
  void encode(const Batch& batch, ConstVectorRef params, Workspace& workspace, MatrixRef z) const;
  void decode(ConstMatrixRef z, ConstVectorRef params, Workspace& workspace, MatrixRef outputs) const;

  // Σ_rows weight · loss of a batch of guide_layout, whose rows have the codes z (n, d).
  Scalar guide_loss(const Batch& guide, ConstMatrixRef z, ConstVectorRef params, Workspace& workspace) const;

  // predictions (n, guide_layout()->outputs()): Reconstruction::predict of the guide head.
  void guess(ConstMatrixRef z, ConstVectorRef params, MatrixRef predictions) const;

  // The contractive penalty alone: Σ_rows scale · weight · P(x), between begin_step and end_penalty. Adds to the
  // gradient of the encoder's parameters.
  Scalar contraction_and_gradient(const Batch& batch, Scalar scale, const Dropout& dropout, ConstVectorRef params,
                                  Workspace& workspace, VectorRef encoder_grads) const;
  void end_penalty(ConstVectorRef params, const Shards& shards, int threads, VectorRef grads) const;

  // Jacobians and saturation of the encoder at the rows of a batch (see Encoder).
  void jacobian(const Batch& batch, ConstVectorRef params, Workspace& workspace, MatrixRef j) const;
  void jacobian_norms(const Batch& batch, ConstVectorRef params, Index probes, std::uint64_t seed,
                      std::uint64_t position, Workspace& workspace, VectorRef norms) const;
  void count_saturated(const Batch& batch, Scalar share, ConstVectorRef params, Workspace& workspace,
                       VectorRef counts) const;

  // The guides' head starts at zero.
  void initialise(std::uint64_t seed, VectorRef params) const;

  ConstVectorRef encoder_params(ConstVectorRef params) const { return params.head(encoder_->num_params()); }
  ConstVectorRef decoder_params(ConstVectorRef params) const {
    return params.segment(encoder_->num_params(), decoder_->num_params());
  }
  ConstVectorRef guide_params(ConstVectorRef params) const;

 private:
  struct Guide {
    const TableLayout& layout;
    Linear head;
    Reconstruction loss;
  };

  const TableLayout& layout_;
  AutoEncoderSizes sizes_;
  std::unique_ptr<Encoder> encoder_;
  std::unique_ptr<Decoder> decoder_;
  Reconstruction reconstruction_;
  std::optional<Guide> guide_;
};

}  // namespace entivec
