#include "entivec/offers/offer.h"

#include "entivec/core/check.h"

namespace entivec {

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
