#include "entivec/sequences/sequence_model.h"

#include <algorithm>
#include <functional>

#include "entivec/core/check.h"
#include "scratch.h"

namespace entivec {

SequenceModel::SequenceModel(const SequenceNet& net, const SequenceView& view, const GuideView& guide,
                             Scalar events_per_example)
    : net_(net), view_(view), guide_(guide), events_per_example_(events_per_example), pool_(net.sizes()) {
  check(events_per_example > 0, "SequenceModel", "events_per_example > 0", events_per_example);
  const SequenceGuide& targets = net.guide();
  check(targets.targets() == 0 || guide.numbers || guide.classes, "SequenceModel", "targets of the guide", "none");
}

// Rows of one piece of so many sequences, at most.
Index SequenceModel::rows_of_longest(Index sequences) const {
  std::vector<Index> lengths;
  lengths.reserve(static_cast<std::size_t>(view_.entities));
  for (Index e = 0; e < view_.entities; ++e) lengths.push_back(std::min(view_.length(e), net_.sizes().max_length));
  std::sort(lengths.begin(), lengths.end(), std::greater<>());
  Index rows = 0;
  for (std::size_t s = 0; s < lengths.size() && static_cast<Index>(s) < sequences; ++s) rows += lengths[s];
  return rows;
}

std::unique_ptr<Workspace> SequenceModel::workspace(Index capacity) const {
  const Index slices = coupled() ? net_.sizes().slices : 1;
  auto own = std::make_unique<Scratch>(net_, capacity * slices, rows_of_longest(capacity) * slices);
  own->parts.resize(static_cast<std::size_t>(net_.parts()));
  return own;
}

// Next reads all events of an entity; the others random slices of them, at most max_length long: reconstruct one, as
// long as may be, contrastive several.
std::vector<Sequence> SequenceModel::slices(const Step& step) const {
  const SequenceSizes& sizes = net_.sizes();
  const Random random(step.seed, Stream::kSlice);
  std::vector<Sequence> made;
  for (Index i = 0; i < step.count; ++i) {
    const Index entity = step.examples[i], begin = view_.offsets[entity], length = view_.length(entity);
    check(length > 0, "SequenceModel", "entities with events", entity);
    const std::uint64_t position = step.position + static_cast<std::uint64_t>(i);
    if (sizes.objective == Objective::kNext) {
      made.push_back({entity, begin, length, position, i});
      continue;
    }
    const Index longest = std::min(length, sizes.max_length), shortest = coupled() ? (longest + 3) / 4 : longest;
    const Index count = coupled() ? sizes.slices : 1;
    for (Index k = 0; k < count; ++k) {
      const std::uint64_t own = position * static_cast<std::uint64_t>(count) + static_cast<std::uint64_t>(k);
      const Index size = shortest + random.below(2 * own, longest - shortest + 1);
      made.push_back({entity, begin + random.below(2 * own + 1, length - size + 1), size, own, i});
    }
  }
  return made;
}

void SequenceModel::load(const Step& step, Workspace& workspace) const {
  auto& own = static_cast<Scratch&>(workspace);
  own.pass.assign(slices(step));
  own.entity.clear();
  for (const Sequence& sequence : own.pass.sequences()) own.entity.push_back(sequence.entity);
  std::fill(own.parts.begin(), own.parts.end(), LossPart{});
  own.drawn = step.position << 16;
  own.clipped = false;
}

void SequenceModel::forward(const Step& step, ConstVectorRef params, Workspace& workspace) const {
  auto& own = static_cast<Scratch&>(workspace);
  auto pooled = own.pooled.topRows(own.pass.count());
  pooled.setZero();
  own.d_pooled.setZero();
  own.pass.begin(params);
  for (Index piece = 0; piece < own.pass.pieces(); ++piece) {
    own.pass.forward(piece, view_, params, step.dropout, step.seed);
    pool_.add(own.pass, pooled);
  }
  if (net_.sizes().objective == Objective::kReconstruct) decode(step, params, own);
}

Scalar SequenceModel::couple(const Shards& shards, Scalar) const {
  if (!coupled()) return 0;
  Index n = 0;
  std::vector<Index> entity;
  for (Workspace* shard : shards) {
    const auto& own = static_cast<Scratch&>(*shard);
    entity.insert(entity.end(), own.entity.begin(), own.entity.end());
    n += own.pass.count();
  }
  Matrix e(n, net_.state()), de(n, net_.state());
  Index at = 0;
  for (Workspace* shard : shards) {
    const auto& own = static_cast<Scratch&>(*shard);
    e.middleRows(at, own.pass.count()) = own.pooled.topRows(own.pass.count());
    at += own.pass.count();
  }
  const Scalar loss = contrastive_loss(net_.sizes().contrastive, e, entity, 1 / static_cast<Scalar>(n), de);
  at = 0;
  for (Workspace* shard : shards) {
    auto& own = static_cast<Scratch&>(*shard);
    own.d_pooled.topRows(own.pass.count()) = de.middleRows(at, own.pass.count());
    at += own.pass.count();
  }
  LossPart& part = static_cast<Scratch&>(*shards[0]).parts[static_cast<std::size_t>(net_.layout().parts())];
  part = {static_cast<double>(loss), 1};
  return loss;
}

Scalar SequenceModel::backward(const Step& step, ConstVectorRef params, Workspace& workspace,
                               Gradient& gradient) const {
  auto& own = static_cast<Scratch&>(workspace);
  const Scalar loss = losses(step, params, own, &gradient);
  clip(step, own, gradient);
  return loss;
}

// A shard's gradient is no longer than its share of the step's.
void SequenceModel::clip(const Step& step, Scratch& own, Gradient& gradient) const {
  if (net_.sizes().clip <= 0) return;
  const Scalar limit = net_.sizes().clip * step.scale * static_cast<Scalar>(step.count), norm = gradient.norm();
  own.clipped = norm > limit;
  if (own.clipped) gradient.scale(limit / norm);
}

void SequenceModel::add_terms(const Shards& shards, Eigen::Ref<Eigen::VectorXd> sums) const {
  for (Index part = 0; part < net_.parts(); ++part) {
    LossPart all;
    for (Workspace* shard : shards) {
      const LossPart& own = static_cast<Scratch&>(*shard).parts[static_cast<std::size_t>(part)];
      all = {all.sum + own.sum, all.count + own.count};
    }
    if (all.count > 0) sums[part] += all.sum / all.count;
  }
  for (Workspace* shard : shards)
    sums[net_.parts()] += static_cast<Scratch&>(*shard).clipped ? 1.0 / static_cast<double>(shards.size()) : 0;
}

}  // namespace entivec
