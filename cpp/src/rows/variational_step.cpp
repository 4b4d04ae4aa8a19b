// What a variational autoencoder adds to a training step, and its evidence.
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>

#include "entivec/core/check.h"
#include "entivec/rows/autoencoder.h"
#include "workspace.h"

namespace entivec {

namespace {

Scalar sign(Scalar x) { return x > 0 ? Scalar(1) : x < 0 ? Scalar(-1) : Scalar(0); }

// Numbers a row by its content (FNV-1a), so that its draws depend neither on its place nor on the rows beside it.
std::uint64_t number_of(const Batch& batch, Index i) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  const auto add = [&hash](std::uint32_t word) {
    for (int byte = 0; byte < 4; ++byte) hash = (hash ^ ((word >> (8 * byte)) & 0xffu)) * 0x100000001b3u;
  };
  for (Index j = 0; j < batch.dense_target.cols(); ++j) {
    const auto cell = static_cast<float>(batch.dense_target(i, j));
    add(std::isnan(cell) ? 0x7fc00000u : std::bit_cast<std::uint32_t>(cell));
  }
  for (Index j = 0; j < batch.codes_target.cols(); ++j) add(static_cast<std::uint32_t>(batch.codes_target(i, j)));
  const BagRow bag = bag_row(*batch.table, batch.bag_target[static_cast<std::size_t>(i)]);
  for (Index e = 0; e < bag.size; ++e) {
    add(static_cast<std::uint32_t>(bag.items[e]));
    add(std::bit_cast<std::uint32_t>(static_cast<float>(bag.counts[e])));
  }
  return hash;
}

}  // namespace

void AutoEncoder::draw(const Posterior& posterior, const Batch& batch, Scalar scale, const Dropout& dropout,
                       AutoEncoderWorkspace& w) {
  auto statistics = w.statistics.topRows(batch.size), divergence = w.divergence.topRows(batch.size);
  posterior.bound(statistics);
  posterior.draw(statistics, Random(dropout.seed, Stream::kLatent), dropout.position, false, w.z.topRows(batch.size));
  posterior.divergence(statistics, divergence);
  w.mean_divergence.setZero();
  for (Index i = 0; i < batch.size; ++i)
    w.mean_divergence += (scale * batch.weight[i] * divergence.row(i)).cast<double>().transpose();
}

Scalar AutoEncoder::couple(const Shards& shards, Scalar annealed) const {
  if (!posterior_) return 0;
  const Variational& v = sizes_.variational;
  double gaussian = 0, categorical = 0;
  for (Workspace* shard : shards) {
    const auto& mean = own(*shard).mean_divergence;
    gaussian += mean.head(posterior_->continuous()).sum();
    categorical += mean.tail(mean.size() - posterior_->continuous()).sum();
  }
  const auto kl = static_cast<Scalar>(gaussian), kl_categorical = static_cast<Scalar>(categorical);
  Scalar loss = 0, pull = v.weight, categorical_pull = v.weight;
  if (v.capacity < 0) {
    pull = categorical_pull = v.weight * annealed;
    loss = pull * (kl + kl_categorical);
  } else {
    const Scalar over = kl - v.capacity_at(annealed);
    const Scalar over_categorical = kl_categorical - v.categorical_capacity_at(annealed);
    loss = v.weight * (std::abs(over) + std::abs(over_categorical));
    pull *= sign(over);
    categorical_pull *= sign(over_categorical);
  }
  for (Workspace* shard : shards) {
    own(*shard).pull = pull;
    own(*shard).categorical_pull = categorical_pull;
  }
  return loss / static_cast<Scalar>(layout_.sources());
}

Scalar AutoEncoder::nats_and_gradient(const Likelihood& likelihood, const Batch& batch, Scalar scale,
                                      ConstVectorRef params, AutoEncoderWorkspace& w, VectorRef grads) const {
  const Scalar by = scale / static_cast<Scalar>(layout_.sources());
  w.by.head(batch.size) = by * batch.weight.head(batch.size);
  likelihood.value_and_gradient(
      batch, w.by.head(batch.size), likelihood_params(params), w.outputs.topRows(batch.size), w.losses.head(batch.size),
      grads.segment(encoder_->num_params() + decoder_->num_params(), likelihood.num_params()));
  const Scalar loss = w.losses.head(batch.size).sum();
  w.mean_nats = static_cast<double>(loss) * static_cast<double>(layout_.sources());
  return loss;
}

void AutoEncoder::draw_back(const Posterior& posterior, const Batch& batch, Scalar scale,
                            AutoEncoderWorkspace& w) const {
  const Scalar by = scale / static_cast<Scalar>(layout_.sources());
  w.by.head(batch.size) = by * w.pull * batch.weight.head(batch.size);
  w.by_categorical.head(batch.size) = by * w.categorical_pull * batch.weight.head(batch.size);
  posterior.backward(w.statistics.topRows(batch.size), w.z.topRows(batch.size), w.dz.topRows(batch.size),
                     w.by.head(batch.size), w.by_categorical.head(batch.size), w.d_statistics.topRows(batch.size));
}

Index AutoEncoder::num_terms() const { return posterior_ ? 1 + posterior_->latents() : 0; }

void AutoEncoder::add_terms(const Shards& shards, Eigen::Ref<Eigen::VectorXd> sums) const {
  if (!posterior_) return;
  for (Workspace* shard : shards) {
    sums[0] += own(*shard).mean_nats;
    sums.tail(posterior_->latents()) += own(*shard).mean_divergence;
  }
}

void AutoEncoder::evidence(const Batch& batch, Index draws, std::uint64_t seed, ConstVectorRef params,
                           Workspace& workspace, MatrixRef evidence) const {
  if (!posterior_ || !likelihood_) fail("evidence", "a variational model", "none");
  auto& w = own(workspace);
  const Index n = batch.size;
  auto statistics = w.statistics.topRows(n), z = w.z.topRows(n), outputs = w.outputs.topRows(n);
  auto divergence = w.divergence.topRows(n);
  Vector ratio(n), ignored(likelihood_->num_params());
  Eigen::ArrayXd top = Eigen::ArrayXd::Constant(n, -std::numeric_limits<double>::infinity()), sum(n), nats(n);
  sum.setZero();
  nats.setZero();
  w.by.head(n).setOnes();
  std::vector<std::uint64_t> numbers;
  numbers.reserve(static_cast<std::size_t>(n));
  for (Index i = 0; i < n; ++i) numbers.push_back(number_of(batch, i));
  encoder_->forward(batch, encoder_params(params), Dropout{}, *w.encoder, statistics);
  posterior_->bound(statistics);
  posterior_->divergence(statistics, divergence);
  for (Index s = 0; s < draws; ++s) {
    const Random random(seed, Stream::kEvidence, static_cast<std::uint32_t>(s));
    for (Index i = 0; i < n; ++i)
      posterior_->draw(statistics.middleRows(i, 1), random, numbers[static_cast<std::size_t>(i)], true,
                       z.middleRows(i, 1));
    decoder_->forward(z, decoder_params(params), Dropout{}, 0, *w.decoder, outputs);
    likelihood_->value_and_gradient(batch, w.by.head(n), likelihood_params(params), outputs, w.losses.head(n), ignored);
    posterior_->log_ratio(statistics, z, ratio);
    nats += w.losses.head(n).array().cast<double>();
    for (Index i = 0; i < n; ++i) {  // log Σ exp, as the draws come
      const double log_weight = static_cast<double>(ratio[i]) - static_cast<double>(w.losses[i]);
      const double higher = std::max(top[i], log_weight);
      sum[i] = sum[i] * std::exp(top[i] - higher) + std::exp(log_weight - higher);
      top[i] = higher;
    }
  }
  const auto count = static_cast<double>(draws);
  evidence.col(0) = (nats / count).cast<Scalar>();
  for (Index i = 0; i < n; ++i) {
    const Scalar* row = divergence.row(i).data();
    evidence(i, 1) = std::accumulate(row, row + divergence.cols(), Scalar(0));
  }
  evidence.col(2) = (top + (sum / count).log()).cast<Scalar>();
}

}  // namespace entivec
