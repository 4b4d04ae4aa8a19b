// An autoencoder on the rows of a table: what a Trainer trains.
#include <numeric>

#include "bind_model.h"
#include "entivec/rows/row_model.h"

namespace entivec {

namespace {

NoiseKind noise_from_name(const std::optional<std::string>& name) {
  if (!name) return NoiseKind::kNone;
  if (*name == "gaussian") return NoiseKind::kGaussian;
  if (*name == "mask") return NoiseKind::kMask;
  if (*name == "swap") return NoiseKind::kSwap;
  fail("noise", "None, gaussian, mask or swap", *name);
}

// Of all rows.
py::tuple table_loss_and_gradient(const RowModel& model, const ScalarArray& params) {
  std::vector<Index> rows(static_cast<std::size_t>(model.num_examples()));
  std::iota(rows.begin(), rows.end(), Index{0});
  return whole_gradient(model, params, rows);
}

}  // namespace

void bind_row_model(py::module_& m) {
  py::class_<Corruption> corruption(m, "Corruption");
  corruption.def(from_keywords<Corruption>())
      .def_readwrite("level", &Corruption::level)
      .def_readwrite("unknown_rate", &Corruption::unknown_rate)
      .def_readwrite("span", &Corruption::span);
  write_only(corruption, "noise",
             [](Corruption& c, const std::optional<std::string>& name) { c.kind = noise_from_name(name); });

  py::class_<RowModel, Model>(m, "RowModel")
      .def(py::init([](const AutoEncoder& model, const BoundTable& table, const std::optional<ScalarArray>& weights,
                       const Corruption& noise, const BoundTable* guide) {
             return std::make_unique<RowModel>(model, table.view, weights_or_null(weights, table.view.rows), noise,
                                               guide ? &guide->view : nullptr);
           }),
           py::keep_alive<1, 2>(), py::keep_alive<1, 3>(), py::keep_alive<1, 4>(), py::keep_alive<1, 6>(),
           py::arg("model"), py::arg("table"), py::arg("weights").noconvert() = py::none(),
           py::arg("corruption") = Corruption{}, py::arg("guide") = nullptr)
      .def("loss_and_gradient", &table_loss_and_gradient, py::arg("params").noconvert());
}

}  // namespace entivec
