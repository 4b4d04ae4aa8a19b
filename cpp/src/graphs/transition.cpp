#include "entivec/graphs/transition.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <numeric>

#include "entivec/core/check.h"
#include "entivec/core/parallel.h"
#include "entivec/core/prefetch.h"

namespace entivec {

namespace {

constexpr Index kTransitionRows = 1 << 10;
constexpr Index kAskedFor = 24;  // arcs: nodes with more are met so often that theirs are at hand
constexpr int kTrials = 32;      // then the row is read, which takes as long as its degree

double uniform(RandomWords& words) { return words() * 0x1.0p-32; }

std::uint64_t wide_word(RandomWords& words) {
  const std::uint64_t high = words();
  return (high << 32) | words();
}

template <class Visit>
void each_node(const Graph& graph, int threads, const Visit& visit) {
  parallel_pieces(graph.nodes(), kTransitionRows, threads, [&](Index, Index first, Index size) {
    for (Index v = first; v < first + size; ++v) visit(v, graph.weights(v), graph.weights(v) + graph.degree(v));
  });
}

}  // namespace

Transition::Transition(const Graph& graph, const WalkBias& bias, int threads)
    : graph_(graph),
      back_(1 / bias.p),
      out_(1 / bias.q),
      first_order_(bias.p == 1 && bias.q == 1),
      extend_(bias.extend && !first_order_),
      gamma_(bias.gamma),
      strength_(static_cast<std::size_t>(graph.nodes())) {
  check(bias.p > 0 && std::isfinite(bias.p), "walk", "p > 0", bias.p);
  check(bias.q > 0 && std::isfinite(bias.q), "walk", "q > 0", bias.q);
  check(bias.gamma >= 0 && std::isfinite(bias.gamma), "walk", "gamma >= 0", bias.gamma);
  build_tables(threads);
  if (extend_) find_strong(threads);
}

void Transition::build_tables(int threads) {
  std::atomic<bool> equal = true;
  each_node(graph_, threads, [&](Index v, const Scalar* begin, const Scalar* end) {
    strength_[static_cast<std::size_t>(v)] = std::accumulate(begin, end, 0.0);
    if (std::any_of(begin, end, [&](Scalar weight) { return weight != *begin; })) equal = false;
  });
  if (equal) return;
  slots_.resize(static_cast<std::size_t>(graph_.arcs()));
  parallel_pieces(graph_.nodes(), kTransitionRows, threads, [&](Index, Index first, Index size) {
    AliasBuilder builder;
    for (Index v = first; v < first + size; ++v)
      if (graph_.degree(v) > 0) builder.build(graph_.weights(v), graph_.degree(v), slots_.data() + graph_.first(v));
  });
}

void Transition::find_strong(int threads) {
  strong_.resize(strength_.size());
  each_node(graph_, threads, [&](Index v, const Scalar* begin, const Scalar* end) {
    const double count = std::max(static_cast<double>(end - begin), 1.0);
    double mean = strength_[static_cast<std::size_t>(v)] / count;
    // Rounded up, the mean of equal weights would make all of them weak.
    if (begin != end) mean = std::min(mean, static_cast<double>(*std::max_element(begin, end)));
    double squares = 0;
    for (const Scalar* weight = begin; weight != end; ++weight)
      squares += std::pow(static_cast<double>(*weight) - mean, 2);
    strong_[static_cast<std::size_t>(v)] = mean + gamma_ * std::sqrt(squares / count);
  });
}

double Transition::bias(Index previous, Index current, Index arc) const {
  const std::int32_t next = graph_.targets(current)[arc];
  if (next == previous) return back_;
  if (extend_) return extended_bias(previous, current, arc);
  return graph_.find(previous, next) >= 0 ? 1 : out_;
}

double Transition::extended_bias(Index previous, Index current, Index arc) const {
  const std::int32_t next = graph_.targets(current)[arc];
  const Index across = graph_.find(previous, next);
  const double weight = across < 0 ? 0 : static_cast<double>(graph_.weights(previous)[across]);
  const double strong = strong_[static_cast<std::size_t>(next)];
  if (across >= 0 && weight >= strong) return 1;
  if (graph_.weights(current)[arc] < strong_[static_cast<std::size_t>(current)]) return std::min(1.0, out_);
  return across < 0 ? out_ : out_ + (1 - out_) * weight / strong;
}

std::vector<double> Transition::probabilities(Index previous, Index current) const {
  std::vector<double> mass(static_cast<std::size_t>(graph_.degree(current)));
  for (std::size_t k = 0; k < mass.size(); ++k) {
    const auto arc = static_cast<Index>(k);
    const double by = previous < 0 || first_order_ ? 1 : bias(previous, current, arc);
    mass[k] = by * static_cast<double>(graph_.weights(current)[arc]);
  }
  const double total = std::accumulate(mass.begin(), mass.end(), 0.0);
  for (double& each : mass) each /= total;
  return mass;
}

void Transition::ask_for_node(Index node) const {
  graph_.ask_for_node(node);
  if (!first_order_) prefetch(&strength_[static_cast<std::size_t>(node)], sizeof(double));
}

void Transition::ask_for_arcs(Index node) const {
  const Index count = std::min(graph_.degree(node), kAskedFor);
  prefetch(graph_.targets(node), count * static_cast<Index>(sizeof(std::int32_t)));
  if (!slots_.empty())
    prefetch(&slots_[static_cast<std::size_t>(graph_.first(node))], count * static_cast<Index>(sizeof(AliasSlot)));
}

Index Transition::draw_by_weight(Index node, RandomWords& words) const {
  const Index degree = graph_.degree(node);
  const std::uint64_t word = wide_word(words);
  if (!slots_.empty()) return draw_alias(slots_.data() + graph_.first(node), degree, word);
  return static_cast<Index>((static_cast<__uint128_t>(word) * static_cast<std::uint64_t>(degree)) >> 64);
}

Index Transition::draw(Index previous, Index current, RandomWords& words) const {
  if (graph_.degree(current) == 1) return 0;
  if (previous < 0 || first_order_) return draw_by_weight(current, words);
  const double most = std::max(1.0, out_), least = std::min(1.0, out_);  // of steps other than back
  // What a step back has above them is a weight of its own, so that a small p costs no trials.
  const Index back = back_ > most ? graph_.find(current, static_cast<std::int32_t>(previous)) : -1;
  const double excess = back < 0 ? 0 : (back_ - most) * static_cast<double>(graph_.weights(current)[back]);
  const double total = most * strength_[static_cast<std::size_t>(current)] + excess;
  for (int trial = 0; trial < kTrials; ++trial) {
    if (excess > 0 && uniform(words) * total < excess) return back;
    const Index arc = draw_by_weight(current, words);
    const double height = uniform(words) * most;
    const bool returns = graph_.targets(current)[arc] == previous;
    if ((!returns && height < least) || height < bias(previous, current, arc)) return arc;
  }
  return draw_by_row(previous, current, words);
}

// Exact as well: trials that failed say nothing about the next.
Index Transition::draw_by_row(Index previous, Index current, RandomWords& words) const {
  const std::vector<double> share = probabilities(previous, current);
  double left = uniform(words);
  std::size_t k = 0;
  while (k + 1 < share.size() && left >= share[k]) left -= share[k++];
  return static_cast<Index>(k);
}

}  // namespace entivec
