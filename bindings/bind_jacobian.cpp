// Jacobians of the encoder, their norms and the contractive penalty.
#include "bind_fitted.h"
#include "entivec/rows/diagnose.h"
#include "entivec/rows/table_penalty.h"

namespace entivec {

namespace {

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

}  // namespace

void bind_jacobian(py::module_& m, py::class_<AutoEncoder>& model) {
  model.def("jacobians", &table_jacobians, py::arg("params").noconvert(), py::arg("table"), py::arg("threads"))
      .def("jacobian_norms", &table_jacobian_norms, py::arg("params").noconvert(), py::arg("table"), py::arg("probes"),
           py::arg("seed"), py::arg("threads"))
      .def("saturation", &table_saturation, py::arg("params").noconvert(), py::arg("table"), py::arg("share"),
           py::arg("threads"));

  py::class_<TablePenalty>(m, "TablePenalty")
      .def(py::init([](const AutoEncoder& model, const BoundTable& table, int threads) {
             return std::make_unique<TablePenalty>(model, table.view, threads);
           }),
           py::keep_alive<1, 2>(), py::keep_alive<1, 3>(), py::arg("model"), py::arg("table"), py::arg("threads"))
      .def("value_and_gradient", &penalty_and_gradient, py::arg("params").noconvert(), py::arg("seed"));
}

}  // namespace entivec
