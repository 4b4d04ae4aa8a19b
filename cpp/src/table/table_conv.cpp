#include "entivec/table/table_conv.h"

#include <algorithm>

#include "entivec/core/check.h"
#include "entivec/product/product.h"

namespace entivec {

namespace {

constexpr Index kBlockCells = 1024;

Mlp input_net(Index in, std::vector<Index> channels, Activation activation) {
  check(!channels.empty(), "TableConv, channels", "at least one convolution", "none");
  for (Index width : channels) check(width > 0, "TableConv, channels", "widths > 0", width);
  channels.insert(channels.begin(), in);
  return Mlp(std::move(channels), activation, false, true);
}

// Calls visit(i, input) for every gap flag and every one-hot cell that is 1.
template <class Visit>
void for_each_one(const TableLayout& layout, const Batch& batch, const Visit& visit) {
  for (Index i = 0; i < batch.size; ++i) {
    for (Index flag = layout.dense(); flag < batch.dense.cols(); ++flag)
      if (batch.dense(i, flag) != 0) visit(i, flag);
    for (Index j = 0; j < layout.codes(); ++j)
      visit(i, layout.categories()[static_cast<std::size_t>(j)].input + batch.codes(i, j));
  }
}

// Calls visit(count) for pieces of the bag cells that are not 0: their shares are in cache.block.x, their places in
// cache.bag. An item that a row names twice is one cell, because f is not linear.
template <class Visit>
void for_each_bag_block(const TableLayout& layout, const Batch& batch, TableConv::Cache& cache, const Visit& visit) {
  if (layout.bag() == 0) return;
  const Index first = layout.categories().back().input;
  Index count = 0;
  const auto flush = [&] {
    if (count > 0) visit(count);
    count = 0;
  };
  for (Index i = 0; i < batch.size; ++i) {
    const BagRow bag = bag_row(*batch.table, batch.bag_input[static_cast<std::size_t>(i)]);
    for (Index e = 0; e < bag.size; ++e) cache.share[bag.items[e]] += bag.counts[e] / bag.total;
    for (Index e = 0; e < bag.size; ++e) {
      Scalar& share = cache.share[bag.items[e]];
      if (share == 0) continue;
      cache.block.x.row(count).setZero();
      cache.block.x(count, 0) = share;
      cache.bag[static_cast<std::size_t>(count)] = {i, first + bag.items[e]};
      share = 0;
      if (++count == cache.block.x.rows()) flush();
    }
  }
  flush();
}

}  // namespace

Index block_cells(Index capacity) { return std::max(kBlockCells, capacity); }

TableConv::TableConv(const TableLayout& layout, const ChannelGrid& grid, const std::vector<Index>& channels, Index out,
                     Activation activation)
    : layout_(layout),
      positions_(layout, grid),
      channels_(channels.empty() ? 0 : channels.back()),
      out_(out),
      looked_up_(layout.inputs() - layout.dense() - layout.bag()),
      net_(input_net(grid.channels, channels, activation)),
      flat_(positions_.inputs() * channels_, out) {}

TableConv::Cells TableConv::cells(Index count) const {
  const Index k = positions_.channels();
  return {Matrix::Zero(count, k), Matrix::Zero(count, channels_), Matrix::Zero(count, channels_),
          Matrix::Zero(count, k), net_.cache(count)};
}

// Calls visit(first, size) for pieces of the positions of numbers, with their cells in x, row by row.
template <class Visit>
void TableConv::for_each_dense_block(const Batch& batch, Matrix& x, const Visit& visit) const {
  const Index most = x.rows() / std::max<Index>(batch.size, 1);
  for (Index first = 0; first < positions_.numbers(); first += most) {
    const Index size = std::min(most, positions_.numbers() - first);
    positions_.gather_numbers(batch.dense.topRows(batch.size), first, size, x);
    visit(first, size);
  }
}

TableConv::Cache TableConv::cache(Index capacity) const {
  const Index count = block_cells(capacity);
  Cache cache{cells(count),
              cells(2),
              Matrix::Zero(looked_up_, out_),
              Vector::Zero(channels_),
              Vector::Zero(out_),
              std::vector<BagCell>(static_cast<std::size_t>(layout_.bag() > 0 ? count : 0)),
              Vector::Zero(layout_.bag())};
  cache.ends.x(1, 0) = 1;
  return cache;
}

void TableConv::run(Index count, ConstVectorRef params, Cells& cells) const {
  net_.forward(cells.x.topRows(count), params.head(net_.num_params()), Dropout{}, 0, cells.net, cells.h.topRows(count));
}

void TableConv::run_back(Index count, ConstVectorRef params, Cells& cells, VectorRef grads) const {
  net_.backward(cells.x.topRows(count), cells.dh.topRows(count), params.head(net_.num_params()), cells.net,
                cells.dx.topRows(count), grads.head(net_.num_params()));
}

// cells.dh: the slopes of f in one of its channels, where run has been.
void TableConv::run_tangent(Index count, Index channel, ConstVectorRef params, Cells& cells) const {
  const auto level = [count](std::vector<Matrix>& matrices, Index l) {
    return matrices[static_cast<std::size_t>(l)].topRows(count);
  };
  auto& t = cells.net.dx;
  level(t, 0).setZero();
  level(t, 0).col(channel).setOnes();
  for (Index l = 0; l < net_.depth(); ++l) {
    const Linear& map = net_.map(l);
    level(t, l + 1).noalias() = level(t, l) * ConstMatrixMap(params.data() + net_.offset(l), map.in(), map.out());
    level(t, l + 1).array() *= level(cells.net.slope, l + 1).array();
  }
  cells.dh.topRows(count) = level(t, net_.depth());
}

void TableConv::fold(ConstVectorRef params, Cache& cache) const {
  const ConstMatrixMap w = kernel(params);
  const Index first = layout_.dense();
  const auto zero = cache.ends.h.row(0).transpose();
  cache.rise = cache.ends.h.row(1).transpose() - zero;
  cache.sum = params.tail(out_);
  for (Index j = first; j < layout_.inputs(); ++j) {
    const auto own = w.middleRows(behind(j), channels_);
    cache.sum.noalias() += own.transpose() * zero;
    if (j - first < looked_up_) cache.looked_up.row(j - first).noalias() = cache.rise.transpose() * own;
  }
}

void TableConv::fold_back(ConstVectorRef params, Cache& cache, VectorRef grads) const {
  const ConstMatrixMap w = kernel(params);
  MatrixMap dw = kernel(grads);
  const Index first = layout_.dense();
  const auto zero = cache.ends.h.row(0).transpose();
  auto d_zero = cache.ends.dh.row(0).transpose(), d_one = cache.ends.dh.row(1).transpose();
  cache.ends.dh.setZero();
  for (Index j = first; j < layout_.inputs(); ++j) {
    const auto own = w.middleRows(behind(j), channels_);
    auto d_own = dw.middleRows(behind(j), channels_);
    d_own.noalias() += zero * cache.sum.transpose();
    d_zero.noalias() += own * cache.sum;
    if (j - first >= looked_up_) continue;
    const auto ones = cache.looked_up.row(j - first);
    d_own.noalias() += cache.rise * ones;
    d_one.noalias() += own * ones.transpose();
  }
  d_zero -= d_one;
}

void TableConv::forward(const Batch& batch, ConstVectorRef params, Cache& cache, MatrixRef y) const {
  const ConstMatrixMap w = kernel(params);
  run(2, params, cache.ends);
  fold(params, cache);
  y.rowwise() = cache.sum.transpose();
  for_each_one(layout_, batch, [&](Index i, Index j) { y.row(i) += cache.looked_up.row(j - layout_.dense()); });
  for_each_dense_block(batch, cache.block.x, [&](Index first, Index size) {
    run(batch.size * size, params, cache.block);
    add_product(1, ConstMatrixMap(cache.block.h.data(), batch.size, size * channels_),
                w.middleRows(first * channels_, size * channels_), y);
  });
  for_each_bag_block(layout_, batch, cache, [&](Index count) {
    run(count, params, cache.block);
    for (Index e = 0; e < count; ++e) {
      const BagCell cell = cache.bag[static_cast<std::size_t>(e)];
      cache.block.h.row(e) -= cache.ends.h.row(0);
      y.row(cell.row).noalias() += cache.block.h.row(e) * w.middleRows(behind(cell.input), channels_);
    }
  });
}

void TableConv::backward(const Batch& batch, ConstMatrixRef dy, ConstVectorRef params, Cache& cache,
                         VectorRef grads) const {
  const ConstMatrixMap w = kernel(params);
  MatrixMap dw = kernel(grads);
  cache.sum.setZero();
  for (Index i = 0; i < batch.size; ++i) cache.sum += dy.row(i).transpose();
  grads.tail(out_) += cache.sum;
  cache.looked_up.setZero();
  for_each_one(layout_, batch, [&](Index i, Index j) { cache.looked_up.row(j - layout_.dense()) += dy.row(i); });
  fold_back(params, cache, grads);
  for_each_dense_block(batch, cache.block.x, [&](Index first, Index size) {
    const Index rows = size * channels_;
    run(batch.size * size, params, cache.block);
    add_transposed_product(1, ConstMatrixMap(cache.block.h.data(), batch.size, rows), dy,
                           dw.middleRows(first * channels_, rows));
    MatrixMap dh(cache.block.dh.data(), batch.size, rows);
    dh.setZero();
    add_product_transposed(1, dy, w.middleRows(first * channels_, rows), dh);
    run_back(batch.size * size, params, cache.block, grads);
  });
  for_each_bag_block(layout_, batch, cache, [&](Index count) {
    run(count, params, cache.block);
    for (Index e = 0; e < count; ++e) {
      const BagCell cell = cache.bag[static_cast<std::size_t>(e)];
      const Index at = behind(cell.input);
      cache.block.h.row(e) -= cache.ends.h.row(0);
      dw.middleRows(at, channels_).noalias() += cache.block.h.row(e).transpose() * dy.row(cell.row);
      cache.block.dh.row(e).noalias() = dy.row(cell.row) * w.middleRows(at, channels_).transpose();
      cache.ends.dh.row(0) -= cache.block.dh.row(e);
    }
    run_back(count, params, cache.block, grads);
  });
  run_back(2, params, cache.ends, grads);
}

void TableConv::jacobian(const Batch& batch, ConstVectorRef params, Cache& cache, MatrixRef j) const {
  const ConstMatrixMap w = kernel(params);
  // Column `input` of row i's Jacobian, from row `slope` of cells.dh, f' there, and the rows of W from `at` on.
  const auto set = [&](Index i, Index input, Index at, const Cells& cells, Index slope) {
    cache.sum.noalias() = w.middleRows(at, channels_).transpose() * cells.dh.row(slope).transpose();
    j.col(input).segment(i * out_, out_) = cache.sum;
  };
  run_tangent(2, 0, params, cache.ends);
  for (Index input = layout_.dense(); input < layout_.inputs(); ++input) {
    set(0, input, behind(input), cache.ends, 0);
    for (Index i = 1; i < batch.size; ++i) j.col(input).segment(i * out_, out_) = cache.sum;
  }
  for_each_one(layout_, batch, [&](Index i, Index input) { set(i, input, behind(input), cache.ends, 1); });
  for_each_dense_block(batch, cache.block.x, [&](Index first, Index size) {
    run(batch.size * size, params, cache.block);
    for (Index k = 0; k < positions_.channels(); ++k) {
      run_tangent(batch.size * size, k, params, cache.block);
      for (Index e = 0; e < batch.size * size; ++e) {
        const Index position = first + e % size, column = positions_.column(position, k);
        if (column >= 0) set(e / size, column, position * channels_, cache.block, e);
      }
    }
  });
  for_each_bag_block(layout_, batch, cache, [&](Index count) {
    run(count, params, cache.block);
    run_tangent(count, 0, params, cache.block);
    for (Index e = 0; e < count; ++e) {
      const BagCell cell = cache.bag[static_cast<std::size_t>(e)];
      set(cell.row, cell.input, behind(cell.input), cache.block, e);
    }
  });
}

void TableConv::initialise(const Random& random, std::uint64_t& index, bool start_at_zero, VectorRef params) const {
  net_.initialise(random, index, params.head(net_.num_params()));
  auto flat = params.tail(flat_.num_params());
  flat_.initialise(random, index, flat);
  if (start_at_zero) flat.setZero();
}

}  // namespace entivec
