// The losses of a shard of sequences, and their gradients where asked for.
#include <limits>

#include "entivec/core/parallel.h"
#include "scratch.h"

namespace entivec {

namespace {

constexpr Index kScoredTogether = 64;  // examples that are scored at a time; fixed, as sums depend on it

}  // namespace

Scalar SequenceModel::losses(const Step& step, ConstVectorRef params, Scratch& own, Gradient* gradient) const {
  Scalar loss = guide_loss(step, params, own, gradient);
  if (net_.sizes().objective == Objective::kReconstruct) loss += decoder_loss(step, params, own, gradient);
  for (Index piece = own.pass.pieces() - 1; piece >= 0; --piece) loss += piece_loss(step, piece, params, own, gradient);
  return loss;
}

// Of embeddings; the slices of an entity count as one.
Scalar SequenceModel::guide_loss(const Step& step, ConstVectorRef params, Scratch& own, Gradient* gradient) const {
  if (net_.guide().targets() == 0) return 0;
  const GuideHead& head = net_.guide_head();
  const Index n = own.pass.count();
  const Scalar scale = step.scale * static_cast<Scalar>(step.count) / static_cast<Scalar>(n);
  Matrix de(n, net_.state());
  Vector none;
  VectorRef grads = gradient ? gradient->dense(net_.guide_at(), head.num_params()) : VectorRef(none);
  const Scalar loss =
      head.loss(guide_, own.pooled.topRows(n), own.entity, params.segment(net_.guide_at(), head.num_params()), scale,
                own.parts.data() + net_.layout().parts() + 1, de, gradient ? &grads : nullptr);
  if (gradient) own.d_pooled.topRows(n) += de;
  return loss;
}

Scalar SequenceModel::piece_loss(const Step& step, Index piece, ConstVectorRef params, Scratch& own,
                                 Gradient* gradient) const {
  SequencePass& pass = own.pass;
  const bool next = net_.sizes().objective == Objective::kNext;
  if (!gradient && !next) return 0;
  if (piece + 1 < pass.pieces()) pass.forward(piece, view_, params, step.dropout, step.seed);
  auto d_states = own.d_states.topRows(pass.packing().rows());
  pool_.backward(pass, own.d_pooled, d_states);
  Scalar loss = 0;
  if (next) {
    const Packing& packing = pass.packing();
    own.said.assign(static_cast<std::size_t>(packing.rows()), -1);
    for (Index t = 0; t < packing.steps(); ++t)
      for (Index s = 0; s < packing.active(t); ++s)
        if (!pass.ends(t, s)) own.said[static_cast<std::size_t>(packing.row(t, s))] = pass.event(t, s) + 1;
    loss = heads_loss(step, pass.states(), params, own, d_states, gradient);
  }
  const bool reconstructs = net_.sizes().objective == Objective::kReconstruct;
  if (gradient) pass.backward(view_, params, d_states, *gradient, reconstructs ? &own.d_inputs : nullptr);
  return loss;
}

Scalar SequenceModel::heads_loss(const Step& step, ConstMatrixRef states, ConstVectorRef params, Scratch& own,
                                 MatrixRef d_states, Gradient* gradient) const {
  const Random random(step.seed, Stream::kNegatives);
  const Scalar scale = step.scale / events_per_example_;
  Scalar loss = 0;
  for (Index row = 0; row < states.rows();) {
    own.rows.clear();
    own.heads.events.clear();
    for (; row < states.rows() && static_cast<Index>(own.rows.size()) < net_.heads().block(); ++row) {
      const Index event = own.said[static_cast<std::size_t>(row)];
      if (event < 0) continue;
      own.heads.states.row(static_cast<Index>(own.rows.size())) = states.row(row);
      own.rows.push_back(row);
      own.heads.events.push_back(event);
    }
    const auto n = static_cast<Index>(own.rows.size());
    if (n == 0) break;
    loss += net_.heads().loss(view_, own.heads.states.topRows(n), own.heads.events, params, scale, random, own.drawn++,
                              own.heads, own.parts.data(), own.heads.d_states.topRows(n), gradient);
    if (!gradient) continue;
    for (Index i = 0; i < n; ++i) d_states.row(own.rows[static_cast<std::size_t>(i)]) += own.heads.d_states.row(i);
  }
  return loss;
}

// The decoder begins with what it makes of the embedding, reads the event before (nothing at first), and says the
// event.
void SequenceModel::decode(const Step&, ConstVectorRef params, Scratch& own) const {
  const Packing& packing = own.pass.packing();
  const Index rows = packing.rows(), n = own.pass.count();
  auto x = own.decoded_from.topRows(rows);
  own.pass.look_up(view_, params, x);
  for (Index t = packing.steps() - 1; t > 0; --t)
    x.middleRows(packing.first(t), packing.active(t)) = x.middleRows(packing.first(t - 1), packing.active(t));
  x.topRows(n).setZero();
  auto begun = own.begun.topRows(n);
  net_.decoder_start().forward(own.pooled.topRows(n),
                               params.segment(net_.decoder_start_at(), net_.decoder_start().num_params()), begun);
  net_.decoder().forward(packing, x, params.segment(net_.decoder_at(), net_.decoder().num_params()), {}, own.decoder,
                         begun, own.decoded.topRows(rows));
}

Scalar SequenceModel::decoder_loss(const Step& step, ConstVectorRef params, Scratch& own, Gradient* gradient) const {
  const Packing& packing = own.pass.packing();
  const Index rows = packing.rows(), n = own.pass.count();
  own.said.resize(static_cast<std::size_t>(rows));
  for (Index t = 0; t < packing.steps(); ++t)
    for (Index s = 0; s < packing.active(t); ++s)
      own.said[static_cast<std::size_t>(packing.row(t, s))] = own.pass.event(t, s);
  auto d_decoded = own.d_decoded.topRows(rows);
  d_decoded.setZero();
  const Scalar loss = heads_loss(step, own.decoded.topRows(rows), params, own, d_decoded, gradient);
  if (!gradient) return loss;
  const Linear& start = net_.decoder_start();
  auto dx = own.d_decoded_from.topRows(rows);
  auto d_begun = own.d_begun.topRows(n);
  d_begun.setZero();
  net_.decoder().backward(packing, own.decoded_from.topRows(rows), d_decoded,
                          params.segment(net_.decoder_at(), net_.decoder().num_params()), {}, own.decoder,
                          own.begun.topRows(n), d_begun, dx,
                          gradient->dense(net_.decoder_at(), net_.decoder().num_params()));
  start.backward(own.pooled.topRows(n), d_begun, params.segment(net_.decoder_start_at(), start.num_params()),
                 own.d_code.topRows(n), gradient->dense(net_.decoder_start_at(), start.num_params()));
  own.d_pooled.topRows(n) += own.d_code.topRows(n);
  own.d_inputs.topRows(rows).setZero();
  for (Index t = 1; t < packing.steps(); ++t)
    own.d_inputs.middleRows(packing.first(t - 1), packing.active(t)) =
        dx.middleRows(packing.first(t), packing.active(t));
  return loss;
}

SequenceModel::Score SequenceModel::score(ConstVectorRef params, const std::vector<Index>& examples, std::uint64_t seed,
                                          int threads) const {
  const auto count = static_cast<Index>(examples.size()), shards = (count + kScoredTogether - 1) / kScoredTogether;
  std::vector<Score> scores(static_cast<std::size_t>(shards));
  std::vector<std::vector<LossPart>> parts(scores.size());
  std::vector<std::unique_ptr<Workspace>> scratch(static_cast<std::size_t>(std::max(threads, 1)));
  parallel_pieces(count, kScoredTogether, threads, [&](Index shard, Index first, Index size) {
    auto& workspace = scratch[static_cast<std::size_t>(thread_index())];
    if (!workspace) workspace = this->workspace(kScoredTogether);
    const Scalar share = static_cast<Scalar>(size) / static_cast<Scalar>(count);
    const Step step{examples.data() + first,        size, &examples, seed, static_cast<std::uint64_t>(first),
                    1 / static_cast<Scalar>(count), 0,    0};
    load(step, *workspace);
    forward(step, params, *workspace);
    double loss = static_cast<double>(share * couple({workspace.get()}, 1));
    loss += static_cast<double>(losses(step, params, static_cast<Scratch&>(*workspace), nullptr));
    scores[static_cast<std::size_t>(shard)].loss = loss;
    parts[static_cast<std::size_t>(shard)] = static_cast<Scratch&>(*workspace).parts;
  });
  Score score;
  for (const Score& own : scores) score.loss += own.loss;  // in their order: the same bits for any thread count
  for (std::size_t p = 0; p < static_cast<std::size_t>(net_.parts()); ++p) {
    LossPart all;
    for (const auto& own : parts) all = {all.sum + own[p].sum, all.count + own[p].count};
    score.parts.push_back(all.count > 0 ? all.sum / all.count : std::numeric_limits<double>::quiet_NaN());
  }
  return score;
}

}  // namespace entivec
