// 1×1 convolutions along the rows of a table, flattened into an affine map: y = b + Σ_j f(x_j) W_j
//   x (n, inputs) what TableLinear multiplies   W (positions · c, out)   b (out)   y (n, out)
// f: R^k → R^c is the chain of convolutions k → c1 → … → c with its activations, one small network that all positions
// share; x_j are the k channels of position j (table/channel_grid.h; usually one, the input row itself) and W_j the c
// rows of W from j · c on.
//
// Gap flags and one-hot cells are 0 or 1, bag shares mostly 0:
//   y = b + Σ_dense f(x_j) W_j + Σ_others f(0) W_j + Σ_others with x_j ≠ 0 (f(x_j) − f(0)) W_j
// The second sum is one vector a batch and (f(1) − f(0)) W_j a row that is looked up, so that f is computed of the
// dense cells, of 0 and 1, and of the shares.
#pragma once

#include <vector>

#include "entivec/nn/mlp.h"
#include "entivec/table/channel_grid.h"
#include "entivec/table/table.h"

namespace entivec {

// Cells that are convolved at a time, so that scratch stays small however wide the table is: at least one a row.
Index block_cells(Index capacity);

class TableConv {
 public:
  // `channels` c1, …, c.
  TableConv(const TableLayout& layout, const ChannelGrid& grid, const std::vector<Index>& channels, Index out,
            Activation activation);

  // Cells x (m, k) in f.
  struct Cells {
    Matrix x, h, dh, dx;
    Mlp::Cache net;
  };
  struct BagCell {
    Index row, input;
  };
  struct Cache {
    Cells block;               // dense cells of a few positions, or bag cells
    Cells ends;                // 0 and 1
    Matrix looked_up;          // (flags + codes, out): (f(1) − f(0)) W_j; in backward Σ dy of the rows with x_j = 1
    Vector rise, sum;          // (c) f(1) − f(0); (out) of what all rows share
    std::vector<BagCell> bag;  // the cells in `block`
    Vector share;              // (v) of one row; zero between rows
  };
  Cache cache(Index capacity) const;

  Index out() const { return out_; }
  const Linear& flat() const { return flat_; }                                 // W and b
  Index num_params() const { return net_.num_params() + flat_.num_params(); }  // the maps of f, W row-major, b

  void forward(const Batch& batch, ConstVectorRef params, Cache& cache, MatrixRef y) const;

  // After forward with the same arguments. Adds to `grads`.
  void backward(const Batch& batch, ConstMatrixRef dy, ConstVectorRef params, Cache& cache, VectorRef grads) const;

  // After forward: j (n · out, inputs) = ∂y/∂x, by row, then output.
  void jacobian(const Batch& batch, ConstVectorRef params, Cache& cache, MatrixRef j) const;

  // rate · Σ w² over the kernels of f. Adds to `grads`.
  Scalar l2(Scalar rate, ConstVectorRef params, VectorRef grads) const {
    return net_.l2(rate, net_.depth(), params.head(net_.num_params()), grads.head(net_.num_params()));
  }

  // All maps uniform; W and b zero where y is to start at zero.
  void initialise(const Random& random, std::uint64_t& index, bool start_at_zero, VectorRef params) const;

 private:
  Cells cells(Index count) const;
  void run(Index count, ConstVectorRef params, Cells& cells) const;
  void run_back(Index count, ConstVectorRef params, Cells& cells, VectorRef grads) const;
  void run_tangent(Index count, Index channel, ConstVectorRef params, Cells& cells) const;
  template <class Visit>
  void for_each_dense_block(const Batch& batch, Matrix& x, const Visit& visit) const;
  Index behind(Index input) const { return positions_.behind(input) * channels_; }  // its row of W

  // Sums over the positions that are not dense: into cache.sum and cache.looked_up, and back.
  void fold(ConstVectorRef params, Cache& cache) const;
  void fold_back(ConstVectorRef params, Cache& cache, VectorRef grads) const;

  ConstMatrixMap kernel(ConstVectorRef params) const {
    return {params.data() + net_.num_params(), flat_.in(), flat_.out()};
  }
  MatrixMap kernel(VectorRef grads) const { return {grads.data() + net_.num_params(), flat_.in(), flat_.out()}; }

  const TableLayout& layout_;
  Positions positions_;
  Index channels_, out_, looked_up_;  // looked_up_: flags and codes
  Mlp net_;
  Linear flat_;
};

}  // namespace entivec
