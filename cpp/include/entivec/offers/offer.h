// Transactions as a model of offers reads them, and the sizes of that model.
#pragma once

#include <vector>

#include "entivec/events/event_view.h"
#include "entivec/table/table.h"

namespace entivec {

// An attribute of transactions: one code of each, or several, as CSR; 0 is missing.
struct OfferAttribute {
  const std::int32_t* codes = nullptr;
  Index stride = 1;                       // between transactions, where each has one
  const std::int64_t* offsets = nullptr;  // (events + 1), where each has several

  const std::int32_t* begin(Index event) const { return codes + (offsets ? offsets[event] : event * stride); }
  Index count(Index event) const { return offsets ? offsets[event + 1] - offsets[event] : 1; }
};

// Borrowed. What is learnt from are blocks of `order`, transactions in the order of their times over all customers, as
// `deal_blocks` makes them.
struct OfferView {
  EventView events;  // by customer, then time; codes are in `attributes`
  std::vector<OfferAttribute> attributes;
  std::vector<Index> order;
  std::vector<Index> customer;      // (events)
  const Scalar* weights = nullptr;  // (events) in the loss, or null
};

struct OfferSizes {
  std::vector<Index> levels;     // codes of every attribute, 0 and 1 included
  Index width = 16;              // of an embedding, and of a meta-feature
  Index metas = 3;               // meta-features of customers and of offers: at most 5
  std::vector<Index> hidden;     // layers over the interactions; none: their sum
  bool mask = true;              // whether the spread of an offer gates its meta-features
  bool bilinear = true;          // interactions of all pairs of meta-features by a kernel; else products of equal ones
  Index augmentations = 3;       // keys a step; 0: every transaction is an offer of its own
  Scalar key_length = 2;         // attributes of a key, on average before empty ones are drawn anew
  Scalar mixture = Scalar(0.5);  // share of groups that are mixed
  Index block = 5;               // transactions whose customers are compared
  Index max_length = 50;         // transactions of a customer's past, the latest

  Index attributes() const { return static_cast<Index>(levels.size()); }
};

// Transactions in blocks of `block` that lie behind each other, each of different customers: in their order, each goes
// into the first block that has room and none of its customer's. One customer's basket would be a block of its own
// otherwise, in which nobody is compared. What full blocks leave over follows as it came.
std::vector<Index> deal_blocks(const std::vector<Index>& order, const std::vector<Index>& customer, Index block);

// Throws std::invalid_argument where a code is none of its attribute's, or offsets fall.
void check_offers(const OfferSizes& sizes, const OfferView& view);

}  // namespace entivec
