// Networks over sequences of events: their shapes, and fitted ones over whole logs.
#include "bind_sequences.h"

#include "bind.h"
#include "entivec/sequences/apply.h"

namespace entivec {

namespace {

py::tuple embed_log(const SequenceNet& net, const ScalarArray& params, const BoundSequences& log, int threads) {
  check_size("params", params, net.num_params());
  ScalarArray embedding = new_matrix(log.view.entities, net.state()), last = new_matrix(log.view.entities, net.state());
  auto e = as_matrix(embedding), end = as_matrix(last);
  {
    const py::gil_scoped_release released;
    embed_sequences({net, as_vector(params), threads}, log.view, e, end);
  }
  return py::make_tuple(embedding, last);
}

ScalarArray trace_log(const SequenceNet& net, const ScalarArray& params, const BoundSequences& log, int threads) {
  check_size("params", params, net.num_params());
  ScalarArray states = new_matrix(log.codes.shape(0), net.state());
  auto out = as_matrix(states);
  const py::gil_scoped_release released;
  trace_sequences({net, as_vector(params), threads}, log.view, out);
  return states;
}

ScalarArray numbers_after(const SequenceNet& net, const ScalarArray& params, const ScalarArray& states, int threads) {
  check_size("params", params, net.num_params());
  check_shape("states", states, states.shape(0), net.state());
  check(net.scores_events(), "next_numbers", "an objective that says events", "contrastive");
  ScalarArray predicted = new_matrix(states.shape(0), net.layout().predicted);
  auto out = as_matrix(predicted);
  const py::gil_scoped_release released;
  next_numbers({net, as_vector(params), threads}, as_matrix(states), out);
  return predicted;
}

ScalarArray probabilities_after(const SequenceNet& net, const ScalarArray& params, Index category,
                                const ScalarArray& states, int threads) {
  check_size("params", params, net.num_params());
  check_shape("states", states, states.shape(0), net.state());
  check(net.scores_events(), "next_probabilities", "an objective that says events", "contrastive");
  check(category >= 0 && category < net.layout().categories(), "category", "one of the columns", category);
  ScalarArray predicted =
      new_matrix(states.shape(0), net.layout().levels[static_cast<std::size_t>(category)] - kFirstToken);
  auto out = as_matrix(predicted);
  const py::gil_scoped_release released;
  next_probabilities({net, as_vector(params), threads}, category, as_matrix(states), out);
  return predicted;
}

ScalarArray guess_embedded(const SequenceNet& net, const ScalarArray& params, const ScalarArray& embedding,
                           int threads) {
  check_size("params", params, net.num_params());
  check_shape("embedding", embedding, embedding.shape(0), net.state());
  ScalarArray predicted = new_matrix(embedding.shape(0), net.guide().outputs());
  auto out = as_matrix(predicted);
  const py::gil_scoped_release released;
  guess_entities({net, as_vector(params), threads}, as_matrix(embedding), out);
  return predicted;
}

}  // namespace

void bind_sequences(py::module_& m) {
  bind_sequence_shapes(m);
  py::class_<SequenceNet>(m, "SequenceNet")
      .def(py::init<const SequenceLayout&, const SequenceSizes&, const SequenceGuide&>(), py::arg("layout"),
           py::arg("sizes"), py::arg("guide"))
      .def_property_readonly("num_params", &SequenceNet::num_params)
      .def_property_readonly("state", &SequenceNet::state)
      .def(
          "initialise",
          [](const SequenceNet& net, std::uint64_t seed) {
            Vector params(net.num_params());
            net.initialise(seed, params);
            return to_array(params);
          },
          py::arg("seed"))
      .def("embed", &embed_log, py::arg("params").noconvert(), py::arg("log"), py::arg("threads"))
      .def("trace", &trace_log, py::arg("params").noconvert(), py::arg("log"), py::arg("threads"))
      .def("numbers", &numbers_after, py::arg("params").noconvert(), py::arg("states").noconvert(), py::arg("threads"))
      .def("probabilities", &probabilities_after, py::arg("params").noconvert(), py::arg("category"),
           py::arg("states").noconvert(), py::arg("threads"))
      .def("guess", &guess_embedded, py::arg("params").noconvert(), py::arg("embedding").noconvert(),
           py::arg("threads"));
  bind_sequence_model(m);
}

}  // namespace entivec
