#include "entivec/rows/tied_decoder.h"

#include "entivec/core/check.h"
#include "entivec/product/product.h"

namespace entivec {

namespace {

// Calls visit(row, output, count, sign): outputs output … output + count take sign · z · rows row … row + count of W.
template <class Visit>
void for_each_block(const TableLayout& layout, const Visit& visit) {
  if (layout.dense() > 0) visit(Index{0}, Index{0}, layout.dense(), Scalar(1));
  for (const Category& category : layout.categories()) {
    const Index first = category.input + category.first;
    if (category.flag) {
      visit(first, category.output, Index{1}, Scalar(-1));
      visit(first + 1, category.output, Index{1}, Scalar(1));
    } else {
      visit(first, category.output, category.outputs(), Scalar(1));
    }
  }
}

}  // namespace

void TiedDecoder::forward(ConstMatrixRef z, ConstVectorRef params, const Dropout&, std::uint32_t, Decoder::Cache&,
                          MatrixRef outputs) const {
  const ConstMatrixMap w(params.data(), layout_.inputs(), code_);
  outputs.rowwise() = params.tail(num_params()).transpose();
  for_each_block(layout_, [&](Index row, Index output, Index count, Scalar sign) {
    add_product_transposed(sign, z, w.middleRows(row, count), outputs.middleCols(output, count));
  });
}

void TiedDecoder::backward(ConstMatrixRef z, ConstMatrixRef d_outputs, ConstVectorRef params, Decoder::Cache&,
                           MatrixRef dz, VectorRef grads) const {
  const ConstMatrixMap w(params.data(), layout_.inputs(), code_);
  MatrixMap dw(grads.data(), layout_.inputs(), code_);
  dz.setZero();
  for_each_block(layout_, [&](Index row, Index output, Index count, Scalar sign) {
    const auto own = d_outputs.middleCols(output, count);
    add_product(sign, own, w.middleRows(row, count), dz);
    add_transposed_product(sign, own, z, dw.middleRows(row, count));
  });
  auto bias = grads.tail(num_params());
  for (Index i = 0; i < d_outputs.rows(); ++i) bias += d_outputs.row(i).transpose();
}

void TiedDecoder::initialise(const Random&, std::uint64_t&, VectorRef params) const {
  params.tail(num_params()).setZero();
}

void TiedDecoder::set_linear(ConstMatrixRef, ConstVectorRef, VectorRef) const {
  fail("set_linear", "a decoder with a linear path", "tied weights");
}

}  // namespace entivec
