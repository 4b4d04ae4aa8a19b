// What customers did, as a model of histories reads it, and the sizes of that model.
#pragma once

#include <vector>

#include "entivec/events/event_view.h"
#include "entivec/table/table.h"

namespace entivec {

// Codes of items: 0 missing, 1 other or unseen, which only inputs have.
constexpr std::int32_t kFirstItem = 2;

// Events of customers, borrowed; the one column of codes is the item.
struct HistoryView {
  EventView events;
  const std::int64_t* token_offsets = nullptr;  // (events + 1) CSR: the words of an event's search; null without any
  const std::int32_t* tokens = nullptr;
};

// Histories: that of row r are the events begin[r] … end[r] of the view.
struct HistoryRows {
  Index rows = 0;
  const std::int64_t* begin = nullptr;
  const std::int64_t* end = nullptr;
};

struct HistorySizes {
  Index items = kFirstItem;       // codes, the first two included
  Index tokens = 0;               // of searches; 0 without them
  bool age = false;               // whether the age of an example is an input
  std::vector<Index> hidden;      // layers before the last
  Index components = 64;          // width of all vectors
  Index max_length = 500;         // events of a history, the latest
  bool tied = true;               // an item has one vector, as an input and as what is scored
  bool ordered = true;            // an item is said from what was before it; else some items from all others
  Scalar held_out = Scalar(0.5);  // share of items that are said from the others, where there is no order
  Index full_softmax = 50'000;    // items up to which every one of them is in the softmax
  Index sampled = 1024;           // draws where there are more

  Index scored() const { return items - kFirstItem; }
};

// Throws std::invalid_argument where a code or a token is none of the sizes', or offsets fall.
void check_histories(const HistorySizes& sizes, const HistoryView& view);

}  // namespace entivec
