// The update of the parameters, piece by piece: the shards' gradients are summed and used while they are in the cache.
#include <algorithm>

#include "entivec/core/parallel.h"
#include "entivec/core/product.h"
#include "entivec/train/trainer.h"

namespace entivec {

namespace {

// Fixed, so that sums never depend on the thread count.
constexpr Index kPiece = 8192;
constexpr Index kBlock = 1 << 17;  // weights of a kernel's block: few enough for the cache, enough to be worth packing
constexpr Index kBlockCols = 1024;
constexpr Index kBlockRows = 64;  // at least

}  // namespace

void Trainer::plan_update() {
  const KernelProducts& products = workspaces_[0]->later;
  const auto begin_of = [&](std::size_t p) { return products[p].grads() - shards_[0].grads.data(); };
  std::vector<std::size_t> order(products.size());
  for (std::size_t p = 0; p < order.size(); ++p) order[p] = p;
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return begin_of(a) < begin_of(b); });
  Index done = 0;
  std::vector<Piece> others;
  const auto skip_to = [&](Index end) {
    for (; done < end; done += std::min(kPiece, end - done))
      others.push_back({.begin = done, .size = std::min(kPiece, end - done)});
  };
  for (std::size_t p : order) {
    const Index in = products[p].x().cols(), out = products[p].dy().cols();
    const Index cols = equal_piece(out, kBlockCols), rows = equal_piece(in, std::max(kBlockRows, kBlock / cols));
    skip_to(begin_of(p));
    for (Index i = 0; i < in; i += rows)
      for (Index j = 0; j < out; j += cols)
        pieces_.push_back({begin_of(p) + i * out + j, 0, static_cast<Index>(p), i, std::min(rows, in - i), j,
                           std::min(cols, out - j)});
    done += in * out;
  }
  skip_to(model_.num_params());
  pieces_.insert(pieces_.end(), others.begin(), others.end());  // the longest come first
}

void Trainer::update() {
  if (pieces_.empty()) plan_update();
  const Scalar rate = learning_rate();
  const Index step = ++state_.step, used = static_cast<Index>(workspaces_.size());
  const auto adam = [&](Index begin, Index size, Index shards) {
    Scalar* grads[kMostShards];
    for (Index s = 0; s < shards; ++s) grads[s] = shards_[static_cast<std::size_t>(s)].grads.data() + begin;
    Adam{}.update(size, step, rate, grads, shards, state_.first_moment.data() + begin,
                  state_.second_moment.data() + begin, state_.params.data() + begin);
  };
  parallel_for(static_cast<Index>(pieces_.size()), training_.threads, [&](Index number) {
    const PrecisionScope scope(training_.precision);
    const Piece& piece = pieces_[static_cast<std::size_t>(number)];
    if (piece.product < 0) return adam(piece.begin, piece.size, used);
    const auto p = static_cast<std::size_t>(piece.product);
    const Index out = workspaces_[0]->later[p].dy().cols();
    Eigen::Map<Matrix, 0, Eigen::OuterStride<>> grads(shards_[0].grads.data() + piece.begin, piece.rows, piece.cols,
                                                      Eigen::OuterStride<>(out));
    for (const Workspace* shard : workspaces_) {
      const KernelProduct& product = shard->later[p];
      add_transposed_product(1, product.x().middleCols(piece.row, piece.rows),
                             product.dy().middleCols(piece.col, piece.cols), grads);
    }
    if (piece.cols == out) return adam(piece.begin, piece.rows * out, 1);
    for (Index i = 0; i < piece.rows; ++i) adam(piece.begin + i * out, piece.cols, 1);
  });
}

}  // namespace entivec
