#include "bind.h"

namespace entivec {

BoundTable::BoundTable(const TableLayout& layout, ScalarArray dense_, Array<std::int32_t> codes_,
                       Array<std::int32_t> offsets_, Array<std::int32_t> items_, ScalarArray counts_)
    : dense(std::move(dense_)),
      counts(std::move(counts_)),
      codes(std::move(codes_)),
      offsets(std::move(offsets_)),
      items(std::move(items_)) {
  check(dense.ndim() == 2, "dense", "two dimensions", dense.ndim());
  view.rows = dense.shape(0);
  check_shape("dense", dense, view.rows, layout.dense());
  check_shape("codes", codes, view.rows, layout.codes());
  view.dense = dense.data();
  view.codes = codes.data();
  if (layout.bag() > 0) {
    check_size("offsets", offsets, view.rows + 1);
    check_size("items", items, offsets.data()[view.rows]);
    check_size("counts", counts, offsets.data()[view.rows]);
    view.bag_offsets = offsets.data();
    view.bag_items = items.data();
    view.bag_counts = counts.data();
  }
  check_table(layout, view);
}

void bind_table(py::module_& m) {
  py::class_<TableLayout>(m, "Layout")
      .def(py::init([](std::vector<Index> dense_source, std::vector<bool> dense_gap, std::vector<Index> code_source,
                       std::vector<Index> levels, std::vector<Index> first_target, std::vector<double> share,
                       Index bag_source, std::vector<double> bag_share, std::vector<double> source_weight) {
             const Index bag_width = static_cast<Index>(bag_share.size());
             return std::make_unique<TableLayout>(
                 TableColumns{std::move(dense_source), std::move(dense_gap), std::move(code_source), std::move(levels),
                              std::move(first_target), std::move(share), bag_source, bag_width, std::move(bag_share),
                              std::move(source_weight)});
           }),
           py::kw_only(), py::arg("dense_source"), py::arg("dense_gap"), py::arg("code_source"), py::arg("levels"),
           py::arg("first_target"), py::arg("share"), py::arg("bag_source"), py::arg("bag_share"),
           py::arg("source_weight") = std::vector<double>{})
      .def_property_readonly("inputs", &TableLayout::inputs)
      .def_property_readonly("outputs", &TableLayout::outputs)
      .def_property_readonly("encoded", &TableLayout::encoded)
      .def_property_readonly("sources", &TableLayout::sources);

  py::class_<BoundTable>(m, "Table")
      .def(py::init<const TableLayout&, ScalarArray, Array<std::int32_t>, Array<std::int32_t>, Array<std::int32_t>,
                    ScalarArray>(),
           py::arg("layout"), py::arg("dense").noconvert(), py::arg("codes").noconvert(),
           py::arg("offsets").noconvert(), py::arg("items").noconvert(), py::arg("counts").noconvert())
      .def_property_readonly("rows", [](const BoundTable& table) { return table.view.rows; });
}

}  // namespace entivec
