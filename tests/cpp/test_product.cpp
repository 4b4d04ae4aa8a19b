#include <gtest/gtest.h>

#include "entivec/core/product.h"

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

}  // namespace

// Tiles of every height, whole vectors and what is left of them, and sizes that go to Eigen.
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

}  // namespace entivec::test
