// An autoencoder of tables: an Encoder, a Decoder and a Reconstruction, perhaps with latent variables between the two
// and with guides, over one flat parameter vector (encoder, decoder, likelihood, guide head).
//   loss of a row = reconstruction + guides + nonlinear_penalty · mean(M_e(x)²) + (contraction / C) · P(x)
// with C the number of source columns, so that contraction weighs P against the reconstruction summed over columns;
// and for all rows together l2 · Σ hidden kernels². Of a Bernoulli model the reconstruction is −log p(x|z) / C; of a
// variational model (rows/variational.h) too, z drawn from q(z|x), and all rows together add the weighted
// divergence / C.
#pragma once

#include <optional>

#include "entivec/nn/activation.h"
#include "entivec/nn/linear.h"
#include "entivec/rows/contraction.h"
#include "entivec/rows/decoder.h"
#include "entivec/rows/encoder.h"
#include "entivec/rows/variational.h"
#include "entivec/table/channel_grid.h"
#include "entivec/table/likelihood.h"
#include "entivec/table/reconstruction.h"
#include "entivec/train/model.h"

namespace entivec {

struct AutoEncoderWorkspace;

struct AutoEncoderSizes {
  std::vector<Index> hidden;
  Index code = 1;  // of a variational model the number of Gaussian latents
  Activation activation = Activation::kGelu;
  bool linear_path = true;
  Scalar nonlinear_penalty = 1;  // holds the encoder near its linear path; unused without one
  Scalar l2 = 0;
  bool code_activation = false;  // M_e ends in the activation
  // 1×1 convolutions in place of hidden layers. The initialiser lets shorter lists of sizes compile without warning.
  std::vector<Index> channels{};  // NOLINT(readability-redundant-member-init)
  Contraction contraction{};
  Variational variational{};
  bool bernoulli = false;     // dense columns as probabilities and the loss in nats, see table/likelihood.h
  bool tied_weights = false;  // of one layer without a linear path, see rows/tied_decoder.h
  ChannelGrid grid{};         // what convolutions run over
};

class AutoEncoder {
 public:
  // `guide` is the layout of the targets that the code is to predict, or null. Both layouts are borrowed.
  AutoEncoder(const TableLayout& layout, const AutoEncoderSizes& sizes, const TableLayout* guide = nullptr);

  const TableLayout& layout() const { return layout_; }
  const TableLayout* guide_layout() const { return guide_ ? &guide_->layout : nullptr; }
  const Encoder& encoder() const { return *encoder_; }
  const Decoder& decoder() const { return *decoder_; }
  const Reconstruction& reconstruction() const { return reconstruction_; }
  const Posterior* posterior() const { return posterior_ ? &*posterior_ : nullptr; }
  Index code() const { return posterior_ ? posterior_->code() : sizes_.code; }  // width of the embedding
  Index linear_code() const { return sizes_.code; }                             // of it, what PCA can start
  Scalar divergence_weight() const { return sizes_.variational.capacity < 0 ? sizes_.variational.weight : 1; }
  bool bernoulli() const { return likelihood_ && likelihood_->bernoulli(); }
  bool has_linear_path() const { return encoder_->has_linear_path(); }

  Index num_params() const;
  std::unique_ptr<Workspace> workspace(Index capacity) const;

  // What a training step is made of, see train/model.h. `backward` adds to `grads`, large kernels' parts later where
  // there is a list for them.
  void begin_step(ConstVectorRef params, const Shards& shards, int threads) const;
  void forward(const Batch& batch, Scalar scale, const Dropout& dropout, ConstVectorRef params,
               Workspace& workspace) const;
  Scalar backward(const Batch& batch, Scalar scale, const Dropout& dropout, ConstVectorRef params, Workspace& workspace,
                  VectorRef grads, KernelProducts* later = nullptr) const;
  Scalar end_step(ConstVectorRef params, const Shards& shards, int threads, VectorRef grads) const;
  bool adds_to_put_off() const { return sizes_.l2 > 0; }

  // A variational model's step: the divergence of the whole batch decides how it pulls on every row.
  Scalar couple(const Shards& shards, Scalar annealed) const;
  Index num_terms() const;  // −log p(x|z), then the KL of every latent, in nats
  void add_terms(const Shards& shards, Eigen::Ref<Eigen::VectorXd> sums) const;

  // code (n, code()) of a gathered batch; outputs (n, layout.outputs()) of codes, categories at their likeliest level;
  // outputs → predictions in place.
  void encode(const Batch& batch, ConstVectorRef params, Workspace& workspace, MatrixRef code) const;
  void decode(ConstMatrixRef code, ConstVectorRef params, Workspace& workspace, MatrixRef outputs) const;
  void predict(Heads heads, MatrixRef outputs) const;

  // Σ_rows weight · reconstruction loss of decoded outputs, which become predictions.
  Scalar reconstruction_loss(const Batch& batch, Heads heads, ConstVectorRef params, MatrixRef outputs) const;

  // Of a variational model, by row: the mean of −log p(x|z) over the draws, KL, and log p(x) by importance sampling
  // from the same draws (Burda et al. 2016). evidence (n, 3), in nats. A row's draws are a function of its content.
  void evidence(const Batch& batch, Index draws, std::uint64_t seed, ConstVectorRef params, Workspace& workspace,
                MatrixRef evidence) const;
  Vector scales(ConstVectorRef params) const;  // σ of every dense column; empty without a Gaussian likelihood

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
  // What the decoder shares with the encoder, if anything, and its own.
  ConstVectorRef decoder_params(ConstVectorRef params) const {
    return params.segment(encoder_->num_params() - decoder_->num_shared(),
                          decoder_->num_shared() + decoder_->num_params());
  }
  ConstVectorRef likelihood_params(ConstVectorRef params) const;
  ConstVectorRef guide_params(ConstVectorRef params) const;

 private:
  struct Guide {
    const TableLayout& layout;
    Linear head;
    Reconstruction loss;
  };

  // rows/variational_step.cpp: from the encoder's statistics to z and its divergence, the loss of the decoder's
  // outputs, and from the gradient of z to that of the statistics.
  static void draw(const Posterior& posterior, const Batch& batch, Scalar scale, const Dropout& dropout,
                   AutoEncoderWorkspace& w);
  Scalar nats_and_gradient(const Likelihood& likelihood, const Batch& batch, Scalar scale, ConstVectorRef params,
                           AutoEncoderWorkspace& w, VectorRef grads) const;
  void draw_back(const Posterior& posterior, const Batch& batch, Scalar scale, AutoEncoderWorkspace& w) const;
  VectorRef decoder_part(VectorRef of) const;  // decoder_params of gradients, or of parameters to start

  const TableLayout& layout_;
  AutoEncoderSizes sizes_;
  std::optional<Posterior> posterior_;
  std::optional<Likelihood> likelihood_;  // of a variational or Bernoulli model
  std::unique_ptr<Encoder> encoder_;
  std::unique_ptr<Decoder> decoder_;
  Reconstruction reconstruction_;
  std::optional<Guide> guide_;
};

}  // namespace entivec
