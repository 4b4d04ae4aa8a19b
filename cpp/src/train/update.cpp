// The update of the parameters, piece by piece: the shards' gradients are summed and used while they are in the cache.
#include <algorithm>

#include "entivec/core/parallel.h"
#include "entivec/train/trainer.h"

namespace entivec {

namespace {

// Fixed, so that sums never depend on the thread count.
constexpr Index kPieceOfDense = 8192;
constexpr Index kRowsTogether = 256;  // of look-up tables
constexpr Index kGradientPart = 512;  // of a piece, whose sum over the shards stays in the nearest cache
constexpr Index kBlock = 1 << 17;  // weights of a kernel's block: few enough for the cache, enough to be worth packing
constexpr Index kBlockCols = 1024;
constexpr Index kBlockRows = 64;  // at least

}  // namespace

void Trainer::plan_update() {
  const KernelProducts& products = shards_[0].gradient.products();
  const Scalar* dense = shards_[0].gradient.dense().data();
  const auto begin_of = [&](std::size_t p) { return products[p].grads() - dense; };
  std::vector<std::size_t> order(products.size());
  for (std::size_t p = 0; p < order.size(); ++p) order[p] = p;
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return begin_of(a) < begin_of(b); });
  Index done = 0;
  std::vector<Piece> others;
  const auto skip_to = [&](Index end) {
    for (; done < end; done += std::min(kPieceOfDense, end - done))
      others.push_back({.begin = done, .size = std::min(kPieceOfDense, end - done)});
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
  skip_to(model_.num_dense());
  pieces_.insert(pieces_.end(), others.begin(), others.end());  // the longest come first
}

void Trainer::take_gradient(Index begin, VectorRef sum) {
  sum.setZero();
  for (std::size_t s = 0; s < workspaces_.size(); ++s) {
    auto own = shards_[s].gradient.dense(begin, sum.size());
    sum += own;
    own.setZero();
  }
}

void Trainer::update_params(const Adam& adam, Index begin, Index size, const Scalar* gradient) {
  adam.update(size, gradient, state_.first_moment.data() + begin, state_.second_moment.data() + begin,
              state_.params.data() + begin);
}

void Trainer::update_dense(const Adam& adam, const Piece& piece) {
  Eigen::Matrix<Scalar, kGradientPart, 1> gradient;
  for (Index done = 0; done < piece.size; done += kGradientPart) {
    const Index size = std::min(kGradientPart, piece.size - done);
    take_gradient(piece.begin + done, gradient.head(size));
    update_params(adam, piece.begin + done, size, gradient.data());
  }
}

void Trainer::update_kernel(const Adam& adam, const Piece& piece) {
  // In a place of its own, which stays in the cache: the kernel's own would come from memory and go back.
  thread_local Vector place;
  if (place.size() < piece.rows * piece.cols) place.resize(piece.rows * piece.cols);
  MatrixMap sum(place.data(), piece.rows, piece.cols);
  const auto p = static_cast<std::size_t>(piece.product);
  for (std::size_t s = 0; s < workspaces_.size(); ++s) {
    const KernelProduct& product = shards_[s].gradient.products()[p];
    const auto x = product.x().middleCols(piece.row, piece.rows);
    const auto dy = product.dy().middleCols(piece.col, piece.cols);
    if (s == 0)
      set_transposed_product(x, dy, sum);
    else
      add_transposed_product(1, x, dy, sum);
  }
  const Index out = shards_[0].gradient.products()[p].dy().cols();
  if (model_.adds_to_put_off()) {
    Eigen::Map<Matrix, 0, Eigen::OuterStride<>> added(shards_[0].gradient.dense().data() + piece.begin, piece.rows,
                                                      piece.cols, Eigen::OuterStride<>(out));
    sum += added;
    added.setZero();
  }
  const auto update_rows = [&](Index row, Index rows) {
    update_params(adam, piece.begin + row * out, rows * piece.cols, sum.row(row).data());
  };
  if (piece.cols == out) return update_rows(0, piece.rows);
  for (Index i = 0; i < piece.rows; ++i) update_rows(i, 1);
}

// Of the rows first … first + count of look-up tables that shard `number` touched, those that none before it did: the
// sum of their gradients over the shards, in their order. Rows that no shard touched stay as they are, moments too
// (lazy Adam).
void Trainer::update_rows(const Adam& adam, std::size_t number, Index first, Index count) {
  thread_local Vector sum;
  const TouchedRows& own = shards_[number].gradient.rows();
  for (Index r = first; r < first + count; ++r) {
    const TouchedRows::Row& row = own.rows()[static_cast<std::size_t>(r)];
    const auto touched = [&](std::size_t s) { return shards_[s].gradient.rows().find(row.begin); };
    std::size_t s = 0;
    while (s < number && !touched(s)) ++s;
    if (s < number) continue;
    if (sum.size() < row.width) sum.resize(row.width);
    sum.head(row.width) = Eigen::Map<const Vector>(own.gradient(row), row.width);
    for (++s; s < workspaces_.size(); ++s)
      if (const Scalar* further = touched(s)) sum.head(row.width) += Eigen::Map<const Vector>(further, row.width);
    update_params(adam, row.begin, row.width, sum.data());
  }
}

void Trainer::update() {
  if (pieces_.empty()) plan_update();
  const Scalar rate = learning_rate();  // of the step that ends here
  const Adam adam(++state_.step, rate);
  parallel_for(static_cast<Index>(pieces_.size()), training_.threads, [&](Index number) {
    const PrecisionScope scope(training_.precision);
    const Piece& piece = pieces_[static_cast<std::size_t>(number)];
    if (piece.product < 0)
      update_dense(adam, piece);
    else
      update_kernel(adam, piece);
  });
  if (model_.num_dense() == model_.num_params()) return;
  struct Rows {
    std::size_t shard;
    Index first, count;
  };
  std::vector<Rows> parts;
  for (std::size_t s = 0; s < workspaces_.size(); ++s) {
    const auto rows = static_cast<Index>(shards_[s].gradient.rows().rows().size());
    for (Index first = 0; first < rows; first += kRowsTogether)
      parts.push_back({s, first, std::min(kRowsTogether, rows - first)});
  }
  parallel_for(static_cast<Index>(parts.size()), training_.threads, [&](Index number) {
    const Rows& part = parts[static_cast<std::size_t>(number)];
    update_rows(adam, part.shard, part.first, part.count);
  });
}

}  // namespace entivec
