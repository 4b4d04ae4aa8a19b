// Draws from a discrete distribution in one look-up (Vose 1991, "A linear algorithm for generating random numbers with
// a given distribution").
#pragma once

#include <vector>

#include "entivec/core/types.h"

namespace entivec {

class AliasTable {
 public:
  AliasTable() = default;
  explicit AliasTable(const std::vector<double>& weights);  // ≥ 0, with a positive sum

  Index size() const { return static_cast<Index>(cells_.size()); }

  // The index that 32 random bits stand for: the column by their product with the size, the side by its fraction.
  std::int32_t operator()(std::uint32_t bits) const {
    const std::uint64_t product = std::uint64_t{bits} * cells_.size();
    const auto column = static_cast<std::size_t>(product >> 32);
    const Cell& cell = cells_[column];
    return static_cast<std::uint32_t>(product) < cell.threshold ? static_cast<std::int32_t>(column) : cell.alias;
  }

 private:
  struct Cell {
    std::uint64_t threshold;  // of 32 bits; 2³²: never the alias
    std::int32_t alias;
  };
  std::vector<Cell> cells_;
};

}  // namespace entivec
