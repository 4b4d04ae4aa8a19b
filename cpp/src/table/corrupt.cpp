#include "entivec/table/corrupt.h"

#include <cmath>
#include <limits>

namespace entivec {

namespace {

// Draws, for one row, which source columns are hit; the layers never see the draw itself.
class RowNoise {
 public:
  RowNoise(const TableLayout& layout, const Corruption& corruption, const Random& random, std::uint64_t row,
           std::vector<std::uint8_t>& hit)
      : hit_(hit), words_(random, row << 20) {
    const auto threshold = probability_threshold(corruption.level);
    for (Index s = 0; s < layout.sources(); ++s) hit_[static_cast<std::size_t>(s)] = words_() < threshold;
  }
  bool operator[](Index source) const { return hit_[static_cast<std::size_t>(source)] != 0; }
  std::uint32_t word() { return words_(); }

 private:
  std::vector<std::uint8_t>& hit_;
  RandomWords words_;
};

// Replaces the hit dense columns of a row `x` and their gap flags by those of `donor` (−1: by missing cells).
void replace_dense(const TableLayout& layout, const TableView& table, const RowNoise& hit, Index donor, Scalar* x) {
  const Index c = layout.dense();
  const auto is_hit = [&](Index j) { return hit[layout.columns().dense_source[static_cast<std::size_t>(j)]]; };
  const auto value = [&](Index j) {
    return donor < 0 ? std::numeric_limits<Scalar>::quiet_NaN() : table.dense[donor * c + j];
  };
  for (Index j = 0; j < c; ++j)
    if (is_hit(j)) x[j] = std::isnan(value(j)) ? Scalar(0) : value(j);
  Scalar* flag = x + c;
  for (Index j : layout.flag_columns()) {
    if (is_hit(j)) *flag = std::isnan(value(j)) ? Scalar(1) : Scalar(0);
    ++flag;
  }
}

// Replaces the hit source columns of row i by those of `donor` (−1: by missing cells).
void replace(const TableLayout& layout, const TableView& table, const RowNoise& hit, Index donor, Index i,
             Batch& batch) {
  const auto& columns = layout.columns();
  if (layout.dense() > 0) replace_dense(layout, table, hit, donor, batch.dense.row(i).data());
  for (Index j = 0; j < layout.codes(); ++j)
    if (hit[columns.code_source[static_cast<std::size_t>(j)]])
      batch.codes(i, j) = donor < 0 ? 0 : table.codes[donor * layout.codes() + j];
  if (layout.bag() > 0 && hit[columns.bag_source]) batch.bag_input[static_cast<std::size_t>(i)] = donor;
}

void add_gaussian(const TableLayout& layout, Scalar sd, const Random& random, std::uint64_t row, Index i,
                  Batch& batch) {
  for (Index j = 0; j < layout.dense(); ++j)
    if (!std::isnan(batch.dense_target(i, j)))
      batch.dense(i, j) += sd * static_cast<Scalar>(random.normal((row << 20) + static_cast<std::uint64_t>(j)));
}

void hide_levels(const TableLayout& layout, Scalar rate, const Random& random, std::uint64_t row, Index i,
                 Batch& batch) {
  // The upper half of a row's counter range: never the words that drew its noise.
  RandomWords words(random, (row << 20) + (1u << 19));
  const auto threshold = probability_threshold(rate);
  for (Index j = 0; j < layout.codes(); ++j)
    if (words() < threshold && batch.codes(i, j) != 0) batch.codes(i, j) = 1;
}

}  // namespace

Corruption Corruption::at(Scalar progress) const {
  Corruption left = *this;
  if (span > 0) left.level *= std::max(Scalar(0), 1 - progress / span);
  return left;
}

void corrupt(const TableLayout& layout, const Corruption& corruption, const Random& random, std::uint64_t position,
             const std::vector<Index>& donors, Batch& batch) {
  thread_local std::vector<std::uint8_t> hit;  // grows once a thread
  hit.resize(static_cast<std::size_t>(layout.sources()));
  for (Index i = 0; i < batch.size; ++i) {
    const std::uint64_t row = position + static_cast<std::uint64_t>(i);
    if (corruption.kind == NoiseKind::kGaussian && corruption.level > 0)
      add_gaussian(layout, corruption.level, random, row, i, batch);
    if ((corruption.kind == NoiseKind::kSwap || corruption.kind == NoiseKind::kMask) && corruption.level > 0) {
      const RowNoise noise(layout, corruption, random, row, hit);
      Index donor = -1;
      if (corruption.kind == NoiseKind::kSwap)
        donor = donors[static_cast<std::size_t>(
            random.below((row << 20) + (1u << 19) - 1, static_cast<Index>(donors.size())))];
      replace(layout, *batch.table, noise, donor, i, batch);
    }
    if (corruption.unknown_rate > 0 && layout.codes() > 0)
      hide_levels(layout, corruption.unknown_rate, random, row, i, batch);
  }
}

}  // namespace entivec
