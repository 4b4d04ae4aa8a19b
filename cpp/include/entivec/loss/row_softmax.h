// A softmax over the rows of a table: which of them is meant by a query. Over all rows, or, for very many, over those
// that are meant and others that are drawn (loss/sampled.h); then rows must be numbered by falling frequency.
#pragma once

#include <vector>

#include "entivec/core/rng.h"
#include "entivec/nn/gradient.h"

namespace entivec {

// Rows that are meant: those of query i are rows[offsets[i] … offsets[i + 1]), each equally; of none there is no loss.
struct MeantRows {
  std::vector<Index> offsets{0}, rows;

  Index count(Index query) const {
    return offsets[static_cast<std::size_t>(query) + 1] - offsets[static_cast<std::size_t>(query)];
  }
  const Index* of(Index query) const { return rows.data() + offsets[static_cast<std::size_t>(query)]; }
  void clear() {
    offsets.assign(1, 0);
    rows.clear();
  }
  void end_query() { offsets.push_back(static_cast<Index>(rows.size())); }
};

// The table stands in the parameters from `begin` on: (rows, width), the last number of a row a bias, as that of a
// query is 1. Where `full`, gradients of the table are dense and every row is in the softmax.
class RowSoftmax {
 public:
  RowSoftmax(Index begin, Index rows, Index width, bool full, Index sampled);

  bool full() const { return full_; }
  Index rows() const { return rows_; }
  Index width() const { return width_; }
  Index num_params() const { return rows_ * width_; }
  Index row(Index number) const { return begin_ + number * width_; }
  Index block() const { return block_; }  // queries at a time, at most
  ConstMatrixMap table(ConstVectorRef params) const { return {params.data() + begin_, rows_, width_}; }

  struct Scratch {
    Matrix logits, drawn;  // (block, rows or meant + sampled), (sampled, width)
    std::vector<Index> draws;
    Vector row;
  };

  struct Draws {
    const Random& random;
    std::uint64_t number;  // of the block: all of its queries share what is drawn
  };

  // query (n, width), n ≤ block(). losses (n) = −mean log p of the rows meant. Overwrites `d_query` by the gradient of
  // `scale` times their sum, and adds to `gradient`, unless that is null, when every row is in the softmax.
  void loss(ConstMatrixRef query, const MeantRows& meant, ConstVectorRef params, Scalar scale, const Draws& draws,
            Scratch& scratch, VectorRef losses, MatrixRef d_query, Gradient* gradient) const;

 private:
  void all_rows(ConstMatrixRef query, const MeantRows& meant, ConstVectorRef params, Scalar scale, Scratch& scratch,
                VectorRef losses, MatrixRef d_query, Gradient* gradient) const;
  void drawn_rows(ConstMatrixRef query, const MeantRows& meant, ConstVectorRef params, Scalar scale, Scratch& scratch,
                  VectorRef losses, MatrixRef d_query, Gradient& gradient) const;
  void draw(ConstVectorRef params, const Draws& draws, Scratch& scratch) const;

  Index begin_, rows_, width_;
  bool full_;
  Index sampled_, block_;
};

}  // namespace entivec
