// The training loop of every model.
#include "bind.h"
#include "entivec/train/trainer.h"

namespace entivec {

namespace {

Precision precision_from_name(const std::string& name) {
  if (name == "float32") return Precision::kFloat32;
  if (name == "bfloat16") return Precision::kBfloat16;
  fail("matmul_precision", "float32 or bfloat16", name);
}

using State = std::tuple<ScalarArray, ScalarArray, ScalarArray, Index>;

std::unique_ptr<Trainer> make_trainer(const Model& model, const Array<Index>& examples, const State& state,
                                      const Training& options) {
  const auto& [params, first, second, step] = state;
  return std::make_unique<Trainer>(model, std::vector<Index>(examples.data(), examples.data() + examples.size()),
                                   options,
                                   TrainingState{as_vector(params), as_vector(first), as_vector(second), step});
}

State state_of(const Trainer& trainer) {
  const TrainingState& s = trainer.state();
  return {to_array(s.params), to_array(s.first_moment), to_array(s.second_moment), s.step};
}

void bind_options(py::module_& m) {
  py::class_<Training> options(m, "TrainingOptions");
  options.def(from_keywords<Training>())
      .def_readwrite("batch_size", &Training::batch_size)
      .def_readwrite("first_step", &Training::first_step)
      .def_readwrite("epochs_from", &Training::epochs_from)
      .def_readwrite("total_steps", &Training::total_steps)
      .def_readwrite("learning_rate", &Training::learning_rate)
      .def_readwrite("dropout", &Training::dropout)
      .def_readwrite("anneal_steps", &Training::anneal_steps)
      .def_readwrite("seed", &Training::seed)
      .def_readwrite("threads", &Training::threads);
  write_only(options, "schedule", [](Training& t, const std::string& name) { t.schedule = schedule_from_name(name); });
  write_only(options, "matmul_precision",
             [](Training& t, const std::string& name) { t.precision = precision_from_name(name); });
}

}  // namespace

void bind_trainer(py::module_& m) {
  bind_options(m);
  py::class_<Model>(m, "Model")
      .def_property_readonly("num_params", &Model::num_params)
      .def_property_readonly("num_examples", &Model::num_examples);

  py::class_<Trainer>(m, "Trainer")
      .def(py::init(&make_trainer), py::keep_alive<1, 2>(), py::arg("model"), py::arg("examples").noconvert(),
           py::arg("state"), py::arg("options"))
      .def("run", &Trainer::run, py::arg("steps"), py::call_guard<py::gil_scoped_release>())
      .def_property_readonly("steps_per_epoch", &Trainer::steps_per_epoch)
      .def_property_readonly("learning_rate", &Trainer::learning_rate)
      .def_property_readonly("annealed", &Trainer::annealed)
      .def_property_readonly("params", [](const Trainer& t) { return to_array(t.state().params); })
      .def_property_readonly("step", [](const Trainer& t) { return t.state().step; })
      .def_property_readonly("terms", [](const Trainer& t) { return to_array(t.terms()); })
      .def_property_readonly("state", &state_of);
}

}  // namespace entivec
