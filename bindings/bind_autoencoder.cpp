#include "bind.h"
#include "entivec/models/apply.h"
#include "entivec/models/category_start.h"
#include "entivec/models/diagnose.h"
#include "entivec/models/pca_start.h"
#include "entivec/models/table_penalty.h"

namespace entivec {

namespace {

Contraction::Kind contraction_from_name(const std::optional<std::string>& name) {
  if (!name) return Contraction::Kind::kNone;
  if (*name == "layers") return Contraction::Kind::kLayers;
  if (*name == "whole") return Contraction::Kind::kWhole;
  fail("contraction", "None, layers or whole", *name);
}

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

const TableView* guide_or_null(const AutoEncoder& model, const BoundTable* guide, const BoundTable& table) {
  if (!guide) return nullptr;
  check(model.guide_layout() != nullptr, "guide", "a model with guides", "a table for one without");
  check(guide->view.rows == table.view.rows, "guide", table.view.rows, guide->view.rows);
  return &guide->view;
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
    s = score(f, table.view, w, centre, guide_or_null(model, guide, table));
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

ScalarArray table_jacobians(const AutoEncoder& model, const ScalarArray& params, const BoundTable& table, int threads) {
  const Fitted f = fitted(model, params, false, threads);
  const Index n = table.view.rows, d = model.code(), inputs = model.layout().inputs();
  ScalarArray jacobian({n, d, inputs});
  MatrixMap out(jacobian.mutable_data(), n * d, inputs);
  py::gil_scoped_release released;
  jacobians(f, table.view, out);
  return jacobian;
}

ScalarArray table_jacobian_norms(const AutoEncoder& model, const ScalarArray& params, const BoundTable& table,
                                 Index probes, std::uint64_t seed, int threads) {
  check(probes >= 0, "probes", "a number >= 0", probes);
  const Fitted f = fitted(model, params, false, threads);
  Vector norms(table.view.rows);
  {
    py::gil_scoped_release released;
    jacobian_norms(f, table.view, probes, seed, norms);
  }
  return to_array(norms);
}

Array<double> table_saturation(const AutoEncoder& model, const ScalarArray& params, const BoundTable& table,
                               Scalar share, int threads) {
  const Fitted f = fitted(model, params, false, threads);
  DoubleVector shares;
  {
    py::gil_scoped_release released;
    shares = saturation(f, table.view, share);
  }
  return to_array(shares);
}

py::tuple penalty_and_gradient(TablePenalty& penalty, const ScalarArray& params, std::uint64_t seed) {
  check_size("params", params, penalty.model().num_params());
  ScalarArray grads = new_vector(penalty.model().encoder().num_params());
  auto out = as_vector(grads);
  double value = 0;
  {
    py::gil_scoped_release released;
    out.setZero();
    value = penalty.value_and_gradient(as_vector(params), seed, out);
  }
  return py::make_tuple(value, grads);
}

py::tuple table_loss_and_gradient(const AutoEncoder& model, const ScalarArray& params, const BoundTable& table,
                                  const BoundTable* guide) {
  check_size("params", params, model.num_params());
  const Index n = table.view.rows;
  Batch batch(model.layout(), n);
  gather(model.layout(), table.view, Index{0}, n, batch);
  std::optional<Batch> targets;
  if (const TableView* view = guide_or_null(model, guide, table)) {
    targets.emplace(*model.guide_layout(), n);
    gather(*model.guide_layout(), *view, Index{0}, n, *targets);
    batch.guide = &*targets;
  }
  const auto workspace = model.workspace(n);
  const Shards step{workspace.get()};
  Vector grads = Vector::Zero(model.num_params());
  const Scalar scale = 1 / static_cast<Scalar>(n);
  model.begin_step(as_vector(params), step, 1);
  Scalar loss = model.loss_and_gradient(batch, scale, Dropout{}, as_vector(params), *workspace, grads);
  loss += model.end_step(as_vector(params), step, 1, grads);
  return py::make_tuple(loss, to_array(grads));
}

}  // namespace

void bind_autoencoder(py::module_& m) {
  py::class_<AutoEncoder>(m, "AutoEncoder")
      .def(py::init([](const TableLayout& layout, const TableLayout* guide, std::vector<Index> hidden, Index code,
                       const std::string& activation, bool linear_path, Scalar nonlinear_penalty, Scalar l2,
                       bool code_activation, std::vector<Index> channels, const std::optional<std::string>& contraction,
                       Scalar contraction_weight, Index probes, bool gram, bool variational,
                       std::vector<Index> categories, Scalar temperature, Scalar divergence_weight,
                       std::optional<Scalar> capacity, Scalar categorical_capacity, bool bernoulli, bool tied_weights) {
             check(probes >= 0, "probes", "a number >= 0", probes);
             return std::make_unique<AutoEncoder>(
                 layout,
                 AutoEncoderSizes{std::move(hidden),
                                  code,
                                  activation_from_name(activation),
                                  linear_path,
                                  nonlinear_penalty,
                                  l2,
                                  code_activation,
                                  std::move(channels),
                                  {contraction_from_name(contraction), contraction_weight, probes, gram},
                                  {variational, std::move(categories), temperature, divergence_weight,
                                   capacity.value_or(-1), categorical_capacity},
                                  bernoulli,
                                  tied_weights},
                 guide);
           }),
           py::keep_alive<1, 2>(), py::keep_alive<1, 3>(), py::arg("layout"), py::arg("guide"), py::kw_only(),
           py::arg("hidden"), py::arg("code"), py::arg("activation"), py::arg("linear_path"),
           py::arg("nonlinear_penalty"), py::arg("l2"), py::arg("code_activation"), py::arg("channels"),
           py::arg("contraction"), py::arg("contraction_weight"), py::arg("probes"), py::arg("gram"),
           py::arg("variational"), py::arg("categories"), py::arg("temperature"), py::arg("divergence_weight"),
           py::arg("capacity"), py::arg("categorical_capacity"), py::arg("bernoulli"), py::arg("tied_weights"))
      .def_property_readonly("num_params", &AutoEncoder::num_params)
      .def_property_readonly("encoder_params", [](const AutoEncoder& model) { return model.encoder().num_params(); })
      .def_property_readonly("code", &AutoEncoder::code)
      .def_property_readonly("has_linear_path", &AutoEncoder::has_linear_path)
      .def("initialise", &initialise, py::arg("seed"))
      .def("start_at_pca", &start_from_pca, py::arg("pca"), py::arg("linear_heads"), py::arg("params").noconvert())
      .def("category_features", &table_category_features, py::arg("params").noconvert(), py::arg("table"),
           py::arg("rows").noconvert(), py::arg("threads"))
      .def("start_categories", &start_from_clusters, py::arg("kernel").noconvert(), py::arg("bias").noconvert(),
           py::arg("params").noconvert())
      .def("encode", &encode_table, py::arg("params").noconvert(), py::arg("table"), py::arg("threads"))
      .def("decode", &decode_codes, py::arg("params").noconvert(), py::arg("codes").noconvert(),
           py::arg("linear_heads"), py::arg("threads"))
      .def("predict", &predict_codes, py::arg("params").noconvert(), py::arg("codes").noconvert(),
           py::arg("linear_heads"), py::arg("threads"))
      .def("evidence", &table_evidence, py::arg("params").noconvert(), py::arg("table"), py::arg("draws"),
           py::arg("seed"), py::arg("threads"))
      .def(
          "scales",
          [](const AutoEncoder& model, const ScalarArray& params) {
            check_size("params", params, model.num_params());
            return to_array(model.scales(as_vector(params)));
          },
          py::arg("params").noconvert())
      .def("errors", &table_errors, py::arg("params").noconvert(), py::arg("table"), py::arg("linear_heads"),
           py::arg("threads"))
      .def("score", &table_score, py::arg("params").noconvert(), py::arg("table"), py::arg("weights").noconvert(),
           py::arg("mean").noconvert(), py::arg("linear_heads"), py::arg("threads"), py::arg("guide") = nullptr)
      .def("guess", &table_guess, py::arg("params").noconvert(), py::arg("table"), py::arg("threads"))
      .def("jacobians", &table_jacobians, py::arg("params").noconvert(), py::arg("table"), py::arg("threads"))
      .def("jacobian_norms", &table_jacobian_norms, py::arg("params").noconvert(), py::arg("table"), py::arg("probes"),
           py::arg("seed"), py::arg("threads"))
      .def("saturation", &table_saturation, py::arg("params").noconvert(), py::arg("table"), py::arg("share"),
           py::arg("threads"))
      .def("loss_and_gradient", &table_loss_and_gradient, py::arg("params").noconvert(), py::arg("table"),
           py::arg("guide") = nullptr);

  py::class_<TablePenalty>(m, "TablePenalty")
      .def(py::init([](const AutoEncoder& model, const BoundTable& table, int threads) {
             return std::make_unique<TablePenalty>(model, table.view, threads);
           }),
           py::keep_alive<1, 2>(), py::keep_alive<1, 3>(), py::arg("model"), py::arg("table"), py::arg("threads"))
      .def("value_and_gradient", &penalty_and_gradient, py::arg("params").noconvert(), py::arg("seed"));
}

}  // namespace entivec
