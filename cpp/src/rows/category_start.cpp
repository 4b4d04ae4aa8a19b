#include "entivec/rows/category_start.h"

#include "pieces.h"
#include "workspace.h"

namespace entivec {

namespace {

// Every row of a category becomes the mean of its rows: what a uniform category gives.
void make_blind(const std::vector<Index>& categories, Index first, MatrixRef kernel) {
  for (const Index levels : categories) {
    auto rows = kernel.middleRows(first, levels);
    rows.rowwise() = rows.colwise().mean().eval();
    first += levels;
  }
}

}  // namespace

Index num_category_features(const AutoEncoder& model) {
  const std::uint32_t hidden = model.encoder().num_activated();
  return hidden > 0 ? model.encoder().units(hidden - 1) : model.linear_code();
}

void category_features(const Fitted& fitted, const TableView& table, const Index* rows, MatrixRef means,
                       MatrixRef features) {
  const AutoEncoder& model = fitted.model;
  for_each_piece(fitted, means.rows(), kPieceRows, [&](Scratch& s, Index, Index first, Index size) {
    gather(model.layout(), table, rows + first, size, s.batch);
    auto& w = own(*s.workspace);
    auto statistics = w.statistics.topRows(size);
    model.encoder().forward(s.batch, model.encoder_params(fitted.params), Dropout{}, *w.encoder, statistics);
    means.middleRows(first, size) = statistics.leftCols(means.cols());
    const Matrix* hidden = model.encoder().last_hidden(*w.encoder);
    auto out = features.middleRows(first, size);
    if (hidden)
      out = hidden->topRows(size);
    else
      out = means.middleRows(first, size);
  });
}

void start_categories(const AutoEncoder& model, ConstMatrixRef kernel, ConstVectorRef bias, VectorRef params) {
  const Index d = model.linear_code(), levels = kernel.cols(), encoder = model.encoder().num_params();
  auto maps = model.encoder().output_maps(params.head(encoder));
  const bool from_hidden = model.encoder().num_activated() > 0;
  for (Encoder::OutputMap& map : maps) {
    if (from_hidden) {
      map.kernel.rightCols(levels).setZero();
      map.bias.tail(levels).setZero();
    } else {  // as μ is affine in what the maps read, so are the logits
      map.kernel.rightCols(levels) = map.kernel.leftCols(d) * kernel;
      map.bias.tail(levels) = kernel.transpose() * map.bias.head(d);
    }
  }
  if (from_hidden) maps.back().kernel.rightCols(levels) = kernel;
  maps.back().bias.tail(levels) += bias;
  for (MatrixRef& own : model.decoder().code_kernels(params.segment(encoder, model.decoder().num_params())))
    make_blind(model.posterior()->categories(), d, own);
}

}  // namespace entivec
