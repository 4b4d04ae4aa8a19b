// A fitted autoencoder over whole tables, in pieces of rows on all threads.
#pragma once

#include "entivec/rows/autoencoder.h"

namespace entivec {

using DoubleVector = Eigen::VectorXd;

// A model with its parameters and the way its outputs are read.
struct Fitted {
  const AutoEncoder& model;
  ConstVectorRef params;
  Heads heads = Heads::kTyped;
  int threads = 1;
};

// codes (n, d)
void encode(const Fitted& fitted, const TableView& table, MatrixRef codes);

// codes (n, d) → dense (n, c) values, levels (n, k) most probable codes, bag (n, v) shares.
void decode(const Fitted& fitted, ConstMatrixRef codes, MatrixRef dense, Eigen::Ref<Codes> levels, MatrixRef bag);

// errors (n, sources): Reconstruction::errors of the clean rows.
void reconstruction_errors(const Fitted& fitted, const TableView& table, MatrixRef errors);

// evidence (n, 3) of a variational model, see AutoEncoder::evidence.
void evidence(const Fitted& fitted, const TableView& table, Index draws, std::uint64_t seed, MatrixRef evidence);

// predictions (n, layout.outputs()) of codes (n, d): values, means and probabilities.
void predict(const Fitted& fitted, ConstMatrixRef codes, MatrixRef predictions);

struct Score {
  double loss = 0;         // mean loss of a row, as in training without noise and penalties; one draw of latents
  DoubleVector error;      // (sources) squared error
  DoubleVector deviation;  // (sources) squared deviation from the training mean
};
// `guide` holds the rows' targets, or is null; their loss then counts.
Score score(const Fitted& fitted, const TableView& table, const Scalar* weights, const DoubleVector& mean,
            const TableView* guide = nullptr, Squares squares = Squares::kTargets);

// predictions (n, guide_layout()->outputs()): numbers and probabilities from the guide head.
void guess(const Fitted& fitted, const TableView& table, MatrixRef predictions);

}  // namespace entivec
