// Keys that group the rows of a batch: by the values of some attributes, as an offer "brand = A and type = B" groups
// what it is made of; merged at random, as an offer "… or …" does; and one value in place of several. All of it is
// noise of a step's input, and has its stream of random numbers.
#pragma once

#include <vector>

#include "entivec/core/rng.h"

namespace entivec {

// The group of every row; groups are numbered by their first row.
struct RowGroups {
  std::vector<Index> of;
  Index count = 0;
};

// Which attributes a key keeps: each with probability average length / attributes, and at least one.
class KeyGenerator {
 public:
  KeyGenerator(Index attributes, Scalar average_length);

  // A function of the number of the key. Empty keys are drawn anew.
  std::vector<bool> draw(const Random& random, std::uint64_t number) const;

 private:
  Index attributes_;
  std::uint64_t threshold_;
};

// Rows of codes (n, attributes) that are equal in every attribute kept.
RowGroups group_rows(const std::int32_t* codes, Index rows, Index attributes, const std::vector<bool>& kept);

// A share of the groups is split at random into smaller ones, the large ones into more, and 2 to 6 of those are merged
// into one. `parts`, where given, receives of how many subgroups every new group is made.
RowGroups mix_groups(const RowGroups& groups, Scalar share, const Random& random, std::uint64_t number,
                     std::vector<Index>* parts = nullptr);

// One of several values: that of the smallest hash. Two sets give the same one with the probability of their Jaccard
// similarity (Broder 1997); 0 of none.
std::int32_t min_hash(const std::int32_t* values, Index count, std::uint64_t seed);

// Weights of rows that halve with every `half_life` before the newest, one on average.
void recency_weights(const std::int64_t* times, Index count, double half_life, Scalar* weights);

}  // namespace entivec
