// Rows of a table in pieces on all threads, with scratch of each thread's own.
#pragma once

#include <optional>

#include "entivec/core/parallel.h"
#include "entivec/rows/apply.h"

namespace entivec {

constexpr Index kPieceRows = 256;

// Scratch of one thread.
struct Scratch {
  Scratch(const AutoEncoder& model, Index rows)
      : batch(model.layout(), rows),
        workspace(model.workspace(rows)),
        codes(rows, model.code()),
        outputs(rows, model.layout().outputs()) {
    if (model.guide_layout()) guide.emplace(*model.guide_layout(), rows);
  }

  Batch batch;
  std::optional<Batch> guide;
  std::unique_ptr<Workspace> workspace;
  Matrix codes, outputs;
};

// Calls body(scratch, number, first, size) for consecutive pieces of at most `piece` rows.
template <class Body>
void for_each_piece(const Fitted& fitted, Index rows, Index piece, const Body& body) {
  const Index capacity = std::min(piece, rows);
  const int threads = static_cast<int>(std::min<Index>(fitted.threads, (rows + piece - 1) / piece));
  std::vector<Scratch> scratch;
  for (int t = 0; t < std::max(threads, 1); ++t) scratch.emplace_back(fitted.model, capacity);
  parallel_pieces(rows, piece, threads, [&](Index number, Index first, Index size) {
    body(scratch[static_cast<std::size_t>(thread_index())], number, first, size);
  });
}

}  // namespace entivec
