#include "bind_model.h"

namespace entivec {

std::vector<Index> examples_of(const Model& model, const Array<Index>& examples) {
  const std::vector<Index> own(examples.data(), examples.data() + examples.size());
  for (Index example : own)
    check(example >= 0 && example < model.num_examples(), "examples", "examples of the model", example);
  return own;
}

py::tuple whole_gradient(const Model& model, const ScalarArray& params, const std::vector<Index>& examples) {
  check_size("params", params, model.num_params());
  const auto count = static_cast<Index>(examples.size());
  const Step step{examples.data(), count, &examples, 0, 0, 1 / static_cast<Scalar>(count), 0, 0};
  Gradient gradient(model.num_dense());
  const Scalar loss = loss_and_gradient(model, step, as_vector(params), *model.workspace(count), gradient);
  Vector whole = Vector::Zero(model.num_params());
  whole.head(model.num_dense()) = gradient.dense();
  for (const TouchedRows::Row& row : gradient.rows().rows())
    whole.segment(row.begin, row.width) = Eigen::Map<const Vector>(gradient.rows().gradient(row), row.width);
  return py::make_tuple(loss, to_array(whole));
}

}  // namespace entivec
