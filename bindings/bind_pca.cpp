#include "bind.h"
#include "entivec/rows/moments.h"

namespace entivec {

namespace {

Array<double> to_matrix(const MatrixXd& matrix) { return Array<double>({matrix.rows(), matrix.cols()}, matrix.data()); }
Eigen::Map<const VectorXd> as_doubles(const Array<double>& array) { return {array.data(), array.size()}; }

py::tuple moments_of(const TableLayout& layout, const BoundTable& table, const Array<double>& centre,
                     const Array<double>& unit, int threads) {
  Moments moments;
  {
    const VectorXd at = as_doubles(centre), far = as_doubles(unit);
    const py::gil_scoped_release released;
    moments = table_moments(layout, table.view, at, far, threads);
  }
  return py::make_tuple(moments.rows, to_array(moments.observed), to_array(moments.sum), to_matrix(moments.second));
}

Pca pca_of_moments(const TableLayout& layout, double rows, const Array<double>& observed, const Array<double>& total,
                   const Array<double>& second, const Array<double>& centre, const Array<double>& unit, Index count,
                   std::uint64_t seed) {
  check_shape("second", second, total.size(), total.size());
  const Moments moments{rows, as_doubles(observed), as_doubles(total),
                        Eigen::Map<const MatrixXd>(second.data(), second.shape(0), second.shape(1))};
  return fit_pca(layout, moments, as_doubles(centre), as_doubles(unit), count, seed);
}

}  // namespace

void bind_pca(py::module_& m) {
  py::class_<Pca>(m, "Pca")
      .def_property_readonly("mean", [](const Pca& pca) { return to_array(pca.mean); })
      .def_property_readonly("singular_values", [](const Pca& pca) { return to_array(pca.singular_values); })
      .def_property_readonly("components", [](const Pca& pca) { return to_matrix(pca.components); });

  m.def("table_moments", &moments_of, py::arg("layout"), py::arg("table"), py::arg("centre").noconvert(),
        py::arg("unit").noconvert(), py::arg("threads"));
  m.def("pca_of_moments", &pca_of_moments, py::arg("layout"), py::arg("rows"), py::arg("observed").noconvert(),
        py::arg("total").noconvert(), py::arg("second").noconvert(), py::arg("centre").noconvert(),
        py::arg("unit").noconvert(), py::arg("count"), py::arg("seed"));

  m.def(
      "fit_pca",
      [](const TableLayout& layout, const BoundTable& table, const std::optional<ScalarArray>& weights, Index count,
         std::uint64_t seed, int threads) {
        const Scalar* w = weights_or_null(weights, table.view.rows);
        py::gil_scoped_release released;
        return fit_pca(CentredTable(layout, table.view, w, threads), count, seed);
      },
      py::arg("layout"), py::arg("table"), py::arg("weights").noconvert(), py::arg("count"), py::arg("seed"),
      py::arg("threads"));
}

}  // namespace entivec
