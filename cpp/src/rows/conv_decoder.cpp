#include "entivec/rows/conv_decoder.h"

#include <algorithm>

#include "entivec/core/check.h"
#include "entivec/nn/l2.h"
#include "entivec/product/product.h"
#include "entivec/table/table_conv.h"

namespace entivec {

// Cells of a block of positions, row by row: pre-activations of c channels, what is left, and their gradients.
struct ConvDecoder::Cache : Decoder::Cache {
  Matrix x, dx, y, dy;
  Mlp::Cache net;
};

namespace {

Mlp output_net(std::vector<Index> channels, Index out, Activation activation) {
  check(!channels.empty(), "ConvDecoder, channels", "at least one convolution", "none");
  std::reverse(channels.begin(), channels.end());
  channels.push_back(out);
  return Mlp(std::move(channels), activation, true, false);
}

// Calls visit(first, size) for pieces of the positions that fit into so many cells.
template <class Visit>
void for_each_block(Index positions, Index rows, Index cells, const Visit& visit) {
  const Index most = cells / std::max<Index>(rows, 1);
  for (Index first = 0; first < positions; first += most) visit(first, std::min(most, positions - first));
}

}  // namespace

ConvDecoder::ConvDecoder(const TableLayout& layout, std::vector<Index> channels, Index code, Activation activation,
                         bool linear_path, const ChannelGrid& grid)
    : outputs_(layout.outputs()),
      positions_(layout, grid),
      net_(output_net(std::move(channels), grid.channels, activation)),
      dense_(code, positions_.outputs() * net_.width(0)) {
  if (linear_path) linear_.emplace(code, outputs_);
}

std::unique_ptr<Decoder::Cache> ConvDecoder::cache(Index capacity) const {
  const Index cells = block_cells(capacity);
  auto cache = std::make_unique<Cache>();
  cache->x = cache->dx = Matrix::Zero(cells, net_.width(0));
  cache->y = cache->dy = Matrix::Zero(cells, positions_.channels());
  cache->net = net_.cache(cells);
  return cache;
}

void ConvDecoder::run(ConstMatrixRef z, Index first, Index size, ConstVectorRef params, Cache& cache) const {
  const Index c = net_.width(0), cells = z.rows() * size;
  const ConstMatrixMap w(params.data(), dense_.in(), dense_.out());
  MatrixMap a(cache.x.data(), z.rows(), size * c);
  set_product(params.segment(dense_.num_weights() + first * c, size * c), z, w.middleCols(first * c, size * c), a);
  net_.forward(cache.x.topRows(cells), params.segment(dense_.num_params(), net_.num_params()), Dropout{}, 0, cache.net,
               cache.y.topRows(cells));
}

void ConvDecoder::forward(ConstMatrixRef z, ConstVectorRef params, const Dropout&, std::uint32_t,
                          Decoder::Cache& any_cache, MatrixRef outputs) const {
  Cache& cache = static_cast<Cache&>(any_cache);
  if (linear_)
    linear_->forward(z, params.tail(linear_params()), outputs);
  else
    outputs.setZero();
  for_each_block(positions_.outputs(), z.rows(), cache.x.rows(), [&](Index first, Index size) {
    run(z, first, size, params, cache);
    positions_.add_to_outputs(cache.y, first, size, outputs);
  });
}

void ConvDecoder::backward(ConstMatrixRef z, ConstMatrixRef d_outputs, ConstVectorRef params, Decoder::Cache& any_cache,
                           MatrixRef dz, VectorRef grads) const {
  Cache& cache = static_cast<Cache&>(any_cache);
  const Index c = net_.width(0), n = z.rows();
  const ConstMatrixMap w(params.data(), dense_.in(), dense_.out());
  MatrixMap dw(grads.data(), dense_.in(), dense_.out());
  if (linear_)
    linear_->backward(z, d_outputs, params.tail(linear_params()), dz, grads.tail(linear_params()));
  else
    dz.setZero();
  for_each_block(positions_.outputs(), n, cache.x.rows(), [&](Index first, Index size) {
    run(z, first, size, params, cache);
    positions_.gather_outputs(d_outputs, first, size, cache.dy);
    net_.backward(cache.x.topRows(n * size), cache.dy.topRows(n * size),
                  params.segment(dense_.num_params(), net_.num_params()), cache.net, cache.dx.topRows(n * size),
                  grads.segment(dense_.num_params(), net_.num_params()));
    const ConstMatrixMap da(cache.dx.data(), n, size * c);
    add_transposed_product(1, z, da, dw.middleCols(first * c, size * c));
    auto bias = grads.segment(dense_.num_weights() + first * c, size * c);
    for (Index i = 0; i < n; ++i) bias += da.row(i).transpose();
    add_product_transposed(1, da, w.middleCols(first * c, size * c), dz);
  });
}

void ConvDecoder::initialise(const Random& random, std::uint64_t& index, VectorRef params) const {
  auto net = params.segment(dense_.num_params(), net_.num_params());
  dense_.initialise(random, index, params.head(dense_.num_params()));
  net_.initialise(random, index, net);
  if (!linear_) return;
  linear_->initialise(random, index, params.tail(linear_params()));
  net.tail(net_.map(net_.depth() - 1).num_params()).setZero();
}

void ConvDecoder::set_linear(ConstMatrixRef w, ConstVectorRef bias, VectorRef params) const {
  auto net = params.segment(dense_.num_params(), net_.num_params());
  net.tail(net_.map(net_.depth() - 1).num_params()).setZero();
  auto linear = params.tail(linear_params());
  MatrixMap(linear.data(), dense_.in(), outputs_) = w;
  linear.tail(outputs_) = bias;
}

std::vector<MatrixRef> ConvDecoder::code_kernels(VectorRef params) const {
  std::vector<MatrixRef> kernels{MatrixMap(params.data(), dense_.in(), dense_.out())};
  if (linear_) kernels.emplace_back(MatrixMap(params.tail(linear_params()).data(), linear_->in(), linear_->out()));
  return kernels;
}

Scalar ConvDecoder::l2(Scalar rate, ConstVectorRef params, VectorRef grads) const {
  const ConstMatrixMap w(params.data(), dense_.in(), dense_.out());
  MatrixMap dw(grads.data(), dense_.in(), dense_.out());
  return add_l2(rate, w, dw) + net_.l2(rate, net_.depth() - 1, params.segment(dense_.num_params(), net_.num_params()),
                                       grads.segment(dense_.num_params(), net_.num_params()));
}

}  // namespace entivec
