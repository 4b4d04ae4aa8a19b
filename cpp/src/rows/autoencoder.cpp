#include "entivec/rows/autoencoder.h"

#include "entivec/core/check.h"
#include "entivec/rows/conv_decoder.h"
#include "entivec/rows/conv_encoder.h"
#include "entivec/rows/dense_decoder.h"
#include "entivec/rows/dense_encoder.h"
#include "entivec/rows/tied_decoder.h"
#include "workspace.h"

namespace entivec {

namespace {

std::vector<Encoder::Cache*> encoders_of(const Shards& shards) {
  std::vector<Encoder::Cache*> caches;
  for (Workspace* shard : shards) caches.push_back(own(*shard).encoder.get());
  return caches;
}

std::optional<Posterior> make_posterior(const AutoEncoderSizes& s) {
  if (!s.variational.on) return std::nullopt;
  return Posterior(s.code, s.variational.categories, s.variational.temperature);
}

std::unique_ptr<Encoder> make_encoder(const TableLayout& layout, const AutoEncoderSizes& s, Index width) {
  if (!s.channels.empty())
    return std::make_unique<ConvEncoder>(layout, s.channels, width, s.activation, s.linear_path, s.grid);
  return std::make_unique<DenseEncoder>(layout, s.hidden, width, s.activation, s.code_activation, s.linear_path,
                                        s.contraction);
}

std::unique_ptr<Decoder> make_decoder(const TableLayout& layout, const AutoEncoderSizes& s, Index width) {
  if (s.tied_weights) {
    check(s.hidden.empty() && s.code_activation && !s.linear_path && s.channels.empty() && !s.variational.on,
          "tied_weights", "one activated layer and no linear path", "other sizes");
    return std::make_unique<TiedDecoder>(layout, width);
  }
  if (!s.channels.empty())
    return std::make_unique<ConvDecoder>(layout, s.channels, width, s.activation, s.linear_path, s.grid);
  return std::make_unique<DenseDecoder>(layout, s.hidden, width, s.activation, s.linear_path);
}

}  // namespace

AutoEncoder::AutoEncoder(const TableLayout& layout, const AutoEncoderSizes& sizes, const TableLayout* guide)
    : layout_(layout),
      sizes_(sizes),
      posterior_(make_posterior(sizes)),
      encoder_(make_encoder(layout, sizes, posterior_ ? posterior_->statistics() : sizes.code)),
      decoder_(make_decoder(layout, sizes, code())),
      reconstruction_(layout) {
  if (posterior_ || sizes.bernoulli) likelihood_.emplace(layout, sizes.bernoulli);
  if (guide) guide_.emplace(Guide{*guide, Linear(code(), guide->outputs()), Reconstruction(*guide)});
}

Index AutoEncoder::num_params() const {
  return encoder_->num_params() + decoder_->num_params() + (likelihood_ ? likelihood_->num_params() : 0) +
         (guide_ ? guide_->head.num_params() : 0);
}

ConstVectorRef AutoEncoder::likelihood_params(ConstVectorRef params) const {
  return params.segment(encoder_->num_params() + decoder_->num_params(), likelihood_ ? likelihood_->num_params() : 0);
}

VectorRef AutoEncoder::decoder_part(VectorRef of) const {
  return of.segment(encoder_->num_params() - decoder_->num_shared(), decoder_->num_shared() + decoder_->num_params());
}

ConstVectorRef AutoEncoder::guide_params(ConstVectorRef params) const {
  return params.tail(guide_ ? guide_->head.num_params() : 0);
}

std::unique_ptr<Workspace> AutoEncoder::workspace(Index capacity) const {
  return std::make_unique<AutoEncoderWorkspace>(*this, capacity);
}

void AutoEncoder::begin_step(ConstVectorRef params, const Shards& shards, int threads) const {
  if (encoder_->penalised()) encoder_->begin_penalty(encoder_params(params), encoders_of(shards), threads);
}

void AutoEncoder::forward(const Batch& batch, Scalar scale, const Dropout& dropout, ConstVectorRef params,
                          Workspace& workspace) const {
  auto& w = own(workspace);
  Matrix& encoded = posterior_ ? w.statistics : w.z;
  encoder_->forward(batch, encoder_params(params), dropout, *w.encoder, encoded.topRows(batch.size));
  if (posterior_) draw(*posterior_, batch, scale, dropout, w);
}

Scalar AutoEncoder::backward(const Batch& batch, Scalar scale, const Dropout& dropout, ConstVectorRef params,
                             Workspace& workspace, VectorRef grads, KernelProducts* later) const {
  auto& w = own(workspace);
  auto z = w.z.topRows(batch.size), dz = w.dz.topRows(batch.size), outputs = w.outputs.topRows(batch.size);
  auto encoder_grads = grads.head(encoder_->num_params());
  w.decoder->later = later;
  // A contractive penalty and a decoder with tied weights add to the same kernels, shard by shard.
  w.encoder->later = encoder_->penalised() || decoder_->num_shared() > 0 ? nullptr : later;

  decoder_->forward(z, decoder_params(params), dropout, encoder_->num_activated() + 1, *w.decoder, outputs);
  Scalar loss = likelihood_ ? nats_and_gradient(*likelihood_, batch, scale, params, w, grads)
                            : reconstruction_.value_and_gradient(batch, scale, outputs);
  decoder_->backward(z, outputs, decoder_params(params), *w.decoder, dz, decoder_part(grads));

  if (guide_ && batch.guide) {
    auto guesses = w.guide_outputs.topRows(batch.size), guide_dz = w.guide_dz.topRows(batch.size);
    guide_->head.forward(z, guide_params(params), guesses);
    loss += guide_->loss.value_and_gradient(*batch.guide, scale, guesses);
    guide_->head.backward(z, guesses, guide_params(params), guide_dz, grads.tail(guide_->head.num_params()));
    dz += guide_dz;
  }
  if (posterior_) draw_back(*posterior_, batch, scale, w);
  const ConstMatrixRef d_encoded = posterior_ ? w.d_statistics.topRows(batch.size) : dz;
  auto bent = w.encoder->bent.topRows(batch.size);
  if (encoder_->has_bent()) {
    const Scalar by =
        encoder_->has_linear_path() ? scale * sizes_.nonlinear_penalty / static_cast<Scalar>(bent.cols()) : 0;
    // M_e(x) has served; its place takes its own gradient.
    for (Index i = 0; i < batch.size; ++i) {
      loss += by * batch.weight[i] * bent.row(i).squaredNorm();
      bent.row(i) = d_encoded.row(i) + 2 * by * batch.weight[i] * bent.row(i);
    }
  }
  if (encoder_->penalised()) {
    const Scalar by = scale * sizes_.contraction.weight / static_cast<Scalar>(layout_.sources());
    w.by.head(batch.size) = by * batch.weight.head(batch.size);
    loss += encoder_->penalty(batch, w.by, dropout, encoder_params(params), *w.encoder, encoder_grads);
  }
  encoder_->backward(batch, d_encoded, bent, encoder_params(params), *w.encoder, encoder_grads);
  return loss;
}

Scalar AutoEncoder::end_step(ConstVectorRef params, const Shards& shards, int threads, VectorRef grads) const {
  auto encoder_grads = grads.head(encoder_->num_params());
  end_penalty(params, shards, threads, grads);
  if (sizes_.l2 <= 0) return 0;
  return encoder_->l2(sizes_.l2, encoder_params(params), encoder_grads) +
         decoder_->l2(sizes_.l2, decoder_params(params), decoder_part(grads));
}

void AutoEncoder::end_penalty(ConstVectorRef params, const Shards& shards, int threads, VectorRef grads) const {
  if (encoder_->penalised())
    encoder_->end_penalty(encoder_params(params), encoders_of(shards), threads, grads.head(encoder_->num_params()));
}

Scalar AutoEncoder::contraction_and_gradient(const Batch& batch, Scalar scale, const Dropout& dropout,
                                             ConstVectorRef params, Workspace& workspace,
                                             VectorRef encoder_grads) const {
  auto& w = own(workspace);
  auto z = w.z.topRows(batch.size), dz = w.dz.topRows(batch.size);
  encoder_->forward(batch, encoder_params(params), dropout, *w.encoder, z);
  w.by.head(batch.size) = scale * batch.weight.head(batch.size);
  const Scalar value = encoder_->penalty(batch, w.by, dropout, encoder_params(params), *w.encoder, encoder_grads);
  dz.setZero();
  encoder_->backward(batch, dz, dz, encoder_params(params), *w.encoder, encoder_grads);
  return value;
}

void AutoEncoder::encode(const Batch& batch, ConstVectorRef params, Workspace& workspace, MatrixRef code) const {
  auto& w = own(workspace);
  if (!posterior_) return encoder_->forward(batch, encoder_params(params), Dropout{}, *w.encoder, code);
  auto statistics = w.statistics.topRows(batch.size), z = w.z.topRows(batch.size);
  encoder_->forward(batch, encoder_params(params), Dropout{}, *w.encoder, statistics);
  // Not in the caller's memory: exp has other last bits where that is aligned differently.
  posterior_->embed(statistics, z);
  code = z;
}

void AutoEncoder::decode(ConstMatrixRef code, ConstVectorRef params, Workspace& workspace, MatrixRef outputs) const {
  auto& w = own(workspace);
  if (!posterior_) return decoder_->forward(code, decoder_params(params), Dropout{}, 0, *w.decoder, outputs);
  auto z = w.z.topRows(code.rows());
  z = code;
  posterior_->decide(z);
  decoder_->forward(z, decoder_params(params), Dropout{}, 0, *w.decoder, outputs);
}

void AutoEncoder::predict(Heads heads, MatrixRef outputs) const {
  reconstruction_.predict(heads, outputs);
  if (likelihood_ && heads == Heads::kTyped) likelihood_->predict(outputs);
}

Scalar AutoEncoder::reconstruction_loss(const Batch& batch, Heads heads, ConstVectorRef params,
                                        MatrixRef outputs) const {
  if (!likelihood_ || heads == Heads::kLinear) return reconstruction_.value(batch, heads, outputs);
  const Vector by = batch.weight.head(batch.size) / static_cast<Scalar>(layout_.sources());
  Matrix gradient = outputs;
  Vector losses(batch.size), ignored(likelihood_->num_params());
  likelihood_->value_and_gradient(batch, by, likelihood_params(params), gradient, losses, ignored);
  predict(heads, outputs);
  return losses.sum();
}

Vector AutoEncoder::scales(ConstVectorRef params) const {
  Vector sigma(likelihood_ ? likelihood_->num_params() : 0);
  if (likelihood_) likelihood_->scales(likelihood_params(params), sigma);
  return sigma;
}

Scalar AutoEncoder::guide_loss(const Batch& guide, ConstMatrixRef z, ConstVectorRef params,
                               Workspace& workspace) const {
  if (!guide_) return 0;
  auto guesses = own(workspace).guide_outputs.topRows(guide.size);
  guide_->head.forward(z, guide_params(params), guesses);
  return guide_->loss.value(guide, Heads::kTyped, guesses);
}

void AutoEncoder::guess(ConstMatrixRef z, ConstVectorRef params, MatrixRef predictions) const {
  if (!guide_) fail("guess", "a model with guides", "none");
  guide_->head.forward(z, guide_params(params), predictions);
  guide_->loss.predict(Heads::kTyped, predictions);
}

void AutoEncoder::jacobian(const Batch& batch, ConstVectorRef params, Workspace& workspace, MatrixRef j) const {
  auto& w = own(workspace);
  encode(batch, params, workspace, w.z.topRows(batch.size));
  if (!posterior_) return encoder_->jacobian(batch, encoder_params(params), *w.encoder, j);
  Matrix of_statistics(batch.size * posterior_->statistics(), layout_.inputs());
  encoder_->jacobian(batch, encoder_params(params), *w.encoder, of_statistics);
  posterior_->jacobian(w.statistics.topRows(batch.size), of_statistics, j);
}

void AutoEncoder::jacobian_norms(const Batch& batch, ConstVectorRef params, Index probes, std::uint64_t seed,
                                 std::uint64_t position, Workspace& workspace, VectorRef norms) const {
  if (posterior_) {
    Matrix j(batch.size * code(), layout_.inputs());
    jacobian(batch, params, workspace, j);
    return norms_of(j, code(), probes, seed, position, norms);
  }
  encode(batch, params, workspace, own(workspace).z.topRows(batch.size));
  encoder_->jacobian_norms(batch, encoder_params(params), probes, seed, position, *own(workspace).encoder, norms);
}

void AutoEncoder::count_saturated(const Batch& batch, Scalar share, ConstVectorRef params, Workspace& workspace,
                                  VectorRef counts) const {
  encode(batch, params, workspace, own(workspace).z.topRows(batch.size));
  encoder_->count_saturated(batch.size, share, *own(workspace).encoder, counts);
}

void AutoEncoder::initialise(std::uint64_t seed, VectorRef params) const {
  const Random random(seed, Stream::kInitial);
  std::uint64_t index = 0;
  encoder_->initialise(random, index, params.head(encoder_->num_params()));
  decoder_->initialise(random, index, decoder_part(params));
  params.tail(params.size() - encoder_->num_params() - decoder_->num_params()).setZero();
}

}  // namespace entivec
