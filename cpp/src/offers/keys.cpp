#include "entivec/offers/keys.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <unordered_map>

#include "entivec/core/check.h"

namespace entivec {

namespace {

constexpr Index kMostSubgroups = 50;  // of one group
constexpr Index kFewestMerged = 2, kMostMerged = 6;
constexpr Index kMoreThanMedian = 5;

// Numbers groups anew, by their first row.
RowGroups by_first_row(const std::vector<Index>& of, std::vector<Index>* number = nullptr) {
  RowGroups groups;
  std::unordered_map<Index, Index> known;
  for (Index own : of) {
    const auto [at, fresh] = known.try_emplace(own, groups.count);
    if (fresh) {
      ++groups.count;
      if (number) number->push_back(own);
    }
    groups.of.push_back(at->second);
  }
  return groups;
}

// Sizes of groups above which they are split: a little more than the 40th of a hundred.
Index usual_size(const RowGroups& groups, const std::vector<Index>& sizes) {
  std::vector<Index> sorted = sizes;
  const auto at = static_cast<std::ptrdiff_t>(static_cast<double>(groups.count - 1) * 0.4);
  std::nth_element(sorted.begin(), sorted.begin() + at, sorted.end());
  return sorted[static_cast<std::size_t>(at)] + kMoreThanMedian;
}

// How many of `left` shuffled subgroups are merged next: 2 to 6, and never so that one is left over.
Index merged_next(Index left, Index drawn) {
  if (left <= kFewestMerged + 1) return left;
  if (drawn > left) drawn = left;
  return left - drawn == 1 ? drawn - 1 : drawn;
}

}  // namespace

KeyGenerator::KeyGenerator(Index attributes, Scalar average_length)
    : attributes_(attributes),
      threshold_(probability_threshold(std::min(average_length / static_cast<Scalar>(attributes), Scalar(1)))) {
  check(attributes > 0 && attributes <= 60, "KeyGenerator", "1 to 60 attributes", attributes);
  check(average_length > 0, "KeyGenerator", "average_length > 0", average_length);
}

std::vector<bool> KeyGenerator::draw(const Random& random, std::uint64_t number) const {
  std::vector<bool> kept(static_cast<std::size_t>(attributes_));
  RandomWords words(random, number << 24);
  for (bool any = false; !any;)
    for (Index a = 0; a < attributes_; ++a) {
      kept[static_cast<std::size_t>(a)] = words() < threshold_;
      any = any || kept[static_cast<std::size_t>(a)];
    }
  return kept;
}

RowGroups group_rows(const std::int32_t* codes, Index rows, Index attributes, const std::vector<bool>& kept) {
  check(static_cast<Index>(kept.size()) == attributes, "group_rows", attributes, kept.size());
  std::vector<Index> of(static_cast<std::size_t>(rows), 0);
  // Attribute by attribute: a group and a code become a group, exactly.
  std::unordered_map<std::uint64_t, Index> known;
  for (Index a = 0; a < attributes; ++a) {
    if (!kept[static_cast<std::size_t>(a)]) continue;
    known.clear();
    for (Index i = 0; i < rows; ++i) {
      Index& own = of[static_cast<std::size_t>(i)];
      const std::uint64_t key =
          (static_cast<std::uint64_t>(own) << 32) | static_cast<std::uint32_t>(codes[i * attributes + a]);
      own = known.try_emplace(key, static_cast<Index>(known.size())).first->second;
    }
  }
  return by_first_row(of);
}

RowGroups mix_groups(const RowGroups& groups, Scalar share, const Random& random, std::uint64_t number,
                     std::vector<Index>* parts) {
  if (parts) parts->assign(static_cast<std::size_t>(groups.count), 1);
  if (groups.count == 0) return groups;
  std::vector<Index> sizes(static_cast<std::size_t>(groups.count), 0);
  for (Index own : groups.of) ++sizes[static_cast<std::size_t>(own)];
  const Index usual = usual_size(groups, sizes);
  RandomWords words(random, number << 24);
  const auto below = [&](Index bound) {
    return static_cast<Index>((static_cast<std::uint64_t>(words()) * static_cast<std::uint64_t>(bound)) >> 32);
  };
  const std::uint64_t threshold = probability_threshold(share);
  std::vector<Index> split(static_cast<std::size_t>(groups.count), 0);  // into how many; 0: stays as it is
  for (std::size_t g = 0; g < split.size(); ++g)
    if (words() < threshold) split[g] = std::min(sizes[g] / usual + 1, kMostSubgroups);
  // Numbers beyond those of the groups that stay, so that none of them meet.
  std::vector<Index> of;
  for (Index own : groups.of) {
    const Index into = split[static_cast<std::size_t>(own)];
    of.push_back(into == 0 ? own : groups.count + own * kMostSubgroups + below(into));
  }
  std::vector<Index> names;
  const RowGroups fine = by_first_row(of, &names);
  std::vector<Index> mixed;
  for (Index g = 0; g < fine.count; ++g)
    if (names[static_cast<std::size_t>(g)] >= groups.count) mixed.push_back(g);
  for (Index i = static_cast<Index>(mixed.size()) - 1; i > 0; --i)
    std::swap(mixed[static_cast<std::size_t>(i)], mixed[static_cast<std::size_t>(below(i + 1))]);
  std::vector<Index> merged(static_cast<std::size_t>(fine.count));
  std::iota(merged.begin(), merged.end(), Index{0});
  std::vector<Index> made(static_cast<std::size_t>(fine.count), 1);
  for (std::size_t at = 0; at < mixed.size();) {
    const Index size =
        merged_next(static_cast<Index>(mixed.size() - at), kFewestMerged + below(kMostMerged - kFewestMerged + 1));
    for (Index k = 0; k < size; ++k)
      merged[static_cast<std::size_t>(mixed[at + static_cast<std::size_t>(k)])] = mixed[at];
    made[static_cast<std::size_t>(mixed[at])] = size;
    at += static_cast<std::size_t>(size);
  }
  for (Index& own : of) own = 0;
  for (std::size_t i = 0; i < of.size(); ++i) of[i] = merged[static_cast<std::size_t>(fine.of[i])];
  names.clear();
  const RowGroups result = by_first_row(of, &names);
  if (parts) {
    parts->clear();
    for (Index name : names) parts->push_back(made[static_cast<std::size_t>(name)]);
  }
  return result;
}

std::int32_t min_hash(const std::int32_t* values, Index count, std::uint64_t seed) {
  const Random random(seed, Stream::kNoise, 1);
  std::int32_t least = 0;
  std::uint64_t smallest = 0;
  for (Index k = 0; k < count; ++k) {
    const Random::Bits bits = random.bits(static_cast<std::uint64_t>(static_cast<std::uint32_t>(values[k])));
    const std::uint64_t hash = (static_cast<std::uint64_t>(bits[0]) << 32) | bits[1];
    if (k > 0 && (hash > smallest || (hash == smallest && values[k] >= least))) continue;
    least = values[k];
    smallest = hash;
  }
  return least;
}

void recency_weights(const std::int64_t* times, Index count, double half_life, Scalar* weights) {
  check(half_life > 0, "recency_weights", "half_life > 0", half_life);
  if (count == 0) return;
  const std::int64_t newest = *std::max_element(times, times + count);
  double sum = 0;
  const auto weight = [&](Index i) { return std::exp2(-static_cast<double>(newest - times[i]) / half_life); };
  for (Index i = 0; i < count; ++i) sum += weight(i);
  for (Index i = 0; i < count; ++i) weights[i] = static_cast<Scalar>(weight(i) * static_cast<double>(count) / sum);
}

}  // namespace entivec
