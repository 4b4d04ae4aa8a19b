#include "bind.h"
#include "entivec/table/scaling.h"

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

namespace {

constexpr Index kScaledRows = 256;  // at a time, all columns of them, so that rows stay in the cache

// Every column of `numbers` (n, c), float or double, with its column of `statistics` (4, c): centre, width, mean,
// standard deviation. `squash` is "none", "root" or "bounded".
bool scale_columns(const py::array& numbers, const Array<double>& statistics, std::string_view name,
                   py::array_t<float, 0>& cells) {
  check(name == "none" || name == "root" || name == "bounded", "squash", "none, root or bounded", name);
  const Squash squash = name == "none" ? Squash::kNone : (name == "root" ? Squash::kRoot : Squash::kBounded);
  check(numbers.ndim() == 2, "numbers", "two dimensions", numbers.ndim());
  const bool single = py::isinstance<py::array_t<float, 0>>(numbers);
  check(single || py::isinstance<py::array_t<double, 0>>(numbers), "numbers", "float32 or float64", "others");
  const Index rows = numbers.shape(0), columns = numbers.shape(1);
  check_shape("statistics", statistics, 4, columns);
  check_shape("cells", cells, rows, columns);
  const auto* from = reinterpret_cast<const std::byte*>(numbers.data());
  const Index stride[] = {numbers.strides(0), numbers.strides(1)};
  const Index cell_stride[] = {cells.strides(0) / cells.itemsize(), cells.strides(1) / cells.itemsize()};
  const double* with = statistics.data();
  float* to = cells.mutable_data();
  const py::gil_scoped_release release;
  bool finite = true;
  for (Index i = 0; i < rows; i += kScaledRows)
    for (Index j = 0; j < columns; ++j) {
      const Scaling scaling{with[j], with[columns + j], static_cast<float>(with[2 * columns + j]),
                            static_cast<float>(with[3 * columns + j])};
      finite &= (single ? scale<float> : scale<double>)(scaling, squash, std::min(kScaledRows, rows - i),
                                                        from + i * stride[0] + j * stride[1], stride[0],
                                                        to + i * cell_stride[0] + j * cell_stride[1], cell_stride[0]);
    }
  return finite;
}

}  // namespace

void bind_table(py::module_& m) {
  m.def("scale", &scale_columns, py::arg("numbers").noconvert(), py::arg("statistics").noconvert(), py::arg("squash"),
        py::arg("cells").noconvert());

  py::class_<TableLayout>(m, "Layout")
      .def(py::init([](std::vector<Index> dense_source, std::vector<bool> dense_gap, std::vector<Index> code_source,
                       std::vector<Index> levels, std::vector<Index> first_target, std::vector<double> share,
                       Index bag_source, std::vector<double> bag_share, double bag_weight,
                       std::vector<double> source_weight) {
             const Index bag_width = static_cast<Index>(bag_share.size());
             return std::make_unique<TableLayout>(
                 TableColumns{std::move(dense_source), std::move(dense_gap), std::move(code_source), std::move(levels),
                              std::move(first_target), std::move(share), bag_source, bag_width, std::move(bag_share),
                              bag_weight, std::move(source_weight)});
           }),
           py::kw_only(), py::arg("dense_source"), py::arg("dense_gap"), py::arg("code_source"), py::arg("levels"),
           py::arg("first_target"), py::arg("share"), py::arg("bag_source"), py::arg("bag_share"),
           py::arg("bag_weight") = 1.0, py::arg("source_weight") = std::vector<double>{})
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
