#include "entivec/nn/activation.h"

#include "entivec/core/check.h"

namespace entivec {

namespace {

constexpr Scalar kGeluScale = Scalar(0.7978845608028654);  // √(2/π)
constexpr Scalar kGeluCubic = Scalar(0.044715);

using Row = Eigen::Map<const Eigen::Array<Scalar, Eigen::Dynamic, 1>>;
using MutableRow = Eigen::Map<Eigen::Array<Scalar, Eigen::Dynamic, 1>>;

// Small enough to stay in L1 between the passes, large enough to amortise them; fixed, so nothing is allocated.
constexpr Index kPiece = 256;
using Piece = Eigen::Array<Scalar, Eigen::Dynamic, 1, 0, kPiece, 1>;

void sigmoid_of(const Row& a, Piece& s) { s = Scalar(0.5) + Scalar(0.5) * (Scalar(0.5) * a).tanh(); }

// Writes act(a) into h and, where asked for, act'(a) into slope and act''(a) into curvature.
void activate_piece(Activation activation, const Scalar* in, Scalar* out, Scalar* slope, Scalar* curvature,
                    Index size) {
  const Row a(in, size);
  MutableRow h(out, size);
  Piece t(size), x(size);
  switch (activation) {
    case Activation::kIdentity:
      if (out != in) h = a;
      if (slope) MutableRow(slope, size).setOnes();
      if (curvature) MutableRow(curvature, size).setZero();
      break;
    case Activation::kTanh:
      h = a.tanh();
      if (slope) MutableRow(slope, size) = 1 - h.square();
      if (curvature) MutableRow(curvature, size) = -2 * h * (1 - h.square());
      break;
    case Activation::kSigmoid:
      sigmoid_of(a, t);
      h = t;
      if (slope) MutableRow(slope, size) = t * (1 - t);
      if (curvature) MutableRow(curvature, size) = t * (1 - t) * (1 - 2 * t);
      break;
    case Activation::kRelu:
      x = a;  // apart from h, so that the loop below is vectorised
      h = x.max(Scalar(0));
      if (slope)
        for (Index i = 0; i < size; ++i) slope[i] = x[i] > 0 ? Scalar(1) : Scalar(0);
      if (curvature) MutableRow(curvature, size).setZero();
      break;
    case Activation::kGelu:
      x = a;
      t = (kGeluScale * (x + kGeluCubic * x.cube())).tanh();
      h = Scalar(0.5) * x * (1 + t);
      if (slope)
        MutableRow(slope, size) =
            Scalar(0.5) * (1 + t) + Scalar(0.5) * kGeluScale * x * (1 - t.square()) * (1 + 3 * kGeluCubic * x.square());
      if (curvature) {
        const auto inner = kGeluScale * (1 + 3 * kGeluCubic * x.square());  // of the tanh's argument, its slope
        MutableRow(curvature, size) =
            (1 - t.square()) * (inner + 3 * kGeluScale * kGeluCubic * x.square() - x * t * inner.square());
      }
      break;
    case Activation::kSilu:
      x = a;
      sigmoid_of(a, t);
      h = x * t;
      if (slope) MutableRow(slope, size) = t * (1 + x * (1 - t));
      if (curvature) MutableRow(curvature, size) = t * (1 - t) * (2 + x * (1 - 2 * t));
      break;
  }
}

// One after the other in memory, without a gap between rows.
bool is_flat(const MatrixRef* m) { return !m || m->outerStride() == m->cols(); }

void activate_rows(Activation activation, ConstMatrixRef a, MatrixRef h, MatrixRef* slope, MatrixRef* curvature) {
  const bool flat = a.outerStride() == a.cols() && is_flat(&h) && is_flat(slope) && is_flat(curvature);
  const Index rows = flat ? 1 : a.rows(), cols = flat ? a.size() : a.cols();
  const auto at = [](MatrixRef* matrix, Index i, Index j) {
    return matrix ? matrix->data() + i * matrix->outerStride() + j : nullptr;
  };
  for (Index i = 0; i < rows; ++i)
    for (Index j = 0; j < cols; j += kPiece)
      activate_piece(activation, a.data() + i * a.outerStride() + j, at(&h, i, j), at(slope, i, j), at(curvature, i, j),
                     std::min(kPiece, cols - j));
}

}  // namespace

Activation activation_from_name(std::string_view name) {
  if (name == "identity") return Activation::kIdentity;
  if (name == "tanh") return Activation::kTanh;
  if (name == "sigmoid") return Activation::kSigmoid;
  if (name == "relu") return Activation::kRelu;
  if (name == "gelu") return Activation::kGelu;
  if (name == "silu") return Activation::kSilu;
  fail("activation", "identity, tanh, sigmoid, relu, gelu or silu", name);
}

void activate(Activation activation, ConstMatrixRef a, MatrixRef h) {
  activate_rows(activation, a, h, nullptr, nullptr);
}

void activate(Activation activation, ConstMatrixRef a, MatrixRef h, MatrixRef slope) {
  activate_rows(activation, a, h, &slope, nullptr);
}

void activate(Activation activation, ConstMatrixRef a, MatrixRef h, MatrixRef slope, MatrixRef curvature) {
  activate_rows(activation, a, h, &slope, &curvature);
}

Scalar steepest_slope(Activation activation) {
  switch (activation) {
    case Activation::kSigmoid:
      return Scalar(0.25);
    case Activation::kGelu:
      return Scalar(1.1289);
    case Activation::kSilu:
      return Scalar(1.0998);
    case Activation::kIdentity:
    case Activation::kTanh:
    case Activation::kRelu:
      return 1;
  }
  return 1;
}

}  // namespace entivec
