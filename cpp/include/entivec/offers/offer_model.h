// An OfferNet as a Trainer trains it. An example is a block of transactions of different customers at about the
// same time: each is an offer that its own customer took and the others did not (yet). Every key of a step groups the
// shard's transactions into offers anew; the loss is the sum over the keys.
#pragma once

#include "entivec/offers/offer_net.h"
#include "entivec/train/model.h"

namespace entivec {

class OfferModel : public Model {
 public:
  // Borrows all of them; `customers` (view.events.entities rows) or null.
  OfferModel(const OfferNet& net, const OfferView& view, const TableView* customers);

  Index num_examples() const override { return static_cast<Index>(view_.order.size()) / net_.sizes().block; }
  Index num_params() const override { return net_.num_params(); }
  Index num_dense() const override { return net_.num_dense(); }
  std::unique_ptr<Workspace> workspace(Index capacity) const override;

  void load(const Step& step, Workspace& workspace) const override;
  void forward(const Step& step, ConstVectorRef params, Workspace& workspace) const override;
  Scalar backward(const Step& step, ConstVectorRef params, Workspace& workspace, Gradient& gradient) const override;

  // Mean loss of examples, without dropout; their keys are a function of the seed.
  double score(ConstVectorRef params, const std::vector<Index>& examples, std::uint64_t seed, int threads) const;

 private:
  struct Lane;
  struct Scratch;

  template <class Body>
  void each_customer(const Step& step, Scratch& own, const Body& body) const;
  RowGroups groups(const Step& step, Index augmentation, const Scratch& own) const;
  Scalar offers_loss(const Step& step, const RowGroups& groups, ConstVectorRef params, const Scratch& own, Lane& lane,
                     Gradient* gradient) const;
  Scalar pair_losses(const Step& step, const RowGroups& groups, const Scratch& own, Lane& lane) const;
  void moments(const RowGroups& groups, ConstVectorRef params, const Scratch& own, Lane& lane) const;
  void moments_backward(const RowGroups& groups, ConstVectorRef params, const Scratch& own, Lane& lane,
                        Gradient& gradient) const;
  Scalar losses(const Step& step, ConstVectorRef params, Scratch& own, Gradient* gradient) const;

  const OfferNet& net_;
  const OfferView& view_;
  const TableView* customers_;
  std::vector<Index> blocks_;  // transactions, block by block
};

// Vectors (n, net.metas()) of customers whose past are the transactions begin[i] … end[i].
void embed_offer_customers(const OfferNet& net, ConstVectorRef params, const OfferView& view, const std::int64_t* begin,
                           const std::int64_t* end, const TableView* customers, int threads, MatrixRef vectors);

// Vectors (n, net.interactions().contracted()) of offers: offer i is made of the transactions rows[offsets[i] …
// offsets[i + 1]).
void embed_offers(const OfferNet& net, ConstVectorRef params, const OfferView& view, const std::int64_t* offsets,
                  const std::int64_t* rows, Index offers, int threads, MatrixRef vectors);

// scores (customers, offers) of their vectors.
void score_offers(const OfferNet& net, ConstVectorRef params, ConstMatrixRef customers, ConstMatrixRef offers,
                  int threads, MatrixRef scores);

}  // namespace entivec
