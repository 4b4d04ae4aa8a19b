// A fitted autoencoder over whole tables.
#include "bind_fitted.h"

namespace entivec {

namespace {

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

ScalarArray predict_codes(const AutoEncoder& model, const ScalarArray& params, const ScalarArray& codes,
                          bool linear_heads, int threads) {
  const Fitted f = fitted(model, params, linear_heads, threads);
  check(codes.ndim() == 2, "codes", "two dimensions", codes.ndim());
  check_shape("codes", codes, codes.shape(0), model.code());
  ScalarArray predictions = new_matrix(codes.shape(0), model.layout().outputs());
  auto out = as_matrix(predictions);
  py::gil_scoped_release released;
  predict(f, as_matrix(codes), out);
  return predictions;
}

ScalarArray table_evidence(const AutoEncoder& model, const ScalarArray& params, const BoundTable& table, Index draws,
                           std::uint64_t seed, int threads) {
  check(model.posterior() != nullptr, "evidence", "a variational model", "none");
  check(draws >= 1, "draws", "a number >= 1", draws);
  const Fitted f = fitted(model, params, false, threads);
  ScalarArray rows = new_matrix(table.view.rows, 3);
  auto out = as_matrix(rows);
  py::gil_scoped_release released;
  evidence(f, table.view, draws, seed, out);
  return rows;
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
                      int threads, const BoundTable* guide) {
  const Fitted f = fitted(model, params, linear_heads, threads);
  check_size("mean", mean, model.layout().encoded());
  const Scalar* w = weights_or_null(weights, table.view.rows);
  const Eigen::VectorXd centre = Eigen::Map<const Eigen::VectorXd>(mean.data(), mean.size());
  Score s;
  {
    py::gil_scoped_release released;
    s = score(f, table.view, w, centre, guide_or_null(model, guide, table), Squares::kCells);
  }
  return py::make_tuple(s.loss, to_array(s.error), to_array(s.deviation));
}

ScalarArray table_guess(const AutoEncoder& model, const ScalarArray& params, const BoundTable& table, int threads) {
  check(model.guide_layout() != nullptr, "guess", "a model with guides", "none");
  const Fitted f = fitted(model, params, false, threads);
  ScalarArray predictions = new_matrix(table.view.rows, model.guide_layout()->outputs());
  auto out = as_matrix(predictions);
  py::gil_scoped_release released;
  guess(f, table.view, out);
  return predictions;
}

}  // namespace

void bind_apply(py::class_<AutoEncoder>& model) {
  model.def("encode", &encode_table, py::arg("params").noconvert(), py::arg("table"), py::arg("threads"))
      .def("decode", &decode_codes, py::arg("params").noconvert(), py::arg("codes").noconvert(),
           py::arg("linear_heads"), py::arg("threads"))
      .def("predict", &predict_codes, py::arg("params").noconvert(), py::arg("codes").noconvert(),
           py::arg("linear_heads"), py::arg("threads"))
      .def("evidence", &table_evidence, py::arg("params").noconvert(), py::arg("table"), py::arg("draws"),
           py::arg("seed"), py::arg("threads"))
      .def("errors", &table_errors, py::arg("params").noconvert(), py::arg("table"), py::arg("linear_heads"),
           py::arg("threads"))
      .def("score", &table_score, py::arg("params").noconvert(), py::arg("table"), py::arg("weights").noconvert(),
           py::arg("mean").noconvert(), py::arg("linear_heads"), py::arg("threads"), py::arg("guide") = nullptr)
      .def("guess", &table_guess, py::arg("params").noconvert(), py::arg("table"), py::arg("threads"));
}

}  // namespace entivec
