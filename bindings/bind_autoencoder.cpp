// The autoencoder: its sizes. What is done with one is in bind_starts, bind_apply, bind_jacobian and bind_row_model.
#include "bind.h"
#include "entivec/rows/autoencoder.h"

namespace entivec {

namespace {

ScalarArray scales(const AutoEncoder& model, const ScalarArray& params) {
  check_size("params", params, model.num_params());
  return to_array(model.scales(as_vector(params)));
}

}  // namespace

void bind_autoencoder(py::module_& m) {
  py::class_<AutoEncoder> model(m, "AutoEncoder");
  model
      .def(py::init([](const TableLayout& layout, const AutoEncoderSizes& shape, const TableLayout* guide) {
             return std::make_unique<AutoEncoder>(layout, shape, guide);
           }),
           py::keep_alive<1, 2>(), py::keep_alive<1, 4>(), py::arg("layout"), py::arg("shape"),
           py::arg("guide") = nullptr)
      .def_property_readonly("num_params", &AutoEncoder::num_params)
      .def_property_readonly("encoder_params", [](const AutoEncoder& own) { return own.encoder().num_params(); })
      .def_property_readonly("code", &AutoEncoder::code)
      .def_property_readonly("has_linear_path", &AutoEncoder::has_linear_path)
      .def("scales", &scales, py::arg("params").noconvert());
  bind_starts(model);
  bind_apply(model);
  bind_jacobian(m, model);
}

}  // namespace entivec
