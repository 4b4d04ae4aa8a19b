// The positions along which 1×1 convolutions run, and the channels of each. By default every input row and every output
// is a position of one channel. A grid lets several numbers of a table be the channels of one position, as the periods
// of a product are; whatever is no number stays a position of its own, in the first channel, behind those of numbers.
#pragma once

#include <vector>

#include "entivec/table/layout.h"

namespace entivec {

struct ChannelGrid {
  Index channels = 1;
  std::vector<Index> cells;  // (c) position · channels + channel of every dense column; empty: column j is position j
};

class Positions {
 public:
  // Throws std::invalid_argument where two columns share a cell.
  Positions(const TableLayout& layout, const ChannelGrid& grid);

  Index channels() const { return channels_; }
  Index numbers() const { return numbers_; }  // positions of numbers, which come first
  Index inputs() const { return inputs_; }    // positions at the input
  Index outputs() const { return outputs_; }  // positions at the output

  // The position of an input row, or of an output, that is no number.
  Index behind(Index j) const { return j - dense_ + numbers_; }

  // The dense column in a channel of a position of numbers; −1 where there is none.
  Index column(Index position, Index channel) const {
    return columns_[static_cast<std::size_t>(position * channels_ + channel)];
  }

  // Cells x (rows · size, channels), row by row, of the positions first … first + size from numbers (rows, c or more):
  // 0 where there is no column.
  void gather_numbers(ConstMatrixRef numbers, Index first, Index size, MatrixRef x) const;

  // The same of outputs (rows, outputs) and back, which adds.
  void gather_outputs(ConstMatrixRef outputs, Index first, Index size, MatrixRef x) const;
  void add_to_outputs(ConstMatrixRef x, Index first, Index size, MatrixRef outputs) const;

 private:
  Index output(Index position, Index channel) const {
    if (position < numbers_) return column(position, channel);
    return channel == 0 ? position - numbers_ + dense_ : -1;
  }

  Index channels_, dense_, numbers_ = 0, inputs_, outputs_;
  std::vector<Index> columns_;  // by cell
};

}  // namespace entivec
