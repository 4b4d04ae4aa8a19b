// Customers as vectors of what they did (Covington, Adams & Sargin 2016): the mean of the vectors of a history's items,
// that of its searches' words, the age of the example and a row of the customers' table, through layers of relu. What
// these say is added to the mean of the items' vectors (a layer's residual, He et al. 2016): there is factorisation in
// it from the start. Items are scored by their own vectors and biases.
#pragma once

#include <optional>

#include "entivec/loss/row_softmax.h"
#include "entivec/nn/mlp.h"
#include "entivec/offers/history.h"
#include "entivec/table/table_linear.h"

namespace entivec {

// Without layers and further inputs a customer is the mean of the vectors of the items: matrix factorisation.
class HistoryNet {
 public:
  // `customers`: of the table that stands beside the histories, or null; borrowed.
  HistoryNet(const HistorySizes& sizes, const TableLayout* customers);
  HistoryNet(const HistoryNet&) = delete;
  HistoryNet& operator=(const HistoryNet&) = delete;

  const HistorySizes& sizes() const { return sizes_; }
  const TableLayout* customers() const { return customers_; }

  // first map | layers | map of the table | items' scores, where all are in the softmax || these, where they are not |
  // vectors of items, but of those that are scored where these are tied | vectors of tokens
  Index num_params() const { return tokens_at_ + sizes_.tokens * width(); }
  Index num_dense() const { return dense_; }
  Index width() const { return sizes_.components; }
  Index inputs() const { return width() * (sizes_.tokens > 0 ? 2 : 1) + (sizes_.age ? 1 : 0); }
  const RowSoftmax& softmax() const { return softmax_; }
  Index item_row(Index code) const {
    return scored_too(code) ? softmax_.row(code - kFirstItem) : items_at_ + code * width();
  }
  Index token_row(Index token) const { return tokens_at_ + token * width(); }

  // What is known of one example: the events begin … end but those of the items that `left_out` marks.
  struct History {
    Index begin, end;
    const std::vector<bool>* left_out = nullptr;  // by code, or null
    Scalar age = 0;                               // from 0 (now) to 1 (as old as the oldest example)
  };

  // x (inputs()): overwritten.
  void look_up(const HistoryView& view, const History& history, ConstVectorRef params, Scalar* x) const;
  void add_gradient(const HistoryView& view, const History& history, const Scalar* dx, Vector& scratch,
                    Gradient& gradient) const;

  struct Cache {
    Matrix x, kept, first, d_first, table;  // kept: what dropout leaves of the inputs
    Mlp::Cache layers;
  };
  Cache cache(Index capacity) const;

  // Dropout leaves out numbers of the means, too, as few events make them.
  // x (n, inputs()), `batch` the rows of the customers' table or null → vectors (n, width())
  void forward(ConstMatrixRef x, const Batch* batch, ConstVectorRef params, const Dropout& dropout, Cache& cache,
               MatrixRef vectors) const;
  // Overwrites `dx`; adds to `gradient`.
  void backward(const Batch* batch, ConstMatrixRef d_vectors, ConstVectorRef params, Cache& cache, MatrixRef dx,
                Gradient& gradient) const;

  // `share` (scored()) of training events by item: where biases start, as their logarithms; or empty.
  void initialise(std::uint64_t seed, const std::vector<double>& share, VectorRef params) const;

 private:
  bool maps() const { return first_.out() > 0; }
  Index means() const { return inputs() - (sizes_.age ? 1 : 0); }  // numbers of the inputs before the age
  bool scored_too(Index code) const { return sizes_.tied && code >= kFirstItem; }
  // The events of a history that there is room for.
  Index first_event(const History& history) const;
  template <class Visit>
  void for_each_item(const HistoryView& view, const History& history, const Visit& visit) const;
  template <class Visit>
  void for_each_token(const HistoryView& view, const History& history, const Visit& visit) const;

  HistorySizes sizes_;
  const TableLayout* customers_;
  std::optional<Mlp> layers_;
  Linear first_;
  std::optional<TableLinear> table_;
  Index table_at_, dense_, items_at_, tokens_at_;
  RowSoftmax softmax_;
};

}  // namespace entivec
