// Models of histories: who will want which item.
#include "bind_model.h"
#include "bind_offers.h"
#include "entivec/offers/history_model.h"

namespace entivec {

namespace {

// Histories together with the arrays they borrow from.
struct BoundHistories {
  BoundHistories(const HistorySizes& sizes, Array<std::int64_t> given_offsets,
                 std::optional<Array<std::int64_t>> given_times, Array<std::int32_t> given_items,
                 std::optional<Array<std::int64_t>> given_token_offsets,
                 std::optional<Array<std::int32_t>> given_tokens)
      : offsets(std::move(given_offsets)),
        items(std::move(given_items)),
        times(std::move(given_times)),
        token_offsets(std::move(given_token_offsets)),
        tokens(std::move(given_tokens)) {
    check(offsets.ndim() == 1 && offsets.size() > 0, "offsets", "one dimension, not empty", offsets.size());
    const Index events = items.size();
    check_size("items", items, events);
    if (times) check_size("times", *times, events);
    check(token_offsets.has_value() == tokens.has_value(), "tokens", "offsets where there are tokens", "one of them");
    view.events = {offsets.size() - 1, events, offsets.data(), times ? times->data() : nullptr,
                   items.data(),       1,      nullptr,        0};
    if (token_offsets && tokens) {
      check_size("token_offsets", *token_offsets, events + 1);
      check_size("tokens", *tokens, token_offsets->data()[events]);
      view.token_offsets = token_offsets->data();
      view.tokens = tokens->data();
    }
    check_histories(sizes, view);
  }

  HistoryView view;
  Array<std::int64_t> offsets;
  Array<std::int32_t> items;
  std::optional<Array<std::int64_t>> times, token_offsets;
  std::optional<Array<std::int32_t>> tokens;
};

const TableView* view_or_null(const BoundTable* table) { return table ? &table->view : nullptr; }

ScalarArray embed_bound(const HistoryNet& net, const ScalarArray& params, const BoundHistories& log,
                        const Array<std::int64_t>& begin, const Array<std::int64_t>& end, const BoundTable* customers,
                        int threads) {
  check_size("params", params, net.num_params());
  check_size("end", end, begin.size());
  const HistoryRows rows{begin.size(), begin.data(), end.data()};
  for (Index r = 0; r < rows.rows; ++r)
    check(rows.begin[r] >= 0 && rows.begin[r] <= rows.end[r] && rows.end[r] <= log.view.events.events, "embed",
          "histories within the events", r);
  check((customers != nullptr) == (net.customers() != nullptr), "customers", "a table where the net reads one",
        customers ? "one" : "none");
  if (customers) check(customers->view.rows == rows.rows, "customers", rows.rows, customers->view.rows);
  ScalarArray vectors = new_matrix(rows.rows, net.width());
  auto out = as_matrix(vectors);
  const py::gil_scoped_release released;
  embed_histories(net, as_vector(params), log.view, rows, view_or_null(customers), threads, out);
  return vectors;
}

ScalarArray score_bound(const HistoryNet& net, const ScalarArray& params, const ScalarArray& vectors, int threads) {
  check_size("params", params, net.num_params());
  check_shape("vectors", vectors, vectors.shape(0), net.width());
  ScalarArray scores = new_matrix(vectors.shape(0), net.softmax().rows());
  auto out = as_matrix(scores);
  const py::gil_scoped_release released;
  score_items(net, as_vector(params), as_matrix(vectors), threads, out);
  return scores;
}

double score_histories(const HistoryModel& model, const ScalarArray& params, const Array<Index>& examples,
                       std::uint64_t seed, int threads) {
  check_size("params", params, model.num_params());
  const std::vector<Index> own = examples_of(model, examples);
  const py::gil_scoped_release released;
  return model.score(as_vector(params), own, seed, threads);
}

Array<Index> labels_of(const HistoryModel& model) {
  Array<Index> counts(model.num_examples());
  for (Index c = 0; c < model.num_examples(); ++c) counts.mutable_data()[c] = model.labels(c);
  return counts;
}

}  // namespace

void bind_histories(py::module_& m) {
  py::class_<HistorySizes>(m, "HistorySizes")
      .def(from_keywords<HistorySizes>())
      .def_readwrite("items", &HistorySizes::items)
      .def_readwrite("tokens", &HistorySizes::tokens)
      .def_readwrite("age", &HistorySizes::age)
      .def_readwrite("hidden", &HistorySizes::hidden)
      .def_readwrite("components", &HistorySizes::components)
      .def_readwrite("max_length", &HistorySizes::max_length)
      .def_readwrite("tied", &HistorySizes::tied)
      .def_readwrite("ordered", &HistorySizes::ordered)
      .def_readwrite("held_out", &HistorySizes::held_out)
      .def_readwrite("full_softmax", &HistorySizes::full_softmax)
      .def_readwrite("sampled", &HistorySizes::sampled);

  py::class_<BoundHistories>(m, "HistoryLog")
      .def(py::init<const HistorySizes&, Array<std::int64_t>, std::optional<Array<std::int64_t>>, Array<std::int32_t>,
                    std::optional<Array<std::int64_t>>, std::optional<Array<std::int32_t>>>(),
           py::arg("sizes"), py::arg("offsets").noconvert(), py::arg("times").noconvert(), py::arg("items").noconvert(),
           py::arg("token_offsets").noconvert(), py::arg("tokens").noconvert());

  py::class_<HistoryNet>(m, "HistoryNet")
      .def(py::init<const HistorySizes&, const TableLayout*>(), py::keep_alive<1, 3>(), py::arg("sizes"),
           py::arg("customers"))
      .def_property_readonly("num_params", &HistoryNet::num_params)
      .def(
          "initialise",
          [](const HistoryNet& net, std::uint64_t seed, const std::vector<double>& share) {
            check(share.empty() || static_cast<Index>(share.size()) == net.softmax().rows(), "share",
                  net.softmax().rows(), share.size());
            Vector params(net.num_params());
            net.initialise(seed, share, params);
            return to_array(params);
          },
          py::arg("seed"), py::arg("share"))
      .def("embed", &embed_bound, py::arg("params").noconvert(), py::arg("log"), py::arg("begin").noconvert(),
           py::arg("end").noconvert(), py::arg("customers"), py::arg("threads"))
      .def("scores", &score_bound, py::arg("params").noconvert(), py::arg("vectors").noconvert(), py::arg("threads"))
      .def(
          "items",
          [](const HistoryNet& net, const ScalarArray& params) {
            check_size("params", params, net.num_params());
            ScalarArray items = new_matrix(net.softmax().rows(), net.softmax().width());
            as_matrix(items) = net.softmax().table(as_vector(params));
            return items;
          },
          py::arg("params").noconvert());

  py::class_<HistoryModel, Model>(m, "HistoryModel")
      .def(py::init([](const HistoryNet& net, const BoundHistories& log, const BoundTable* customers) {
             return std::make_unique<HistoryModel>(net, log.view, view_or_null(customers));
           }),
           py::keep_alive<1, 2>(), py::keep_alive<1, 3>(), py::keep_alive<1, 4>(), py::arg("net"), py::arg("log"),
           py::arg("customers"))
      .def_property_readonly("labels", &labels_of)
      .def("score", &score_histories, py::arg("params").noconvert(), py::arg("examples").noconvert(), py::arg("seed"),
           py::arg("threads"));
}

}  // namespace entivec
