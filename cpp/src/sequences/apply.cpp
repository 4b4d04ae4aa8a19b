#include "entivec/sequences/apply.h"

#include <algorithm>
#include <functional>
#include <memory>

#include "entivec/core/parallel.h"
#include "entivec/loss/softmax.h"

namespace entivec {

namespace {

constexpr Index kReadTogether = 64;     // sequences that go through at a time; of about the same length
constexpr Index kStatesTogether = 256;  // states whose next events are scored at a time

// Entities with events, the longest first.
std::vector<Sequence> by_length(const SequenceView& view) {
  std::vector<Sequence> sequences;
  for (Index e = 0; e < view.entities; ++e)
    if (view.length(e) > 0) sequences.push_back({e, static_cast<Index>(view.offsets[e]), view.length(e), 0, e});
  std::stable_sort(sequences.begin(), sequences.end(),
                   [](const Sequence& a, const Sequence& b) { return a.length > b.length; });
  return sequences;
}

// Calls seen(pass) after every piece of every group.
template <class Begin, class Seen>
void read_groups(const FittedSequences& fitted, const SequenceView& view, const Begin& begin, const Seen& seen) {
  const std::vector<Sequence> sequences = by_length(view);
  const auto count = static_cast<Index>(sequences.size());
  if (count == 0) return;
  const Index rows = kReadTogether * std::min(sequences[0].length, fitted.net.sizes().max_length);
  std::vector<std::unique_ptr<SequencePass>> passes(static_cast<std::size_t>(std::max(fitted.threads, 1)));
  parallel_pieces(count, kReadTogether, fitted.threads, [&](Index, Index first, Index size) {
    auto& pass = passes[static_cast<std::size_t>(thread_index())];
    if (!pass) pass = std::make_unique<SequencePass>(fitted.net, kReadTogether, rows);
    pass->assign({sequences.begin() + first, sequences.begin() + first + size});
    pass->begin(fitted.params);
    begin(*pass);
    for (Index piece = 0; piece < pass->pieces(); ++piece) {
      pass->forward(piece, view, fitted.params, 0, 0);
      seen(*pass);
    }
  });
}

template <class Body>
void by_pieces(const FittedSequences& fitted, Index rows, const Body& body) {
  parallel_pieces(rows, kStatesTogether, fitted.threads, [&](Index, Index first, Index size) { body(first, size); });
}

}  // namespace

void embed_sequences(const FittedSequences& fitted, const SequenceView& view, MatrixRef e, MatrixRef last) {
  const Pool pool(fitted.net.sizes());
  Matrix carry(1, fitted.net.stack().carried()), outset(1, fitted.net.state());
  fitted.net.stack().start(fitted.params, carry);
  fitted.net.stack().outset(carry, fitted.params, outset);
  for (Index entity = 0; entity < view.entities; ++entity)
    if (view.length(entity) == 0) e.row(entity) = last.row(entity) = outset.row(0);

  const auto slot = [](const SequencePass& pass, Index s) {
    return pass.sequences()[static_cast<std::size_t>(s)].slot;
  };
  std::vector<Matrix> pooled(static_cast<std::size_t>(std::max(fitted.threads, 1)),
                             Matrix(kReadTogether, fitted.net.state()));
  read_groups(
      fitted, view,
      [&](const SequencePass& pass) {
        pooled[static_cast<std::size_t>(thread_index())].topRows(pass.count()).setZero();
      },
      [&](const SequencePass& pass) {
        Matrix& own = pooled[static_cast<std::size_t>(thread_index())];
        pool.add(pass, own.topRows(pass.count()));
        const Packing& packing = pass.packing();
        for (Index t = 0; t < packing.steps(); ++t)
          for (Index s = 0; s < packing.active(t); ++s) {
            if (!pass.ends(t, s)) continue;
            e.row(slot(pass, s)) = own.row(s);
            last.row(slot(pass, s)) = pass.states().row(packing.row(t, s));
          }
      });
}

void trace_sequences(const FittedSequences& fitted, const SequenceView& view, MatrixRef states) {
  read_groups(
      fitted, view, [](const SequencePass&) {},
      [&](const SequencePass& pass) {
        const Packing& packing = pass.packing();
        for (Index t = 0; t < packing.steps(); ++t)
          for (Index s = 0; s < packing.active(t); ++s)
            states.row(pass.event(t, s)) = pass.states().row(packing.row(t, s));
      });
}

void next_numbers(const FittedSequences& fitted, ConstMatrixRef states, MatrixRef numbers) {
  by_pieces(fitted, states.rows(), [&](Index first, Index size) {
    fitted.net.heads().numbers(states.middleRows(first, size), fitted.params, numbers.middleRows(first, size));
  });
}

void next_probabilities(const FittedSequences& fitted, Index category, ConstMatrixRef states, MatrixRef probabilities) {
  by_pieces(fitted, states.rows(), [&](Index first, Index size) {
    auto own = probabilities.middleRows(first, size);
    fitted.net.heads().logits(category, states.middleRows(first, size), fitted.params, own);
    for (Index i = 0; i < size; ++i) softmax(1, own.row(i).data(), own.cols());
  });
}

void guess_entities(const FittedSequences& fitted, ConstMatrixRef e, MatrixRef outputs) {
  const GuideHead& head = fitted.net.guide_head();
  const auto params = fitted.params.segment(fitted.net.guide_at(), head.num_params());
  by_pieces(fitted, e.rows(), [&](Index first, Index size) {
    head.predict(e.middleRows(first, size), params, outputs.middleRows(first, size));
  });
}

}  // namespace entivec
