// Events as vectors: the embeddings of their categories next to each other, then their numbers, then marks of missing
// ones. A category's embeddings serve twice: they say what an event is, and score which one comes next.
#pragma once

#include "entivec/nn/gradient.h"
#include "entivec/sequences/layout.h"

namespace entivec {

// Tables of embeddings at the end of the parameters: a row is an embedding (width), then a bias, which only the scores
// see. Those whose softmax takes in every level come first, and have dense gradients.
class EventVectors {
 public:
  // `begin`: of the tables in the parameters. `scored`: whether the objective predicts categories.
  EventVectors(const SequenceLayout& layout, Index begin, bool scored, Index full_softmax);

  const SequenceLayout& layout() const { return layout_; }
  Index num_params() const { return end_ - begin_; }
  Index begin() const { return begin_; }
  Index num_dense() const { return dense_end_ - begin_; }  // of them
  bool dense(Index category) const { return tables_[static_cast<std::size_t>(category)].dense; }

  Index levels(Index category) const { return layout_.levels[static_cast<std::size_t>(category)]; }
  Index width(Index category) const { return layout_.widths[static_cast<std::size_t>(category)]; }
  Index row(Index category, Index code) const;  // where it begins in the parameters
  Index row_width(Index category) const { return width(category) + 1; }

  // x (event): overwritten.
  void look_up(const SequenceView& view, Index event, ConstVectorRef params, Scalar* x) const;
  void add_gradient(const SequenceView& view, Index event, const Scalar* dx, Gradient& gradient) const;

  // Adds `d` (row_width) to the gradient of a row.
  void add_row(Index category, Index code, const Scalar* d, Gradient& gradient) const;

  // N(0, 1/levels) embeddings, as Glorot & Bengio 2010: of the many levels of a large category the rare ones begin with
  // next to nothing to say, and keep little noise. Biases the log of the share.
  void initialise(const Random& random, std::uint64_t& index, VectorRef params) const;

 private:
  struct Table {
    Index begin;
    bool dense;
  };

  SequenceLayout layout_;
  Index begin_, dense_end_, end_;
  std::vector<Table> tables_;
};

}  // namespace entivec
