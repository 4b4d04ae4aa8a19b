#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <thread>

#include "../../cpp/src/product/large.h"
#include "entivec/core/rng.h"
#include "entivec/product/product.h"

namespace entivec::test {

namespace {

// Blocks of larger matrices, as the core's operands are.
struct Operands {
  Matrix a, b, c;

  Operands(Index a_rows, Index a_cols, Index b_rows, Index b_cols, Index rows, Index cols)
      : a(Matrix::Random(a_rows + 2, a_cols + 3)),
        b(Matrix::Random(b_rows + 2, b_cols + 5)),
        c(Matrix::Random(rows + 2, cols + 7)) {}
};

template <class Product>
void expect_added(Scalar by, const Matrix& before, const Matrix& after, const Product& product) {
  Matrix expected = before;
  expected.block(1, 2, product.rows(), product.cols()) += by * product;
  EXPECT_LT((after - expected).cwiseAbs().maxCoeff(), 1e-12) << product.rows() << " x " << product.cols();
}

// To 8 significant bits, ties to even: what bfloat16 keeps of numbers of its range.
Matrix rounded(const Matrix& m) {
  return m.unaryExpr([](Scalar value) {
    int exponent = 0;
    const Scalar fraction = std::frexp(value, &exponent);
    return static_cast<Scalar>(std::ldexp(std::nearbyint(std::ldexp(fraction, 8)), exponent - 8));
  });
}

}  // namespace

// Tiles of every height, whole vectors and what is left of them.
TEST(Product, AllSizesAndBlocks) {
  for (const Index rows : {1, 3, 4, 5, 6, 7, 11, 12, 13, 23, 64})
    for (const Index cols : {1, 2, 3, 4, 5, 7, 8, 9, 16, 19, 33})
      for (const Index depth : {1, 2, 17, 700})
        for (const Scalar by : {1.0, -1.0, 0.5}) {
          Operands plain(rows, depth, depth, cols, rows, cols);
          const auto a = plain.a.block(1, 2, rows, depth);
          const auto b = plain.b.block(1, 3, depth, cols);
          Matrix c = plain.c;
          add_product(by, a, b, c.block(1, 2, rows, cols));
          expect_added(by, plain.c, c, a.lazyProduct(b).eval());

          Operands turned(depth, rows, depth, cols, rows, cols);
          const auto at = turned.a.block(1, 2, depth, rows);
          const auto own = turned.b.block(1, 3, depth, cols);
          c = turned.c;
          add_transposed_product(by, at, own, c.block(1, 2, rows, cols));
          expect_added(by, turned.c, c, at.transpose().lazyProduct(own).eval());

          Operands right(rows, depth, cols, depth, rows, cols);
          const auto left = right.a.block(1, 2, rows, depth);
          const auto bt = right.b.block(1, 3, cols, depth);
          c = right.c;
          add_product_transposed(by, left, bt, c.block(1, 2, rows, cols));
          expect_added(by, right.c, c, left.lazyProduct(bt.transpose()).eval());
        }
}

// What c held before, here no numbers, must not show. The last size is one of large products, in blocks of depth.
TEST(Product, SetOfAllSizes) {
  const Scalar nan = std::numeric_limits<Scalar>::quiet_NaN();
  const auto expect = [](const Matrix& whole, const Matrix& product) {
    const auto c = whole.block(1, 2, product.rows(), product.cols());
    EXPECT_LT((c - product).cwiseAbs().maxCoeff(), 1e-12) << product.rows() << " x " << product.cols();
    EXPECT_EQ(whole.array().isNaN().count(), whole.size() - c.size());
  };
  for (const Index rows : {1, 3, 6, 13, 64, 300})
    for (const Index cols : {1, 3, 4, 8, 19, 33, 100})
      for (const Index depth : {0, 1, 17, 100, 700}) {
        const Operands plain(rows, depth, depth, cols, rows, cols);
        const auto a = plain.a.block(1, 2, rows, depth);
        const auto b = plain.b.block(1, 3, depth, cols);
        const Vector shift = Vector::Random(cols);
        const Matrix empty = Matrix::Constant(rows + 2, cols + 7, nan), bt = b.transpose();
        Matrix c = empty;
        set_product(shift, a, b, c.block(1, 2, rows, cols));
        expect(c, a.lazyProduct(b).eval().rowwise() + shift.transpose());
        c = empty;
        set_product_transposed(a, bt, c.block(1, 2, rows, cols));
        expect(c, a.lazyProduct(b));
      }
}

// Bits must not depend on how many rows there are, although they decide how a product is computed.
TEST(Product, RowsDoNotDependOnTheirNumber) {
  constexpr Index kAll = 300;
  for (const Index cols : {1, 3, 8, 19, 33, 100})
    for (const Index depth : {1, 17, 100, 700}) {
      const Matrix a = Matrix::Random(kAll, depth), b = Matrix::Random(depth, cols), bt = b.transpose();
      const Vector shift = Vector::Random(cols);
      Matrix all(kAll, cols), all_turned(kAll, cols);
      set_product(shift, a, b, all);
      set_product_transposed(a, bt, all_turned);
      for (const Index rows : {1, 2, 5, 6, 7, 50}) {
        Matrix c(rows, cols);
        set_product(shift, a.middleRows(9, rows), b, c);
        EXPECT_EQ(c, all.middleRows(9, rows)) << rows << " x " << depth << " x " << cols;
        set_product_transposed(a.middleRows(9, rows), bt, c);
        EXPECT_EQ(c, all_turned.middleRows(9, rows)) << rows << " x " << depth << " x " << cols << " turned";
      }
    }
}

// Called as such, whatever their size: several blocks of rows and of depth, whole panels, and last ones of every number
// of vectors and of single columns.
TEST(Product, LargeOfAllSizesAndBlocks) {
  for (const Index rows : {1, 9, 257, 600})
    for (const Index cols : {1, 2, 5, 8, 12, 16, 31, 64, 71})
      for (const Index depth : {1, 16, 300, 601})
        for (const Scalar by : {1.0, -0.5}) {
          const Operands plain(rows, depth, depth, cols, rows, cols);
          const auto a = plain.a.block(1, 2, rows, depth);
          const auto b = plain.b.block(1, 3, depth, cols);
          const Matrix at = a.transpose(), bt = b.transpose(), product = a * b;
          for (const Strided& left : {strided(a), transposed(at)})
            for (const Strided& right : {strided(b), transposed(bt)}) {
              Matrix c = plain.c;
              MatrixRef own = c.block(1, 2, rows, cols);
              large_product::set(by, depth, strided(own), left, right, own);
              expect_added(by, plain.c, c, product);
              const Vector shift = Vector::Random(cols);
              large_product::set(by, depth, {shift.data(), 0, 1}, left, right, own);
              const Matrix expected = (by * product).rowwise() + shift.transpose();
              EXPECT_LT((own - expected).cwiseAbs().maxCoeff(), 1e-12);
            }
        }
}

TEST(Product, RoundsOperandsOfLargeProductsInItsScope) {
  const auto random = [](Index rows, Index cols) -> Matrix {  // of float32, so as to be rounded once
    return Matrix::Random(rows, cols).cast<float>().cast<Scalar>();
  };
  const Matrix a = random(90, 601), b = random(601, 83), start = random(90, 83);
  const Matrix exact = start + 2 * a * b, coarse = start + 2 * rounded(a) * rounded(b);
  ASSERT_GT((exact - coarse).norm(), 1e-4 * exact.norm());
  const auto expect = [&](const Matrix& expected) {
    Matrix c = start;
    add_product(2, a, b, c);
    EXPECT_LT((c - expected).norm(), 1e-12 * expected.norm());
    c = start;
    add_product_transposed(2, a, b.transpose().eval(), c);
    EXPECT_LT((c - expected).norm(), 1e-12 * expected.norm());
    c = start;
    add_transposed_product(2, a.transpose().eval(), b, c);
    EXPECT_LT((c - expected).norm(), 1e-12 * expected.norm());
  };
  expect(exact);
  {
    const PrecisionScope scope(Precision::kBfloat16);
    expect(coarse);
    {
      const PrecisionScope inner(Precision::kFloat32);
      expect(exact);
    }
    expect(coarse);
    std::thread([&] { expect(exact); }).join();
  }
  expect(exact);
}

TEST(Product, RoundsNoSmallOperands) {
  const Matrix a = Matrix::Random(64, 30), b = Matrix::Random(30, 40), start = Matrix::Zero(64, 40);
  const PrecisionScope scope(Precision::kBfloat16);
  Matrix c = start;
  add_product(1, a, b, c);
  EXPECT_LT((c - a * b).norm(), 1e-12 * c.norm());
}

// A sum that is not finite stays so: a rounding that added to the bits of NaN would hide it.
TEST(Product, RoundingKeepsNumbersThatAreNotFinite) {
  Matrix a = Matrix::Random(90, 601), c = Matrix::Zero(90, 83);
  const Matrix b = Matrix::Random(601, 83);
  a(0, 0) = std::numeric_limits<Scalar>::quiet_NaN();
  a(1, 0) = std::numeric_limits<Scalar>::infinity();
  const PrecisionScope scope(Precision::kBfloat16);
  add_product(1, a, b, c);
  EXPECT_TRUE(c.row(0).array().isNaN().all());
  EXPECT_TRUE(c.row(1).array().isInf().all());
  EXPECT_TRUE(c.bottomRows(88).allFinite());
}

}  // namespace entivec::test
