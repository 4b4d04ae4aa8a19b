#include "entivec/models/category_start.h"

namespace entivec {

void start_categories(const AutoEncoder& model, ConstMatrixRef kernel, ConstVectorRef bias, VectorRef params) {
  const Index d = kernel.rows(), levels = kernel.cols();
  auto maps = model.encoder().output_maps(params.head(model.encoder().num_params()));
  for (Encoder::OutputMap& map : maps) {
    map.kernel.rightCols(levels) = map.kernel.leftCols(d) * kernel;
    map.bias.tail(levels) = kernel.transpose() * map.bias.head(d);
  }
  maps.front().bias.tail(levels) += bias;
}

}  // namespace entivec
