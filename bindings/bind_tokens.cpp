#include "bind.h"
#include "entivec/tokens/documents.h"
#include "entivec/tokens/mean_trainer.h"
#include "entivec/tokens/pair_trainer.h"

namespace entivec {

namespace {

// Histories together with the arrays they borrow from.
struct BoundHistories : Histories {
  BoundHistories(const Array<std::int64_t>& offsets, const Array<std::int32_t>& codes, std::int32_t first_token)
      : Histories(offsets.data(), checked_count(offsets, codes), codes.data(), first_token),
        offsets(offsets),
        codes(codes) {}

  static Index checked_count(const Array<std::int64_t>& offsets, const Array<std::int32_t>& codes) {
    check(offsets.ndim() == 1 && offsets.size() > 0, "Histories, offsets", "at least one", offsets.size());
    check_size("Histories, codes", codes, offsets.data()[offsets.size() - 1]);
    return offsets.size() - 1;
  }

  Array<std::int64_t> offsets;
  Array<std::int32_t> codes;
};

Attributes attributes_of(const std::optional<Array<std::int32_t>>& codes, Index count, Index words) {
  if (!codes) return {};
  check_shape("attributes", *codes, words, codes->ndim() == 2 ? codes->shape(1) : -1);
  for (Index i = 0; i < codes->size(); ++i)
    check(codes->data()[i] < count, "attributes", "codes below " + std::to_string(count), codes->data()[i]);
  return {codes->data(), codes->shape(1), count};
}

std::vector<double> vector_of(const Array<double>& array) { return {array.data(), array.data() + array.size()}; }

std::unique_ptr<PairTrainer> make_pair_trainer(const Sentences& sentences, const Array<double>& counts,
                                               ScalarArray& inputs, ScalarArray& outputs,
                                               const TokenTraining& training) {
  return std::make_unique<PairTrainer>(sentences, vector_of(counts), training, as_matrix(inputs), as_matrix(outputs));
}

std::unique_ptr<MeanTrainer> make_mean_trainer(const Sentences& sentences, const Array<double>& counts,
                                               ScalarArray& inputs, ScalarArray& outputs, const TokenTraining& training,
                                               const std::optional<Array<std::int32_t>>& attributes,
                                               Index num_attributes) {
  return std::make_unique<MeanTrainer>(sentences, vector_of(counts),
                                       attributes_of(attributes, num_attributes, counts.size()), training,
                                       as_matrix(inputs), as_matrix(outputs));
}

// Runs without the GIL what gives a sum of losses and their number.
template <class Body>
std::pair<double, Index> released_sum(const Body& body) {
  LossSum sum;
  {
    py::gil_scoped_release released;
    sum = body();
  }
  return {sum.loss, sum.count};
}

void infer(const Sentences& sentences, const Array<double>& counts, const TokenTraining& training, Scalar input_scale,
           ScalarArray& words, ScalarArray& outputs, ScalarArray& documents) {
  const Rows w = as_rows("words", as_matrix(words)), o = as_rows("outputs", as_matrix(outputs));
  const Rows d = as_rows("documents", as_matrix(documents));
  const Vocabulary vocabulary(vector_of(counts), training);
  py::gil_scoped_release released;
  infer_documents(sentences, vocabulary, training, input_scale, w, o, d);
}

TokenTraining make_training(Index window, Index negatives, double subsample, double ns_exponent, Index epochs,
                            Scalar learning_rate, Scalar final_rate, bool words, bool documents, std::uint64_t seed,
                            int threads) {
  return {window,     negatives, subsample, ns_exponent, epochs, learning_rate,
          final_rate, words,     documents, seed,        threads};
}

}  // namespace

void bind_tokens(py::module_& m) {
  py::class_<Sentences>(m, "Sentences").def_property_readonly("count", &Sentences::count);

  py::class_<BoundHistories, Sentences>(m, "Histories")
      .def(py::init<const Array<std::int64_t>&, const Array<std::int32_t>&, std::int32_t>(),
           py::arg("offsets").noconvert(), py::arg("codes").noconvert(), py::arg("first_token"));

  py::class_<TokenTraining>(m, "TokenTraining")
      .def(py::init(&make_training), py::kw_only(), py::arg("window"), py::arg("negatives"), py::arg("subsample"),
           py::arg("ns_exponent"), py::arg("epochs"), py::arg("learning_rate"), py::arg("final_rate"), py::arg("words"),
           py::arg("documents"), py::arg("seed"), py::arg("threads"));

  py::class_<TokenTrainer>(m, "TokenTrainer")
      .def(
          "run", [](TokenTrainer& trainer, Index steps) { return released_sum([&] { return trainer.run(steps); }); },
          py::arg("steps"))
      .def(
          "evaluate",
          [](const TokenTrainer& trainer, const Sentences& held_out) {
            return released_sum([&] { return trainer.evaluate(held_out); });
          },
          py::arg("held_out"))
      .def_property_readonly("steps_per_epoch", &TokenTrainer::steps_per_epoch)
      .def_property_readonly("step", &TokenTrainer::step)
      .def_property_readonly("learning_rate", &TokenTrainer::learning_rate);

  // Trainers borrow the sentences, both matrices and the attributes.
  py::class_<PairTrainer, TokenTrainer>(m, "PairTrainer")
      .def(py::init(&make_pair_trainer), py::keep_alive<1, 2>(), py::keep_alive<1, 4>(), py::keep_alive<1, 5>(),
           py::arg("sentences"), py::arg("counts").noconvert(), py::arg("inputs").noconvert(),
           py::arg("outputs").noconvert(), py::arg("training"));
  py::class_<MeanTrainer, TokenTrainer>(m, "MeanTrainer")
      .def(py::init(&make_mean_trainer), py::keep_alive<1, 2>(), py::keep_alive<1, 4>(), py::keep_alive<1, 5>(),
           py::keep_alive<1, 7>(), py::arg("sentences"), py::arg("counts").noconvert(), py::arg("inputs").noconvert(),
           py::arg("outputs").noconvert(), py::arg("training"), py::arg("attributes").noconvert() = py::none(),
           py::arg("num_attributes") = 0)
      .def_property_readonly("input_scale", &MeanTrainer::input_scale);

  m.def("infer_documents", &infer, py::arg("sentences"), py::arg("counts").noconvert(), py::arg("training"),
        py::arg("input_scale"), py::arg("words").noconvert(), py::arg("outputs").noconvert(),
        py::arg("documents").noconvert());

  m.def(
      "start_vectors",
      [](std::uint64_t seed, Index first, Index d, ScalarArray& vectors) {
        start_vectors(seed, first, d, as_matrix(vectors));
      },
      py::arg("seed"), py::arg("first"), py::arg("d"), py::arg("vectors").noconvert());
}

}  // namespace entivec
