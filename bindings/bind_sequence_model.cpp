// A network on sequences of events: what a Trainer trains.
#include <numeric>

#include "bind_model.h"
#include "bind_sequences.h"
#include "entivec/sequences/sequence_model.h"

namespace entivec {

namespace {

// Targets of the guides, together with the arrays they borrow from.
struct BoundGuide {
  ScalarArray numbers;
  Array<std::int32_t> classes;

  GuideView view() const { return {numbers.data(), classes.data()}; }
};

std::unique_ptr<SequenceModel> make_model(const SequenceNet& net, const BoundSequences& log, const BoundGuide* guide,
                                          Scalar events_per_example) {
  const SequenceGuide& targets = net.guide();
  if (guide) {
    check_shape("numbers", guide->numbers, log.view.entities, targets.numbers);
    check_shape("classes", guide->classes, log.view.entities, static_cast<Index>(targets.classes.size()));
  }
  return std::make_unique<SequenceModel>(net, log.view, guide ? guide->view() : GuideView{}, events_per_example);
}

py::tuple score_sequences(const SequenceModel& model, const ScalarArray& params, const Array<Index>& examples,
                          std::uint64_t seed, int threads) {
  check_size("params", params, model.num_params());
  const std::vector<Index> own = examples_of(model, examples);
  SequenceModel::Score found;
  {
    const py::gil_scoped_release released;
    found = model.score(as_vector(params), own, seed, threads);
  }
  return py::make_tuple(found.loss, found.parts);
}

// Of all entities.
py::tuple loss_and_gradient_of(const SequenceModel& model, const ScalarArray& params) {
  std::vector<Index> all(static_cast<std::size_t>(model.num_examples()));
  std::iota(all.begin(), all.end(), Index{0});
  return whole_gradient(model, params, all);
}

}  // namespace

void bind_sequence_model(py::module_& m) {
  py::class_<BoundGuide>(m, "SequenceTargets")
      .def(py::init([](ScalarArray numbers, Array<std::int32_t> classes) {
             return std::make_unique<BoundGuide>(BoundGuide{std::move(numbers), std::move(classes)});
           }),
           py::arg("numbers").noconvert(), py::arg("classes").noconvert());

  py::class_<SequenceModel, Model>(m, "SequenceModel")
      .def(py::init(&make_model), py::keep_alive<1, 2>(), py::keep_alive<1, 3>(), py::keep_alive<1, 4>(),
           py::arg("net"), py::arg("log"), py::arg("guide"), py::arg("events_per_example"))
      .def("score", &score_sequences, py::arg("params").noconvert(), py::arg("examples").noconvert(), py::arg("seed"),
           py::arg("threads"))
      .def("loss_and_gradient", &loss_and_gradient_of, py::arg("params").noconvert());
}

}  // namespace entivec
