// From event vectors to states: recurrent layers on top of each other, or the mean so far and two dense layers; then,
// where states are to have a width of their own, a linear map.
#pragma once

#include "entivec/nn/mlp.h"
#include "entivec/nn/recurrent.h"
#include "entivec/sequences/layout.h"

namespace entivec {

// Dropout of packed sequences: a mask is a function of the sequence's number in the training and the event's in it.
struct PackedDropout {
  Scalar rate = 0;
  std::uint64_t seed = 0;
  const std::uint64_t* positions = nullptr;  // (sequences)
  Index first_event = 0;                     // of the packed ones, in their sequences

  // Multiplies by 0 or 1/(1 − rate).
  void apply(std::uint32_t layer, const Packing& packing, MatrixRef m) const;
};

class Stack {
 public:
  Stack(Index in, const SequenceSizes& sizes);

  Index in() const { return in_; }
  Index out() const;
  Index carried() const { return carried_; }  // of all layers, between pieces of a sequence
  Index num_params() const { return num_params_; }

  struct Cache {
    std::vector<Recurrent::Cache> layers;
    std::vector<Matrix> h, dh;  // of every layer
    Matrix mean;
    Mlp::Cache dense;
  };
  Cache cache(Index rows, Index sequences) const;

  // carry (sequences, carried): what sequences begin with, which is learnt.
  void start(ConstVectorRef params, MatrixRef carry) const;
  void start_backward(ConstMatrixRef d_carry, VectorRef grads) const;

  // x (rows, in) → states (rows, out); drops out x itself. `carry` becomes what the sequences end with.
  void forward(const Packing& packing, MatrixRef x, ConstVectorRef params, const PackedDropout& dropout, Cache& cache,
               MatrixRef carry, MatrixRef states) const;

  // `x` and `carry` as forward left them. `d_carry` becomes the gradient of what the sequences began with. Overwrites
  // `dx`; adds to `grads`.
  void backward(const Packing& packing, ConstMatrixRef x, ConstMatrixRef d_states, ConstVectorRef params,
                const PackedDropout& dropout, Cache& cache, MatrixRef carry, MatrixRef d_carry, MatrixRef dx,
                VectorRef grads) const;

  // The states of what they carry (n, carried): of sequences that have not begun.
  void outset(ConstMatrixRef carry, ConstVectorRef params, MatrixRef states) const;

  void initialise(const Random& random, std::uint64_t& index, VectorRef params) const;

 private:
  auto at(Index layer) const { return static_cast<std::size_t>(layer); }
  Index depth() const { return static_cast<Index>(layers_.size()); }
  bool projected() const { return projection_.out() > 0; }

  Index in_, carried_ = 0, num_params_ = 0, hidden_;
  std::vector<Recurrent> layers_;
  std::vector<Index> offsets_, carries_;  // of layers, in the parameters and in what is carried
  Mlp dense_;
  Linear projection_;
  Index start_ = 0, dense_at_ = 0, projection_at_ = 0;
};

}  // namespace entivec
