// A HistoryNet as a Trainer trains it. An example is a customer; each visit draws one of the customer's events anew, so
// that all customers count alike, however much they do.
#pragma once

#include "entivec/offers/history_net.h"
#include "entivec/train/model.h"

namespace entivec {

class HistoryModel : public Model {
 public:
  // Borrows all of them; `customers` (view.events.entities rows) or null. Where order counts, an event is said from
  // those of its customer strictly before it; the first of them only where there is a table to say it from.
  HistoryModel(const HistoryNet& net, const HistoryView& view, const TableView* customers);

  Index num_examples() const override { return view_.events.entities; }
  Index num_params() const override { return net_.num_params(); }
  Index num_dense() const override { return net_.num_dense(); }
  std::unique_ptr<Workspace> workspace(Index capacity) const override;

  void load(const Step& step, Workspace& workspace) const override;
  void forward(const Step& step, ConstVectorRef params, Workspace& workspace) const override;
  Scalar backward(const Step& step, ConstVectorRef params, Workspace& workspace, Gradient& gradient) const override;

  // Events of a customer that can be said; who has none is no example.
  Index labels(Index customer) const {
    return label_offsets_[static_cast<std::size_t>(customer) + 1] - label_offsets_[static_cast<std::size_t>(customer)];
  }

  // Mean loss of examples, every item in the softmax; which events are drawn is a function of the seed.
  double score(ConstVectorRef params, const std::vector<Index>& examples, std::uint64_t seed, int threads) const;

 private:
  struct Scratch;

  void find_labels();
  void say_later_item(Index customer, const Random& random, std::uint64_t position, Scratch& own) const;
  void say_some_of_all(Index customer, Index example, const Random& random, std::uint64_t position, Scratch& own) const;
  Scalar age(Index event) const;
  Scalar losses(const Step& step, ConstVectorRef params, Scratch& own, Gradient* gradient) const;

  const HistoryNet& net_;
  HistoryView view_;
  const TableView* customers_;
  std::vector<Index> label_offsets_{0}, labels_;  // CSR: the events of each customer that can be said
  std::int64_t newest_ = 0, oldest_ = 0;          // of them
};

// Vectors (rows, net.width()) of histories as of now; `customers` (rows) or null. Those of a row depend on it alone.
void embed_histories(const HistoryNet& net, ConstVectorRef params, const HistoryView& view, const HistoryRows& rows,
                     const TableView* customers, int threads, MatrixRef vectors);

// scores (n, items − 2) of customers' vectors: log-odds of the items from kFirstItem on.
void score_items(const HistoryNet& net, ConstVectorRef params, ConstMatrixRef vectors, int threads, MatrixRef scores);

}  // namespace entivec
