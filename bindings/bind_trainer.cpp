#include "bind.h"
#include "entivec/models/autoencoder.h"
#include "entivec/train/trainer.h"

namespace entivec {

namespace {

NoiseKind noise_from_name(const std::optional<std::string>& name) {
  if (!name) return NoiseKind::kNone;
  if (*name == "gaussian") return NoiseKind::kGaussian;
  if (*name == "mask") return NoiseKind::kMask;
  if (*name == "swap") return NoiseKind::kSwap;
  fail("noise", "None, gaussian, mask or swap", *name);
}

Precision precision_from_name(const std::string& name) {
  if (name == "float32") return Precision::kFloat32;
  if (name == "bfloat16") return Precision::kBfloat16;
  fail("matmul_precision", "float32 or bfloat16", name);
}

using State = std::tuple<ScalarArray, ScalarArray, ScalarArray, Index>;

std::unique_ptr<Trainer> make_trainer(const AutoEncoder& model, const BoundTable& table, const Array<Index>& rows,
                                      const std::optional<ScalarArray>& weights, const State& state, Index first_step,
                                      Index batch_size, Index total_steps, Scalar learning_rate,
                                      const std::string& schedule, const std::optional<std::string>& noise,
                                      Scalar noise_level, Scalar noise_span, Scalar unknown_rate, Scalar dropout,
                                      Index anneal_steps, std::uint64_t seed, int threads, const std::string& precision,
                                      const BoundTable* guide) {
  const auto& [params, first, second, step] = state;
  const Training training{batch_size,
                          first_step,
                          total_steps,
                          learning_rate,
                          schedule_from_name(schedule),
                          {noise_from_name(noise), noise_level, unknown_rate},
                          noise_span,
                          dropout,
                          anneal_steps,
                          seed,
                          threads,
                          precision_from_name(precision)};
  return std::make_unique<Trainer>(model, table.view, std::vector<Index>(rows.data(), rows.data() + rows.size()),
                                   weights_or_null(weights, table.view.rows), training,
                                   TrainingState{as_vector(params), as_vector(first), as_vector(second), step},
                                   guide ? &guide->view : nullptr);
}

State state_of(const Trainer& trainer) {
  const TrainingState& s = trainer.state();
  return {to_array(s.params), to_array(s.first_moment), to_array(s.second_moment), s.step};
}

}  // namespace

void bind_trainer(py::module_& m) {
  py::class_<Trainer>(m, "Trainer")
      .def(py::init(&make_trainer), py::keep_alive<1, 2>(), py::keep_alive<1, 3>(), py::keep_alive<1, 5>(),
           py::keep_alive<1, 21>(), py::arg("model"), py::arg("table"), py::arg("rows").noconvert(),
           py::arg("weights").noconvert(), py::arg("state"), py::kw_only(), py::arg("first_step"),
           py::arg("batch_size"), py::arg("total_steps"), py::arg("learning_rate"), py::arg("schedule"),
           py::arg("noise") = py::none(), py::arg("noise_level") = Scalar(0), py::arg("noise_span") = Scalar(0),
           py::arg("unknown_rate") = Scalar(0), py::arg("dropout") = Scalar(0), py::arg("anneal_steps") = Index(0),
           py::arg("seed"), py::arg("threads"), py::arg("matmul_precision") = "float32", py::arg("guide") = nullptr)
      .def("run", &Trainer::run, py::arg("steps"), py::call_guard<py::gil_scoped_release>())
      .def_property_readonly("steps_per_epoch", &Trainer::steps_per_epoch)
      .def_property_readonly("learning_rate", &Trainer::learning_rate)
      .def_property_readonly("params", [](const Trainer& t) { return to_array(t.state().params); })
      .def_property_readonly("step", [](const Trainer& t) { return t.state().step; })
      .def_property_readonly("terms", [](const Trainer& t) { return to_array(t.terms()); })
      .def_property_readonly("state", &state_of);
}

}  // namespace entivec
