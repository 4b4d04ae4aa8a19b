#include "entivec/table/channel_grid.h"

#include <numeric>

#include "entivec/core/check.h"

namespace entivec {

Positions::Positions(const TableLayout& layout, const ChannelGrid& grid)
    : channels_(grid.channels), dense_(layout.dense()) {
  check(channels_ > 0, "ChannelGrid", "channels > 0", channels_);
  std::vector<Index> cells = grid.cells;
  if (cells.empty()) {
    check(channels_ == 1, "ChannelGrid", "a cell for every number", "none");
    cells.resize(static_cast<std::size_t>(dense_));
    std::iota(cells.begin(), cells.end(), Index{0});
  }
  check(static_cast<Index>(cells.size()) == dense_, "ChannelGrid, cells", dense_, cells.size());
  for (Index cell : cells) {
    check(cell >= 0, "ChannelGrid", "cells >= 0", cell);
    numbers_ = std::max(numbers_, cell / channels_ + 1);
  }
  columns_.assign(static_cast<std::size_t>(numbers_ * channels_), -1);
  for (std::size_t j = 0; j < cells.size(); ++j) {
    Index& column = columns_[static_cast<std::size_t>(cells[j])];
    check(column < 0, "ChannelGrid", "a cell for every number", cells[j]);
    column = static_cast<Index>(j);
  }
  inputs_ = behind(layout.inputs());
  outputs_ = behind(layout.outputs());
}

void Positions::gather_numbers(ConstMatrixRef numbers, Index first, Index size, MatrixRef x) const {
  for (Index i = 0; i < numbers.rows(); ++i)
    for (Index p = 0; p < size; ++p)
      for (Index k = 0; k < channels_; ++k) {
        const Index j = column(first + p, k);
        x(i * size + p, k) = j < 0 ? 0 : numbers(i, j);
      }
}

void Positions::gather_outputs(ConstMatrixRef outputs, Index first, Index size, MatrixRef x) const {
  for (Index i = 0; i < outputs.rows(); ++i)
    for (Index p = 0; p < size; ++p)
      for (Index k = 0; k < channels_; ++k) {
        const Index j = output(first + p, k);
        x(i * size + p, k) = j < 0 ? 0 : outputs(i, j);
      }
}

void Positions::add_to_outputs(ConstMatrixRef x, Index first, Index size, MatrixRef outputs) const {
  for (Index i = 0; i < outputs.rows(); ++i)
    for (Index p = 0; p < size; ++p)
      for (Index k = 0; k < channels_; ++k)
        if (const Index j = output(first + p, k); j >= 0) outputs(i, j) += x(i * size + p, k);
}

}  // namespace entivec
