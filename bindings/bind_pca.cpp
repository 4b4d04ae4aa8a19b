#include "bind.h"
#include "entivec/rows/pca.h"

namespace entivec {

void bind_pca(py::module_& m) {
  py::class_<Pca>(m, "Pca")
      .def_property_readonly("mean", [](const Pca& pca) { return to_array(pca.mean); })
      .def_property_readonly("singular_values", [](const Pca& pca) { return to_array(pca.singular_values); })
      .def_property_readonly("components", [](const Pca& pca) {
        return Array<double>({pca.components.rows(), pca.components.cols()}, pca.components.data());
      });

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
