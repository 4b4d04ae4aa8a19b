#include "chain_penalty.h"

#include <cmath>

#include "entivec/core/parallel.h"
#include "entivec/product/product.h"
#include "entivec/rows/probe.h"

namespace entivec {

namespace {

constexpr Index kStackRows = 1024;    // vectors worked on at a time: few enough for the cache, enough for the products
constexpr Index kKernelPiece = 1024;  // input rows of the first kernel worked on at a time
constexpr Index kGramBlock = 64;      // rows and columns of a block of the Gram matrix: enough blocks for all threads
constexpr Index kGramPiece = 128;     // rows of a piece of its gradient

// Calls body(row, column, rows, columns) for the blocks of a symmetric matrix on and below its diagonal.
template <class Body>
void parallel_lower_blocks(Index size, int threads, const Body& body) {
  const Index blocks = (size + kGramBlock - 1) / kGramBlock;
  parallel_for(blocks * blocks, threads, [&](Index number) {
    const Index row = number / blocks * kGramBlock, column = number % blocks * kGramBlock;
    if (column <= row) body(row, column, std::min(kGramBlock, size - row), std::min(kGramBlock, size - column));
  });
}

}  // namespace

struct ChainPenalty::Stacks : Scratch {
  const Stacks* shared = nullptr;  // of the step's first shard
  Matrix gram;                     // (joint, joint), of the first shard
  Matrix top;                      // (d, n_{K−1}) the last kernel transposed, of the first shard
  Matrix outer;                    // (joint, joint) Σ FᵀF over the shard, its lower triangle
  Matrix d_top;                    // (d, n_{K−1})
  // Stacks of a chunk's vectors.
  Matrix u;                    // (·, d)
  std::vector<Matrix> a, t;    // by level
  Matrix joint_f, joint_df;    // (·, joint); without a linear path they are t[0] and da[0]
  std::vector<Matrix> da;      // by level
  Matrix y;                    // (·, kKernelPiece)
  Vector root, value;          // (capacity) √by and P · by of each row
  std::vector<Index> missing;  // input rows
  Matrix seen;                 // (m, 1) what a missing cell would have added

  Matrix& f() { return joint_f.size() > 0 ? joint_f : t[0]; }
  Matrix& df() { return joint_df.size() > 0 ? joint_df : da[0]; }
};

// Rows first … first + rows of a batch.
struct ChainPenalty::Chunk {
  const Batch& batch;
  Dropout where;
  Index first, rows;
};

ChainPenalty::Stacks& ChainPenalty::own(Scratch& scratch) { return static_cast<Stacks&>(scratch); }

ChainPenalty::ChainPenalty(const EncoderChain& chain, Index probes, bool gram)
    : chain_(chain),
      observed_(chain.layout),
      probes_(probes),
      vectors_(probes > 0 ? probes : chain.code()),
      chunk_rows_(std::max<Index>(1, kStackRows / vectors_)),
      gram_(gram) {}

std::unique_ptr<ContractivePenalty::Scratch> ChainPenalty::scratch(Index capacity) const {
  auto s = std::make_unique<Stacks>();
  const Index depth = chain_.depth(), joint = chain_.joint(), d = chain_.code();
  const Index stack = std::min(chunk_rows_, capacity) * vectors_;
  s->root = Vector::Zero(capacity);
  s->value = Vector::Zero(capacity);
  s->u = Matrix::Zero(stack, d);
  if (chain_.linear > 0) s->joint_f = s->joint_df = Matrix::Zero(stack, joint);
  for (Index level = 0; chain_.body && level <= depth; ++level) {
    const Index width = level == depth && units_at_top() ? 0 : chain_.body->width(level);
    s->t.emplace_back(Matrix::Zero(stack, width));
    s->a.emplace_back(Matrix::Zero(level < depth ? stack : 0, width));
    s->da.emplace_back(Matrix::Zero(stack, width));
  }
  if (units_at_top()) s->top = s->d_top = Matrix::Zero(d, chain_.body->width(depth - 1));
  if (gram_)
    s->gram = s->outer = Matrix::Zero(joint, joint);
  else
    s->y = Matrix::Zero(stack, std::min(kKernelPiece, chain_.layout.inputs()));
  s->missing.reserve(static_cast<std::size_t>(chain_.layout.inputs()));
  s->seen = Matrix::Zero(vectors_, 1);
  return s;
}

void ChainPenalty::begin(ConstVectorRef params, const Shards& shards, int threads) const {
  Stacks& shared = own(*shards[0]);
  for (Scratch* shard : shards) {
    Stacks& s = own(*shard);
    s.shared = &shared;
    s.outer.setZero();
  }
  if (units_at_top()) shared.top = chain_.map(chain_.depth() - 1, params).transpose();
  if (!gram_) return;
  const ConstMatrixMap w = chain_.first(params);
  parallel_lower_blocks(chain_.joint(), threads, [&](Index row, Index column, Index rows, Index columns) {
    auto block = shared.gram.block(row, column, rows, columns);
    block.setZero();
    add_transposed_product(1, w.middleCols(row, rows), w.middleCols(column, columns), block);
    for (Index mark : observed_.marks())
      add_transposed_product(-1, w.block(mark, row, 1, rows), w.block(mark, column, 1, columns), block);
    if (row != column) shared.gram.block(column, row, columns, rows) = block.transpose();
  });
}

void ChainPenalty::descend(const Chunk& chunk, ConstVectorRef params, const Mlp::Cache& body, Stacks& s) const {
  const Index depth = chain_.depth(), stack = chunk.rows * vectors_, d = chain_.code();
  const bool needs_u = !units_at_top() || chain_.linear > 0;
  for (Index i = 0; needs_u && i < chunk.rows; ++i) {
    auto u = block(s.u, i);
    if (probes_ == 0) {
      u.setZero();
      u.diagonal().setConstant(s.root[chunk.first + i]);
    } else {
      const Scalar by = s.root[chunk.first + i] / std::sqrt(static_cast<Scalar>(probes_));
      for (Index q = 0; q < probes_; ++q) {
        auto row = u.row(q).transpose();
        probe(chunk.where.seed, chunk.where.position + static_cast<std::uint64_t>(chunk.first + i), q, row);
        row *= by;
      }
    }
  }
  if (chain_.linear > 0) s.joint_f.leftCols(d).topRows(stack) = s.u.topRows(stack);
  if (!chain_.body) return;
  for (Index level = depth; level >= 0; --level) {
    const auto at = static_cast<std::size_t>(level);
    const bool activated = chain_.body->activated(level);
    if (level == depth - 1 && units_at_top()) {
      for (Index i = 0; i < chunk.rows; ++i) {
        auto a = block(s.a[at], i);
        a = s.root[chunk.first + i] * s.shared->top;
        if (chain_.body->activated(depth))
          a.array().colwise() *= body.slope[at + 1].row(chunk.first + i).transpose().array();
      }
    } else if (level < depth) {
      auto a = s.a[at].topRows(stack);
      a.setZero();
      add_product_transposed(1, s.t[at + 1].topRows(stack), chain_.map(level, params), a);
    } else if (units_at_top()) {
      continue;
    }
    const Matrix& above = level == depth ? s.u : s.a[at];
    for (Index i = 0; i < chunk.rows; ++i) {
      if (activated)
        block(s.t[at], i).array() = block(above, i).array().rowwise() * body.slope[at].row(chunk.first + i).array();
      else
        block(s.t[at], i) = block(above, i);
    }
  }
  if (chain_.linear > 0) s.joint_f.rightCols(chain_.body->width(0)).topRows(stack) = s.t[0].topRows(stack);
}

void ChainPenalty::close_with_gram(const Chunk& chunk, ConstVectorRef params, VectorRef* grads, Stacks& s) const {
  const Index stack = chunk.rows * vectors_;
  const auto f = s.f().topRows(stack);
  auto df = s.df().topRows(stack);
  const ConstMatrixMap w = chain_.first(params);
  df.setZero();
  add_product(2, f, s.shared->gram, df);
  if (grads) add_gram(f, s.outer);
  for (Index i = 0; i < chunk.rows; ++i) {
    const auto own_f = block(s.f(), i);
    auto own_df = block(s.df(), i);
    Scalar value = own_f.cwiseProduct(own_df).sum() / 2;
    observed_.missing(chunk.batch, chunk.first + i, s.missing);
    for (Index row : s.missing) {
      s.seen.setZero();
      add_product_transposed(1, own_f, w.middleRows(row, 1), s.seen);
      value -= s.seen.squaredNorm();
      if (!grads) continue;
      s.seen *= 2;
      add_product(-1, s.seen, w.middleRows(row, 1), own_df);
      add_transposed_product(-1, s.seen, own_f, chain_.first(*grads).middleRows(row, 1));
    }
    s.value[chunk.first + i] = value;
  }
}

void ChainPenalty::close_with_kernel(const Chunk& chunk, ConstVectorRef params, VectorRef* grads, MatrixRef* j,
                                     Stacks& s) const {
  const Index stack = chunk.rows * vectors_, inputs = chain_.layout.inputs();
  const auto f = s.f().topRows(stack);
  auto df = s.df().topRows(stack);
  const ConstMatrixMap w = chain_.first(params);
  s.value.segment(chunk.first, chunk.rows).setZero();
  for (Index first = 0; first < inputs; first += kKernelPiece) {
    const Index size = std::min(kKernelPiece, inputs - first);
    auto y = s.y.leftCols(size).topRows(stack);
    y.setZero();
    add_product_transposed(1, f, w.middleRows(first, size), y);
    for (Index mark : observed_.marks())
      if (mark >= first && mark < first + size) y.col(mark - first).setZero();
    for (Index i = 0; i < chunk.rows; ++i) {
      auto own_y = y.middleRows(i * vectors_, vectors_);
      observed_.missing(chunk.batch, chunk.first + i, s.missing);
      for (Index row : s.missing)
        if (row >= first && row < first + size) own_y.col(row - first).setZero();
      s.value[chunk.first + i] += own_y.squaredNorm();
    }
    if (j) j->middleRows(chunk.first * vectors_, stack).middleCols(first, size) = y;
    if (!grads) continue;
    if (first == 0) df.setZero();
    add_product(2, y, w.middleRows(first, size), df);
    add_transposed_product(2, y, f, chain_.first(*grads).middleRows(first, size));
  }
}

void ChainPenalty::ascend(const Chunk& chunk, ConstVectorRef params, Mlp::Cache& body, VectorRef grads,
                          Stacks& s) const {
  const Index depth = chain_.depth(), stack = chunk.rows * vectors_;
  for (Index level = 0; level <= depth; ++level) {
    const auto at = static_cast<std::size_t>(level);
    if (level == depth && units_at_top()) break;
    auto d = s.da[at].topRows(stack);
    if (level == 0 && chain_.linear > 0) d = s.joint_df.topRows(stack).rightCols(chain_.body->width(0));
    if (level > 0) {
      const auto below = s.da[at - 1].topRows(stack);
      d.setZero();
      add_product(1, below, chain_.map(level - 1, params), d);
      add_transposed_product(1, below, s.t[at].topRows(stack), chain_.map(level - 1, grads));
    }
    if (!chain_.body->activated(level)) continue;
    const Matrix& above = level == depth ? s.u : s.a[at];
    for (Index i = 0; i < chunk.rows; ++i) {
      auto own_d = block(s.da[at], i);
      body.d_slope[at].row(chunk.first + i) = own_d.cwiseProduct(block(above, i)).colwise().sum();
      own_d.array().rowwise() *= body.slope[at].row(chunk.first + i).array();
    }
  }
  if (!units_at_top()) return;
  const auto at = static_cast<std::size_t>(depth);
  for (Index i = 0; i < chunk.rows; ++i) {
    const auto da = block(s.da[at - 1], i);
    const Scalar root = s.root[chunk.first + i];
    if (!chain_.body->activated(depth)) {
      s.d_top += root * da;
      continue;
    }
    const auto slope = body.slope[at].row(chunk.first + i);
    s.d_top.array() += da.array().colwise() * (root * slope.transpose().array());
    body.d_slope[at].row(chunk.first + i) = root * da.cwiseProduct(s.shared->top).rowwise().sum().transpose();
  }
}

Scalar ChainPenalty::add(const Batch& batch, const Vector& by, const Dropout& dropout, ConstVectorRef params,
                         Mlp::Cache& body, Scratch& scratch, VectorRef grads) const {
  Stacks& s = own(scratch);
  s.root.head(batch.size) = by.head(batch.size).cwiseSqrt();
  if (units_at_top()) s.d_top.setZero();
  for (Index first = 0; first < batch.size; first += chunk_rows_) {
    const Chunk chunk{batch, dropout, first, std::min(chunk_rows_, batch.size - first)};
    descend(chunk, params, body, s);
    if (gram_)
      close_with_gram(chunk, params, &grads, s);
    else
      close_with_kernel(chunk, params, &grads, nullptr, s);
    ascend(chunk, params, body, grads, s);
  }
  if (units_at_top()) chain_.map(chain_.depth() - 1, grads) += s.d_top.transpose();
  return s.value.head(batch.size).sum();
}

void ChainPenalty::end(ConstVectorRef params, const Shards& shards, int threads, VectorRef grads) const {
  if (!gram_) return;
  Matrix& total = own(*shards[0]).outer;
  parallel_lower_blocks(chain_.joint(), threads, [&](Index row, Index column, Index rows, Index columns) {
    auto block = total.block(row, column, rows, columns);
    for (std::size_t shard = 1; shard < shards.size(); ++shard)
      block += own(*shards[shard]).outer.block(row, column, rows, columns);
    if (row != column)
      total.block(column, row, columns, rows) = block.transpose();
    else
      block.triangularView<Eigen::StrictlyUpper>() = block.transpose();
  });
  const ConstMatrixMap w = chain_.first(params);
  MatrixMap dw = chain_.first(grads);
  parallel_pieces(w.rows(), kGramPiece, threads, [&](Index, Index first, Index size) {
    add_product(2, w.middleRows(first, size), total, dw.middleRows(first, size));
    for (Index mark : observed_.marks())
      if (mark >= first && mark < first + size) add_product(-2, w.middleRows(mark, 1), total, dw.middleRows(mark, 1));
  });
}

void ChainPenalty::norms(const Batch& batch, const Dropout& where, ConstVectorRef params, const Mlp::Cache& body,
                         Scratch& scratch, VectorRef norms) const {
  Stacks& s = own(scratch);
  s.root.setOnes();
  for (Index first = 0; first < batch.size; first += chunk_rows_) {
    const Chunk chunk{batch, where, first, std::min(chunk_rows_, batch.size - first)};
    descend(chunk, params, body, s);
    if (gram_)
      close_with_gram(chunk, params, nullptr, s);
    else
      close_with_kernel(chunk, params, nullptr, nullptr, s);
  }
  norms = s.value.head(batch.size);
}

void ChainPenalty::jacobian(const Batch& batch, ConstVectorRef params, const Mlp::Cache& body, Scratch& scratch,
                            MatrixRef j) const {
  Stacks& s = own(scratch);
  s.root.setOnes();
  for (Index first = 0; first < batch.size; first += chunk_rows_) {
    const Chunk chunk{batch, {}, first, std::min(chunk_rows_, batch.size - first)};
    descend(chunk, params, body, s);
    close_with_kernel(chunk, params, nullptr, &j, s);
  }
}

}  // namespace entivec
