// Models of offers: what is learnt, and fitted ones over customers and offers.
#include "bind_offers.h"

#include "bind_model.h"
#include "entivec/offers/offer_model.h"

namespace entivec {

namespace {

// Transactions together with the arrays they borrow from. Attributes are arrays (events, 1) of codes, or pairs of
// offsets and values.
struct BoundOffers {
  BoundOffers(const OfferSizes& sizes, Array<std::int64_t> given_offsets,
              std::optional<Array<std::int64_t>> given_times, const py::list& given, const Array<Index>& order,
              std::optional<ScalarArray> given_weights)
      : offsets(std::move(given_offsets)), times(std::move(given_times)), weights(std::move(given_weights)) {
    check(offsets.ndim() == 1 && offsets.size() > 0, "offsets", "one dimension, not empty", offsets.size());
    const Index customers = offsets.size() - 1, events = offsets.data()[customers];
    if (times) check_size("times", *times, events);
    if (weights) check_size("weights", *weights, events);
    view.events = {customers, events, offsets.data(), times ? times->data() : nullptr, nullptr, 0, nullptr, 0};
    for (const py::handle& one : given) add(one, events);
    view.order.assign(order.data(), order.data() + order.size());
    for (Index c = 0; c < customers; ++c)
      for (Index e = offsets.data()[c]; e < offsets.data()[c + 1]; ++e) view.customer.push_back(c);
    view.weights = weights ? weights->data() : nullptr;
    check_offers(sizes, view);
  }

  void add(const py::handle& one, Index events) {
    if (py::isinstance<py::tuple>(one)) {
      const auto pair = one.cast<py::tuple>();
      bags.push_back(pair[0].cast<Array<std::int64_t>>());
      codes.push_back(pair[1].cast<Array<std::int32_t>>());
      check_size("offsets of an attribute", bags.back(), events + 1);
      check(bags.back().data()[0] == 0, "offsets of an attribute", "0 first", bags.back().data()[0]);
      check_size("values of an attribute", codes.back(), bags.back().data()[events]);
      view.attributes.push_back({codes.back().data(), 1, bags.back().data()});
    } else {
      codes.push_back(one.cast<Array<std::int32_t>>());
      check_size("codes of an attribute", codes.back(), events);
      view.attributes.push_back({codes.back().data(), 1, nullptr});
    }
  }

  OfferView view;
  Array<std::int64_t> offsets;
  std::optional<Array<std::int64_t>> times;
  std::optional<ScalarArray> weights;
  std::vector<Array<std::int64_t>> bags;
  std::vector<Array<std::int32_t>> codes;
};

ScalarArray customers_of(const OfferNet& net, const ScalarArray& params, const BoundOffers& log,
                         const Array<std::int64_t>& begin, const Array<std::int64_t>& end, const BoundTable* customers,
                         int threads) {
  check_size("params", params, net.num_params());
  check_size("end", end, begin.size());
  for (Index r = 0; r < begin.size(); ++r)
    check(begin.data()[r] >= 0 && begin.data()[r] <= end.data()[r] && end.data()[r] <= log.view.events.events, "end",
          "transactions of the log", r);
  check((customers != nullptr) == (net.customers() != nullptr), "customers", "a table where the net reads one",
        customers ? "one" : "none");
  if (customers) check(customers->view.rows == begin.size(), "customers", begin.size(), customers->view.rows);
  ScalarArray vectors = new_matrix(begin.size(), net.metas());
  auto out = as_matrix(vectors);
  const std::int64_t *first = begin.data(), *last = end.data();
  const py::gil_scoped_release released;
  embed_offer_customers(net, as_vector(params), log.view, first, last, customers ? &customers->view : nullptr, threads,
                        out);
  return vectors;
}

ScalarArray offers_of(const OfferNet& net, const ScalarArray& params, const BoundOffers& log,
                      const Array<std::int64_t>& offsets, const Array<std::int64_t>& rows, int threads) {
  check_size("params", params, net.num_params());
  const Index offers = offsets.size() - 1;
  check(offers >= 0 && offsets.data()[0] == 0 && offsets.data()[offers] == rows.size(), "offsets", rows.size(), offers);
  for (Index i = 0; i < offers; ++i)
    check(offsets.data()[i] < offsets.data()[i + 1], "offsets", "offers of at least one transaction", i);
  for (Index i = 0; i < rows.size(); ++i)
    check(rows.data()[i] >= 0 && rows.data()[i] < log.view.events.events, "rows", "transactions of the log",
          rows.data()[i]);
  ScalarArray vectors = new_matrix(offers, net.interactions().contracted());
  auto out = as_matrix(vectors);
  const std::int64_t *first = offsets.data(), *own = rows.data();
  const py::gil_scoped_release released;
  embed_offers(net, as_vector(params), log.view, first, own, offers, threads, out);
  return vectors;
}

ScalarArray scores_of(const OfferNet& net, const ScalarArray& params, const ScalarArray& customers,
                      const ScalarArray& offers, int threads) {
  check_size("params", params, net.num_params());
  check_shape("customers", customers, customers.shape(0), net.metas());
  check_shape("offers", offers, offers.shape(0), net.interactions().contracted());
  ScalarArray scores = new_matrix(customers.shape(0), offers.shape(0));
  auto out = as_matrix(scores);
  const py::gil_scoped_release released;
  score_offers(net, as_vector(params), as_matrix(customers), as_matrix(offers), threads, out);
  return scores;
}

double score_blocks(const OfferModel& model, const ScalarArray& params, const Array<Index>& examples,
                    std::uint64_t seed, int threads) {
  check_size("params", params, model.num_params());
  const std::vector<Index> own = examples_of(model, examples);
  const py::gil_scoped_release released;
  return model.score(as_vector(params), own, seed, threads);
}

}  // namespace

void bind_offers(py::module_& m) {
  bind_offer_parts(m);
  py::class_<OfferSizes>(m, "OfferSizes")
      .def(from_keywords<OfferSizes>())
      .def_readwrite("levels", &OfferSizes::levels)
      .def_readwrite("width", &OfferSizes::width)
      .def_readwrite("metas", &OfferSizes::metas)
      .def_readwrite("hidden", &OfferSizes::hidden)
      .def_readwrite("mask", &OfferSizes::mask)
      .def_readwrite("bilinear", &OfferSizes::bilinear)
      .def_readwrite("augmentations", &OfferSizes::augmentations)
      .def_readwrite("key_length", &OfferSizes::key_length)
      .def_readwrite("mixture", &OfferSizes::mixture)
      .def_readwrite("block", &OfferSizes::block)
      .def_readwrite("max_length", &OfferSizes::max_length);

  py::class_<BoundOffers>(m, "OfferLog")
      .def(py::init<const OfferSizes&, Array<std::int64_t>, std::optional<Array<std::int64_t>>, const py::list&,
                    const Array<Index>&, std::optional<ScalarArray>>(),
           py::arg("sizes"), py::arg("offsets").noconvert(), py::arg("times").noconvert(), py::arg("attributes"),
           py::arg("order").noconvert(), py::arg("weights").noconvert());

  py::class_<OfferNet>(m, "OfferNet")
      .def(py::init<const OfferSizes&, const TableLayout*>(), py::keep_alive<1, 3>(), py::arg("sizes"),
           py::arg("customers"))
      .def_property_readonly("num_params", &OfferNet::num_params)
      .def(
          "initialise",
          [](const OfferNet& net, std::uint64_t seed) {
            Vector params(net.num_params());
            net.initialise(seed, params);
            return to_array(params);
          },
          py::arg("seed"))
      .def("customers", &customers_of, py::arg("params").noconvert(), py::arg("log"), py::arg("begin").noconvert(),
           py::arg("end").noconvert(), py::arg("customers"), py::arg("threads"))
      .def("offers", &offers_of, py::arg("params").noconvert(), py::arg("log"), py::arg("offsets").noconvert(),
           py::arg("rows").noconvert(), py::arg("threads"))
      .def("scores", &scores_of, py::arg("params").noconvert(), py::arg("customers").noconvert(),
           py::arg("offers").noconvert(), py::arg("threads"));

  py::class_<OfferModel, Model>(m, "OfferBlocks")
      .def(py::init([](const OfferNet& net, const BoundOffers& log, const BoundTable* customers) {
             return std::make_unique<OfferModel>(net, log.view, customers ? &customers->view : nullptr);
           }),
           py::keep_alive<1, 2>(), py::keep_alive<1, 3>(), py::keep_alive<1, 4>(), py::arg("net"), py::arg("log"),
           py::arg("customers"))
      .def("score", &score_blocks, py::arg("params").noconvert(), py::arg("examples").noconvert(), py::arg("seed"),
           py::arg("threads"));
}

}  // namespace entivec
