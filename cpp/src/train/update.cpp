// The update of the parameters, piece by piece: the shards' gradients are summed and used while they are in the cache.
#include <algorithm>

#include "entivec/core/parallel.h"
#include "entivec/core/product.h"
#include "entivec/train/trainer.h"

namespace entivec {

namespace {

// Fixed, so that sums never depend on the thread count.
constexpr Index kPieceParams = 8192;
constexpr Index kPartParams = 512;       // of a piece, whose sum over the shards stays in the nearest cache
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
    for (; done < end; done += std::min(kPieceParams, end - done))
      others.push_back({.begin = done, .size = std::min(kPieceParams, end - done)});
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

void Trainer::take_gradient(Index begin, VectorRef sum) {
  sum.setZero();
  for (std::size_t s = 0; s < workspaces_.size(); ++s) {
    auto own = shards_[s].grads.segment(begin, sum.size());
    sum += own;
    own.setZero();
  }
}

void Trainer::update() {
  if (pieces_.empty()) plan_update();
  const Scalar rate = learning_rate();  // of the step that ends here
  const Adam adam(++state_.step, rate);
  const auto update = [&](Index begin, Index size, const Scalar* gradient) {
    adam.update(size, gradient, state_.first_moment.data() + begin, state_.second_moment.data() + begin,
                state_.params.data() + begin);
  };
  parallel_for(static_cast<Index>(pieces_.size()), training_.threads, [&](Index number) {
    const PrecisionScope scope(training_.precision);
    const Piece& piece = pieces_[static_cast<std::size_t>(number)];
    if (piece.product < 0) {
      Eigen::Matrix<Scalar, kPartParams, 1> gradient;
      for (Index done = 0; done < piece.size; done += kPartParams) {
        const Index size = std::min(kPartParams, piece.size - done);
        take_gradient(piece.begin + done, gradient.head(size));
        update(piece.begin + done, size, gradient.data());
      }
      return;
    }
    // In a place of its own, which stays in the cache: the kernel's own would come from memory and go back.
    thread_local Vector place;
    if (place.size() < piece.rows * piece.cols) place.resize(piece.rows * piece.cols);
    MatrixMap sum(place.data(), piece.rows, piece.cols);
    const auto p = static_cast<std::size_t>(piece.product);
    for (const Workspace* shard : workspaces_) {
      const KernelProduct& product = shard->later[p];
      const auto x = product.x().middleCols(piece.row, piece.rows);
      const auto dy = product.dy().middleCols(piece.col, piece.cols);
      if (shard == workspaces_[0])
        set_transposed_product(x, dy, sum);
      else
        add_transposed_product(1, x, dy, sum);
    }
    const Index out = workspaces_[0]->later[p].dy().cols();
    if (model_.adds_to_put_off()) {
      Eigen::Map<Matrix, 0, Eigen::OuterStride<>> added(shards_[0].grads.data() + piece.begin, piece.rows, piece.cols,
                                                        Eigen::OuterStride<>(out));
      sum += added;
      added.setZero();
    }
    const auto update_rows = [&](Index row, Index rows) {
      update(piece.begin + row * out, rows * piece.cols, sum.row(row).data());
    };
    if (piece.cols == out) return update_rows(0, piece.rows);
    for (Index i = 0; i < piece.rows; ++i) update_rows(i, 1);
  });
}

}  // namespace entivec
