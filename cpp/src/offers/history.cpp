#include "entivec/offers/history.h"

#include "entivec/core/check.h"

namespace entivec {

void check_histories(const HistorySizes& sizes, const HistoryView& view) {
  check_events(view.events);
  check(view.events.code_columns == 1, "histories", "one column of codes", view.events.code_columns);
  for (Index e = 0; e < view.events.events; ++e) {
    const std::int32_t code = view.events.codes[e];
    check(code >= 0 && code < sizes.items, "histories", "codes of items", code);
  }
  check((view.token_offsets != nullptr) == (sizes.tokens > 0), "histories", "tokens where sizes have them",
        view.token_offsets ? "some" : "none");
  if (!view.token_offsets) return;
  check(view.token_offsets[0] == 0, "histories", "offsets from 0", view.token_offsets[0]);
  for (Index e = 0; e < view.events.events; ++e)
    check(view.token_offsets[e] <= view.token_offsets[e + 1], "histories", "offsets that do not fall", e);
  for (Index t = 0; t < view.token_offsets[view.events.events]; ++t)
    check(view.tokens[t] >= 0 && view.tokens[t] < sizes.tokens, "histories", "tokens below their number",
          view.tokens[t]);
}

}  // namespace entivec
