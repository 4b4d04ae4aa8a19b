// What sequences and the networks over them look like.
#include "bind_sequences.h"

namespace entivec {

BoundSequences::BoundSequences(const SequenceLayout& layout, Array<std::int64_t> given_offsets,
                               Array<std::int32_t> given_codes, ScalarArray given_numbers)
    : offsets(std::move(given_offsets)), codes(std::move(given_codes)), numbers(std::move(given_numbers)) {
  check(offsets.ndim() == 1 && offsets.size() > 0, "offsets", "one dimension, not empty", offsets.size());
  check(codes.ndim() == 2, "codes", "two dimensions", codes.ndim());
  const Index events = codes.shape(0);
  check_shape("codes", codes, events, layout.categories());
  check_shape("numbers", numbers, events, layout.numbers);
  view = {offsets.size() - 1, offsets.data(), codes.data(), numbers.data()};
  check_sequences(layout, view, events);
}

void bind_sequence_shapes(py::module_& m) {
  py::class_<SequenceLayout>(m, "SequenceLayout")
      .def(from_keywords<SequenceLayout>())
      .def_readwrite("levels", &SequenceLayout::levels)
      .def_readwrite("widths", &SequenceLayout::widths)
      .def_readwrite("share", &SequenceLayout::share)
      .def_readwrite("numbers", &SequenceLayout::numbers)
      .def_readwrite("predicted", &SequenceLayout::predicted);

  py::class_<SequenceGuide>(m, "SequenceGuide")
      .def(from_keywords<SequenceGuide>())
      .def_readwrite("numbers", &SequenceGuide::numbers)
      .def_readwrite("classes", &SequenceGuide::classes)
      .def_readwrite("weight", &SequenceGuide::weight);

  py::class_<SequenceSizes> sizes(m, "SequenceSizes");
  sizes.def(from_keywords<SequenceSizes>())
      .def_readwrite("hidden", &SequenceSizes::hidden)
      .def_readwrite("layers", &SequenceSizes::layers)
      .def_readwrite("components", &SequenceSizes::components)
      .def_readwrite("max_length", &SequenceSizes::max_length)
      .def_readwrite("full_softmax", &SequenceSizes::full_softmax)
      .def_readwrite("sampled", &SequenceSizes::sampled)
      .def_readwrite("slices", &SequenceSizes::slices)
      .def_readwrite("clip", &SequenceSizes::clip);
  nested(sizes, "margin", &SequenceSizes::contrastive, &ContrastivePairs::margin);
  nested(sizes, "negatives", &SequenceSizes::contrastive, &ContrastivePairs::negatives);
  write_only(sizes, "cell", [](SequenceSizes& s, const std::string& name) { s.reader = reader_from_name(name); });
  write_only(sizes, "pooling", [](SequenceSizes& s, const std::string& name) { s.pooling = pooling_from_name(name); });
  write_only(sizes, "objective",
             [](SequenceSizes& s, const std::string& name) { s.objective = objective_from_name(name); });

  py::class_<BoundSequences>(m, "Sequences")
      .def(py::init<const SequenceLayout&, Array<std::int64_t>, Array<std::int32_t>, ScalarArray>(), py::arg("layout"),
           py::arg("offsets").noconvert(), py::arg("codes").noconvert(), py::arg("numbers").noconvert())
      .def_property_readonly("entities", [](const BoundSequences& log) { return log.view.entities; });
}

}  // namespace entivec
