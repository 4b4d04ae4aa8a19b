// The shape of an autoencoder as one struct.
#include "bind.h"
#include "entivec/rows/autoencoder.h"

namespace entivec {

namespace {

Contraction::Kind contraction_from_name(const std::optional<std::string>& name) {
  if (!name) return Contraction::Kind::kNone;
  if (*name == "layers") return Contraction::Kind::kLayers;
  if (*name == "whole") return Contraction::Kind::kWhole;
  fail("contraction", "None, layers or whole", *name);
}

void set_probes(AutoEncoderSizes& shape, Index probes) {
  check(probes >= 0, "probes", "a number >= 0", probes);
  shape.contraction.probes = probes;
}

}  // namespace

void bind_shape(py::module_& m) {
  using Shape = AutoEncoderSizes;
  py::class_<Shape> shape(m, "Shape");
  shape.def(from_keywords<Shape>())
      .def_readwrite("hidden", &Shape::hidden)
      .def_readwrite("code", &Shape::code)
      .def_readwrite("linear_path", &Shape::linear_path)
      .def_readwrite("nonlinear_penalty", &Shape::nonlinear_penalty)
      .def_readwrite("l2", &Shape::l2)
      .def_readwrite("code_activation", &Shape::code_activation)
      .def_readwrite("channels", &Shape::channels)
      .def_readwrite("bernoulli", &Shape::bernoulli)
      .def_readwrite("tied_weights", &Shape::tied_weights);
  write_only(shape, "activation", [](Shape& s, const std::string& name) { s.activation = activation_from_name(name); });
  write_only(shape, "contraction", [](Shape& s, const std::optional<std::string>& name) {
    s.contraction.kind = contraction_from_name(name);
  });
  nested(shape, "position_channels", &Shape::grid, &ChannelGrid::channels);
  nested(shape, "position_cells", &Shape::grid, &ChannelGrid::cells);
  nested(shape, "contraction_weight", &Shape::contraction, &Contraction::weight);
  nested(shape, "gram", &Shape::contraction, &Contraction::gram);
  shape.def_property("probes", [](const Shape& s) { return s.contraction.probes; }, &set_probes);

  nested(shape, "variational", &Shape::variational, &Variational::on);
  nested(shape, "categories", &Shape::variational, &Variational::categories);
  nested(shape, "temperature", &Shape::variational, &Variational::temperature);
  nested(shape, "divergence_weight", &Shape::variational, &Variational::weight);
  nested(shape, "categorical_capacity", &Shape::variational, &Variational::categorical_capacity);
  write_only(shape, "capacity",
             [](Shape& s, std::optional<double> nats) { s.variational.capacity = nats.value_or(-1); });
  shape
      .def(
          "capacity_at", [](const Shape& s, double annealed) { return s.variational.capacity_at(annealed); },
          py::arg("annealed"))
      .def(
          "categorical_capacity_at",
          [](const Shape& s, double annealed) { return s.variational.categorical_capacity_at(annealed); },
          py::arg("annealed"));
}

}  // namespace entivec
