#include "bind.h"
#include "entivec/core/parallel.h"
#include "entivec/graphs/walk_sentences.h"

namespace entivec {

namespace {

std::unique_ptr<Graph> make_graph(const Array<std::int32_t>& source, const Array<std::int32_t>& target,
                                  const std::optional<Array<double>>& weight, Index nodes, bool directed, int threads) {
  check_size("target", target, source.size());
  if (weight) check_size("weight", *weight, source.size());
  const EdgeList edges{source.size(), source.data(), target.data(), weight ? weight->data() : nullptr};
  const py::gil_scoped_release released;
  return std::make_unique<Graph>(edges, nodes, directed, threads);
}

// (nodes, length), −1 where a walk has ended
Array<std::int32_t> walk_from(const Walks& walks, const Array<std::int32_t>& nodes, std::uint32_t number, int threads) {
  const Index count = nodes.size(), length = walks.length();
  const std::int32_t* from = nodes.data();
  for (Index i = 0; i < count; ++i)
    check(from[i] >= 0 && from[i] < walks.nodes(), "walk", "nodes of the graph", from[i]);
  Array<std::int32_t> paths({count, length});
  std::int32_t* to = paths.mutable_data();
  const py::gil_scoped_release released;
  parallel_pieces(count, 256, threads, [&](Index, Index first, Index size) {
    std::vector<Walks::Start> starts;
    for (Index i = first; i < first + size; ++i) starts.push_back({from[i], number});
    std::vector<Index> sizes(starts.size());
    walks.walk(starts.data(), size, to + first * length, sizes.data());
    for (Index k = 0; k < size; ++k)
      std::fill(to + (first + k) * length + sizes[static_cast<std::size_t>(k)], to + (first + k + 1) * length, -1);
  });
  return paths;
}

}  // namespace

void bind_graphs(py::module_& m) {
  py::class_<Graph>(m, "Graph")
      .def(py::init(&make_graph), py::arg("source").noconvert(), py::arg("target").noconvert(),
           py::arg("weight").noconvert(), py::arg("nodes"), py::arg("directed"), py::arg("threads"))
      .def_property_readonly("nodes", &Graph::nodes)
      .def_property_readonly("arcs", &Graph::arcs);

  py::class_<Walks>(m, "Walks")
      .def(py::init([](const Graph& graph, double p, double q, bool extend, double gamma, Index length,
                       std::uint64_t seed, int threads) {
             return std::make_unique<Walks>(graph, WalkBias{p, q, extend, gamma}, length, seed, threads);
           }),
           py::keep_alive<1, 2>(), py::arg("graph"), py::kw_only(), py::arg("p"), py::arg("q"), py::arg("extend"),
           py::arg("gamma"), py::arg("length"), py::arg("seed"), py::arg("threads"))
      .def("walk", &walk_from, py::arg("nodes").noconvert(), py::arg("number"), py::arg("threads"));

  py::class_<WalkSentences, Sentences>(m, "WalkSentences")
      .def(py::init<const Walks&, Index>(), py::keep_alive<1, 2>(), py::arg("walks"), py::arg("num_walks"))
      .def(
          "frequencies",
          [](const WalkSentences& sentences, int threads) {
            std::vector<double> met;
            {
              const py::gil_scoped_release released;
              met = sentences.frequencies(threads);
            }
            return Array<double>(static_cast<Index>(met.size()), met.data());
          },
          py::arg("threads"));
}

}  // namespace entivec