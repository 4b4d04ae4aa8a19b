// A recurrent layer over packed sequences: what it has read so far, after every event.
//   GRU (Cho et al. 2014)                         LSTM (Hochreiter & Schmidhuber 1997, with a forget gate)
//   r = σ(W_r x + b_r + U_r h + c_r)              i, f, o = σ(W x + b + U h + c)
//   z = σ(W_z x + b_z + U_z h + c_z)              g = tanh(W_g x + b_g + U_g h + c_g)
//   n = tanh(W_n x + b_n + r ∘ (U_n h + c_n))     m ← f ∘ m + i ∘ g
//   h ← (1 − z) ∘ n + z ∘ h                       h ← o ∘ tanh(m)
// The equations, and the order r z n and i f g o of the gates, are PyTorch's. All gates of a time step are one product;
// the inputs' part is one product over all time steps.
#pragma once

#include <string_view>

#include "entivec/core/rng.h"
#include "entivec/nn/kernel_product.h"
#include "entivec/nn/linear.h"
#include "entivec/nn/packing.h"

namespace entivec {

enum class Cell { kGru, kLstm };

class Recurrent {
 public:
  Recurrent(Cell cell, Index in, Index hidden);

  Index in() const { return inputs_.in(); }
  Index hidden() const { return hidden_; }
  Index carried() const { return cell_ == Cell::kLstm ? 2 * hidden_ : hidden_; }  // h, and m of an LSTM

  // Maps of inputs (in → gates) and of states (hidden → gates), each kernel row-major, then bias.
  Index num_params() const { return inputs_.num_params() + states_.num_params(); }

  // Written by forward, read and overwritten by backward. Rows are those of the packed sequences.
  struct Cache {
    Matrix gates;   // (rows, gates)
    Matrix states;  // (rows, gates) of the product with the states; of an LSTM, of one time step
    Matrix before;  // (rows, carried) the state before each event
    Matrix memory;  // (rows, hidden) tanh(m) of an LSTM
    Matrix turned;  // (gates, hidden) the states' kernel transposed
  };
  Cache cache(Index rows, Index sequences) const;

  // x (rows, in) → y (rows, hidden). `state` (sequences, carried) is what the sequences begin with, and becomes what
  // they end with.
  void forward(const Packing& packing, ConstMatrixRef x, ConstVectorRef params, Cache& cache, MatrixRef state,
               MatrixRef y) const;

  // `d_state` is the gradient of what the sequences end with, and becomes that of what they begin with. Overwrites
  // `dx`; adds to `grads`, large kernels' parts later where there is a list for them.
  void backward(const Packing& packing, ConstMatrixRef x, ConstMatrixRef dy, ConstVectorRef params, Cache& cache,
                MatrixRef d_state, MatrixRef dx, VectorRef grads, KernelProducts* later = nullptr) const;

  // U(±1/√hidden), the default of PyTorch's.
  void initialise(const Random& random, std::uint64_t& index, VectorRef params) const;

 private:
  Cell cell_;
  Index hidden_;
  Linear inputs_, states_;
};

Cell cell_from_name(std::string_view name);

}  // namespace entivec
