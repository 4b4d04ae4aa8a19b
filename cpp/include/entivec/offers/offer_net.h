// Propensity of customers for offers. One space of embeddings an attribute serves both sides.
//   customer   mean embedding of its past by attribute, how long that is, its row of a table → meta-features u_1 … u_m
//   offer      mean and variance of the embeddings of what it is made of → meta-features o_1 … o_m, gated by MaskNet
//   score      layers over their interactions
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "entivec/nn/gradient.h"
#include "entivec/nn/mlp.h"
#include "entivec/offers/bags.h"
#include "entivec/offers/meta_features.h"
#include "entivec/offers/offer.h"
#include "entivec/table/table_linear.h"

namespace entivec {

class OfferNet {
 public:
  // `customers`: of the table that stands beside the past, or null; borrowed.
  OfferNet(const OfferSizes& sizes, const TableLayout* customers);
  OfferNet(const OfferNet&) = delete;
  OfferNet& operator=(const OfferNet&) = delete;

  const OfferSizes& sizes() const { return sizes_; }
  const TableLayout* customers() const { return customers_; }

  // map of the past | map of the table | map of offers | gates | kernels | layers || embeddings
  Index num_params() const;
  Index num_dense() const { return tables_at_; }

  Index attributes() const { return sizes_.attributes(); }
  Index bag() const { return attributes() * sizes_.width; }    // width of the mean of a bag, and of its variance
  Index metas() const { return sizes_.metas * sizes_.width; }  // width of all meta-features of a customer or an offer
  const Interactions& interactions() const { return interactions_; }
  Index row(Index attribute, Index code) const {
    return row_offsets_[static_cast<std::size_t>(attribute)] + code * sizes_.width;
  }

  // Embedding of one attribute of a transaction, the mean over its values; where it has one, where that lies. `own`
  // (width) is memory for others. Null where it is missing.
  const Scalar* embedding(const OfferView& view, Index attribute, Index event, ConstVectorRef params,
                          Scalar* own) const;
  void add_embedding(const OfferView& view, Index attribute, Index event, const Scalar* d, Vector& scratch,
                     Gradient& gradient) const;

  // The different values of a customer's past, attribute by attribute, and their shares of the transactions that have
  // one: a value among n of a transaction is 1/n of it.
  struct Past {
    std::vector<std::int32_t> codes;
    std::vector<Scalar> shares;
    std::vector<std::size_t> ends;  // of the attributes
    Index length = 0;
  };
  // Memory for it: by code, zeros between calls.
  std::vector<Scalar> counts() const;
  // Of the transactions begin … end, the latest of them.
  void read_past(const OfferView& view, Index begin, Index end, std::vector<Scalar>& counts, Past& past) const;

  // x (bag() + 1): means over the past, and how long it is.
  void look_up_past(const Past& past, ConstVectorRef params, Scalar* x) const;
  void add_past(const Past& past, const Scalar* dx, Gradient& gradient) const;

  // x (n, bag() + 1), rows of the table or null → u (n, metas())
  void customers_forward(ConstMatrixRef x, const Batch* batch, ConstVectorRef params, MatrixRef u) const;
  void customers_backward(ConstMatrixRef x, const Batch* batch, ConstMatrixRef du, ConstVectorRef params, MatrixRef dx,
                          Gradient& gradient) const;

  struct OfferCache {
    Matrix plain, gate, offer, d_offer, d_plain, d_gate;
    MaskNet::Cache mask;
  };
  OfferCache offer_cache(Index capacity) const;
  // mean, variance (n, bag()) → v (n, interactions().contracted())
  void offers_forward(ConstMatrixRef mean, ConstMatrixRef variance, ConstVectorRef params, OfferCache& cache,
                      MatrixRef v) const;
  // Overwrites d_mean and d_variance.
  void offers_backward(ConstMatrixRef mean, ConstMatrixRef dv, ConstVectorRef params, OfferCache& cache,
                       MatrixRef d_mean, MatrixRef d_variance, Gradient& gradient) const;

  // s (n, interactions().count()) → scores (n, 1)
  Mlp::Cache score_cache(Index capacity) const;
  void scores_forward(ConstMatrixRef s, ConstVectorRef params, const Dropout& dropout, Mlp::Cache& cache,
                      MatrixRef scores) const;
  void scores_backward(ConstMatrixRef s, ConstMatrixRef d_scores, ConstVectorRef params, Mlp::Cache& cache,
                       MatrixRef ds, Gradient& gradient) const;

  void initialise(std::uint64_t seed, VectorRef params) const;

 private:
  OfferSizes sizes_;
  const TableLayout* customers_;
  FeatureCompression past_, offer_;
  Interactions interactions_;
  std::optional<TableLinear> table_;
  std::optional<MaskNet> mask_;
  std::optional<Mlp> layers_;
  Index table_at_, offer_at_, mask_at_, kernel_at_, layers_at_, tables_at_;
  std::vector<Index> row_offsets_;  // by attribute
};

}  // namespace entivec
