#include "entivec/offers/offer.h"

#include <unordered_map>

#include "entivec/core/check.h"

namespace entivec {

std::vector<Index> deal_blocks(const std::vector<Index>& order, const std::vector<Index>& customer, Index block) {
  // All blocks with room before a customer's latest one have the customer: the next with room behind it is the first
  // without. `next` leads there, over the full ones.
  std::vector<std::vector<Index>> blocks;
  std::vector<std::size_t> next;
  const auto with_room = [&](std::size_t at) {
    while (at < next.size() && next[at] != at) {
      if (next[at] < next.size()) next[at] = next[next[at]];
      at = next[at];
    }
    return at;
  };
  std::unordered_map<Index, std::size_t> behind;  // the block after the latest of each customer
  for (Index event : order) {
    std::size_t& own = behind[customer[static_cast<std::size_t>(event)]];
    const std::size_t at = with_room(own);
    if (at == blocks.size()) {
      blocks.emplace_back();
      next.push_back(at);
    }
    blocks[at].push_back(event);
    if (static_cast<Index>(blocks[at].size()) == block) next[at] = at + 1;
    own = at + 1;
  }
  std::vector<Index> dealt, left;
  for (const std::vector<Index>& one : blocks) {
    std::vector<Index>& into = static_cast<Index>(one.size()) == block ? dealt : left;
    into.insert(into.end(), one.begin(), one.end());
  }
  dealt.insert(dealt.end(), left.begin(), left.end());
  return dealt;
}

void check_offers(const OfferSizes& sizes, const OfferView& view) {
  check_events(view.events);
  const auto events = static_cast<std::size_t>(view.events.events);
  check(static_cast<Index>(view.attributes.size()) == sizes.attributes(), "offers", sizes.attributes(),
        view.attributes.size());
  check(view.customer.size() == events, "offers", events, view.customer.size());
  for (Index event : view.order)
    check(event >= 0 && event < view.events.events, "offers", "an order of the transactions", event);
  for (std::size_t a = 0; a < view.attributes.size(); ++a) {
    const OfferAttribute& attribute = view.attributes[a];
    for (Index e = 0; e < view.events.events; ++e) {
      check(attribute.count(e) >= 0, "offers", "offsets that do not fall", e);
      for (Index k = 0; k < attribute.count(e); ++k)
        check(attribute.begin(e)[k] >= 0 && attribute.begin(e)[k] < sizes.levels[a], "offers", "codes of the attribute",
              attribute.begin(e)[k]);
    }
  }
}

}  // namespace entivec
