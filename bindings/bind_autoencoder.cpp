#include "bind.h"
#include "entivec/models/apply.h"
#include "entivec/models/pca_start.h"

namespace entivec {

namespace {

Heads heads_of(bool linear) { return linear ? Heads::kLinear : Heads::kTyped; }

Fitted fitted(const AutoEncoder& model, const ScalarArray& params, bool linear_heads, int threads) {
  check_size("params", params, model.num_params());
  return {model, as_vector(params), heads_of(linear_heads), threads};
}

ScalarArray initialise(const AutoEncoder& model, std::uint64_t seed) {
  Vector params(model.num_params());
  model.initialise(seed, params);
  return to_array(params);
}

ScalarArray start_from_pca(const AutoEncoder& model, const Pca& pca, bool linear_heads, const ScalarArray& params) {
  check_size("params", params, model.num_params());
  check(model.has_linear_path(), "start_at_pca", "a model with a linear path", "none");
  check(pca.components.rows() == model.code(), "start_at_pca", model.code(), pca.components.rows());
  Vector start = as_vector(params);
  start_at_pca(model, pca, heads_of(linear_heads), start);
  return to_array(start);
}

ScalarArray encode_table(const AutoEncoder& model, const ScalarArray& params, const BoundTable& table, int threads) {
  const Fitted f = fitted(model, params, false, threads);
  ScalarArray codes = new_matrix(table.view.rows, model.code());
  auto out = as_matrix(codes);
  py::gil_scoped_release released;
  encode(f, table.view, out);
  return codes;
}

py::tuple decode_codes(const AutoEncoder& model, const ScalarArray& params, const ScalarArray& codes, bool linear_heads,
                       int threads) {
  const Fitted f = fitted(model, params, linear_heads, threads);
  check(codes.ndim() == 2, "codes", "two dimensions", codes.ndim());
  check_shape("codes", codes, codes.shape(0), model.code());
  const Index n = codes.shape(0);
  ScalarArray dense = new_matrix(n, model.layout().dense()), bag = new_matrix(n, model.layout().bag());
  Array<std::int32_t> levels({n, model.layout().codes()});
  auto dense_out = as_matrix(dense), bag_out = as_matrix(bag);
  Eigen::Map<Codes> levels_out(levels.mutable_data(), n, model.layout().codes());
  {
    py::gil_scoped_release released;
    decode(f, as_matrix(codes), dense_out, levels_out, bag_out);
  }
  return py::make_tuple(dense, levels, bag);
}

ScalarArray table_errors(const AutoEncoder& model, const ScalarArray& params, const BoundTable& table,
                         bool linear_heads, int threads) {
  const Fitted f = fitted(model, params, linear_heads, threads);
  ScalarArray errors = new_matrix(table.view.rows, model.layout().sources());
  auto out = as_matrix(errors);
  py::gil_scoped_release released;
  reconstruction_errors(f, table.view, out);
  return errors;
}

py::tuple table_score(const AutoEncoder& model, const ScalarArray& params, const BoundTable& table,
                      const std::optional<ScalarArray>& weights, const Array<double>& mean, bool linear_heads,
                      int threads) {
  const Fitted f = fitted(model, params, linear_heads, threads);
  check_size("mean", mean, model.layout().encoded());
  const Scalar* w = weights_or_null(weights, table.view.rows);
  const Eigen::VectorXd centre = Eigen::Map<const Eigen::VectorXd>(mean.data(), mean.size());
  Score s;
  {
    py::gil_scoped_release released;
    s = score(f, table.view, w, centre);
  }
  return py::make_tuple(s.loss, to_array(s.error), to_array(s.deviation));
}

py::tuple table_loss_and_gradient(const AutoEncoder& model, const ScalarArray& params, const BoundTable& table) {
  check_size("params", params, model.num_params());
  Batch batch(model.layout(), table.view.rows);
  gather(model.layout(), table.view, Index{0}, table.view.rows, batch);
  const auto workspace = model.workspace(table.view.rows);
  Vector grads = Vector::Zero(model.num_params());
  const Scalar scale = 1 / static_cast<Scalar>(table.view.rows);
  Scalar loss = model.loss_and_gradient(batch, scale, Dropout{}, as_vector(params), *workspace, grads);
  loss += model.penalty(as_vector(params), grads);
  return py::make_tuple(loss, to_array(grads));
}

}  // namespace

void bind_autoencoder(py::module_& m) {
  py::class_<AutoEncoder>(m, "AutoEncoder")
      .def(py::init([](const TableLayout& layout, std::vector<Index> hidden, Index code, const std::string& activation,
                       bool linear_path, Scalar nonlinear_penalty, Scalar l2) {
             return std::make_unique<AutoEncoder>(
                 layout, AutoEncoderSizes{std::move(hidden), code, activation_from_name(activation), linear_path,
                                          nonlinear_penalty, l2});
           }),
           py::keep_alive<1, 2>(), py::arg("layout"), py::kw_only(), py::arg("hidden"), py::arg("code"),
           py::arg("activation"), py::arg("linear_path"), py::arg("nonlinear_penalty"), py::arg("l2"))
      .def_property_readonly("num_params", &AutoEncoder::num_params)
      .def("initialise", &initialise, py::arg("seed"))
      .def("start_at_pca", &start_from_pca, py::arg("pca"), py::arg("linear_heads"), py::arg("params").noconvert())
      .def("encode", &encode_table, py::arg("params").noconvert(), py::arg("table"), py::arg("threads"))
      .def("decode", &decode_codes, py::arg("params").noconvert(), py::arg("codes").noconvert(),
           py::arg("linear_heads"), py::arg("threads"))
      .def("errors", &table_errors, py::arg("params").noconvert(), py::arg("table"), py::arg("linear_heads"),
           py::arg("threads"))
      .def("score", &table_score, py::arg("params").noconvert(), py::arg("table"), py::arg("weights").noconvert(),
           py::arg("mean").noconvert(), py::arg("linear_heads"), py::arg("threads"))
      .def("loss_and_gradient", &table_loss_and_gradient, py::arg("params").noconvert(), py::arg("table"));
}

}  // namespace entivec
