#include "entivec/sequences/layout.h"

#include <numeric>

#include "entivec/core/check.h"

namespace entivec {

Index SequenceLayout::event() const { return std::accumulate(widths.begin(), widths.end(), numbers + predicted); }

Index SequenceGuide::outputs() const { return std::accumulate(classes.begin(), classes.end(), numbers); }

Reader reader_from_name(std::string_view name) {
  if (name == "gru") return Reader::kGru;
  if (name == "lstm") return Reader::kLstm;
  if (name == "none") return Reader::kNone;
  fail("cell", "gru, lstm or none", name);
}

Pooling pooling_from_name(std::string_view name) {
  if (name == "mean") return Pooling::kMean;
  if (name == "last") return Pooling::kLast;
  fail("pooling", "mean or last", name);
}

Objective objective_from_name(std::string_view name) {
  if (name == "next") return Objective::kNext;
  if (name == "reconstruct") return Objective::kReconstruct;
  if (name == "contrastive") return Objective::kContrastive;
  fail("objective", "next, reconstruct or contrastive", name);
}

void check_sequences(const SequenceLayout& layout, const SequenceView& view, Index events) {
  check(view.offsets[0] == 0, "offsets", 0, view.offsets[0]);
  for (Index e = 0; e < view.entities; ++e)
    check(view.length(e) >= 0, "offsets", "numbers that never fall", view.offsets[e + 1]);
  check(view.offsets[view.entities] == events, "offsets", events, view.offsets[view.entities]);
  for (Index i = 0; i < events; ++i)
    for (Index c = 0; c < layout.categories(); ++c) {
      const std::int32_t code = view.codes[i * layout.categories() + c];
      check(code >= 0 && code < layout.levels[static_cast<std::size_t>(c)], "codes", "levels of the category", code);
    }
}

}  // namespace entivec
