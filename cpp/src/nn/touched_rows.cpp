#include "entivec/nn/touched_rows.h"

#include <algorithm>
#include <bit>

namespace entivec {

namespace {

constexpr std::size_t kFewestSlots = 64;
constexpr Index kFree = -1;

// The upper bits of a product with 2^64 / golden ratio: neighbouring rows lie apart (Knuth, vol. 3, 6.4).
std::size_t spread(Index begin, std::size_t slots) {
  const auto product = static_cast<std::uint64_t>(begin) * 0x9e3779b97f4a7c15u;
  return static_cast<std::size_t>(product >> (64 - std::countr_zero(slots)));
}

}  // namespace

std::size_t TouchedRows::slot_of(Index begin) const {
  std::size_t slot = spread(begin, slots_.size());
  while (slots_[slot].number != kFree && slots_[slot].begin != begin) slot = (slot + 1) % slots_.size();
  return slot;
}

void TouchedRows::grow() {
  slots_.assign(std::max(kFewestSlots, 2 * slots_.size()), {0, kFree});
  for (std::size_t r = 0; r < rows_.size(); ++r)
    slots_[slot_of(rows_[r].begin)] = {rows_[r].begin, static_cast<Index>(r)};
}

void TouchedRows::add(Index begin, const Scalar* d, Index width) {
  if (2 * (rows_.size() + 1) > slots_.size()) grow();
  Slot& slot = slots_[slot_of(begin)];
  if (slot.number == kFree) {
    slot = {begin, static_cast<Index>(rows_.size())};
    rows_.push_back({begin, width, static_cast<Index>(numbers_.size())});
    numbers_.insert(numbers_.end(), d, d + width);
    return;
  }
  Eigen::Map<Vector>(numbers_.data() + rows_[static_cast<std::size_t>(slot.number)].at, width) +=
      Eigen::Map<const Vector>(d, width);
}

const Scalar* TouchedRows::find(Index begin) const {
  if (rows_.empty()) return nullptr;
  const Index number = slots_[slot_of(begin)].number;
  return number == kFree ? nullptr : gradient(rows_[static_cast<std::size_t>(number)]);
}

void TouchedRows::clear() {
  std::fill(slots_.begin(), slots_.end(), Slot{0, kFree});
  rows_.clear();
  numbers_.clear();
}

}  // namespace entivec
