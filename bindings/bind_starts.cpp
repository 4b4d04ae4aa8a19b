// Where the parameters of an autoencoder start.
#include "bind_fitted.h"
#include "entivec/rows/category_start.h"
#include "entivec/rows/pca_start.h"

namespace entivec {

namespace {

ScalarArray initialise(const AutoEncoder& model, std::uint64_t seed) {
  Vector params(model.num_params());
  model.initialise(seed, params);
  return to_array(params);
}

ScalarArray start_from_pca(const AutoEncoder& model, const Pca& pca, bool linear_heads, const ScalarArray& params) {
  check_size("params", params, model.num_params());
  check(model.has_linear_path(), "start_at_pca", "a model with a linear path", "none");
  check(pca.components.rows() == model.linear_code(), "start_at_pca", model.linear_code(), pca.components.rows());
  Vector start = as_vector(params);
  start_at_pca(model, pca, heads_of(linear_heads), start);
  return to_array(start);
}

ScalarArray start_from_clusters(const AutoEncoder& model, const ScalarArray& kernel, const ScalarArray& bias,
                                const ScalarArray& params) {
  check_size("params", params, model.num_params());
  check(model.code() > model.linear_code(), "start_categories", "a model with categories", "none");
  check_shape("kernel", kernel, num_category_features(model), model.code() - model.linear_code());
  check_size("bias", bias, model.code() - model.linear_code());
  Vector start = as_vector(params);
  start_categories(model, as_matrix(kernel), as_vector(bias), start);
  return to_array(start);
}

py::tuple table_category_features(const AutoEncoder& model, const ScalarArray& params, const BoundTable& table,
                                  const Array<Index>& rows, int threads) {
  check(model.posterior() != nullptr, "category_features", "a variational model", "none");
  for (Index i = 0; i < rows.size(); ++i)
    check(rows.data()[i] >= 0 && rows.data()[i] < table.view.rows, "rows", "rows of the table", rows.data()[i]);
  const Fitted f = fitted(model, params, false, threads);
  ScalarArray means = new_matrix(rows.size(), model.linear_code());
  ScalarArray features = new_matrix(rows.size(), num_category_features(model));
  auto means_out = as_matrix(means), features_out = as_matrix(features);
  {
    py::gil_scoped_release released;
    category_features(f, table.view, rows.data(), means_out, features_out);
  }
  return py::make_tuple(means, features);
}

}  // namespace

void bind_starts(py::class_<AutoEncoder>& model) {
  model.def("initialise", &initialise, py::arg("seed"))
      .def("start_at_pca", &start_from_pca, py::arg("pca"), py::arg("linear_heads"), py::arg("params").noconvert())
      .def("category_features", &table_category_features, py::arg("params").noconvert(), py::arg("table"),
           py::arg("rows").noconvert(), py::arg("threads"))
      .def("start_categories", &start_from_clusters, py::arg("kernel").noconvert(), py::arg("bias").noconvert(),
           py::arg("params").noconvert());
}

}  // namespace entivec
