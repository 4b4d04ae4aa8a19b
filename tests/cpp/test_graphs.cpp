#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <numeric>

#include "entivec/graphs/walk_sentences.h"

namespace entivec::test {

extern std::atomic<long> allocated_bytes;  // counting_new.cpp

namespace {

using Dense = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

struct EdgeTable {
  std::vector<std::int32_t> source, target;
  std::vector<double> weight;

  EdgeList view() const {
    return {static_cast<Index>(source.size()), source.data(), target.data(), weight.empty() ? nullptr : weight.data()};
  }
  void add(std::int32_t from, std::int32_t to, double w) {
    source.push_back(from);
    target.push_back(to);
    weight.push_back(w);
  }
};

// Weighted, with a self-loop at 2, parallel edges 0–1 and, read as directed, one way streets and a hub.
EdgeTable five_nodes() {
  EdgeTable edges;
  edges.add(0, 1, 2);
  edges.add(1, 0, 0.5);
  edges.add(0, 2, 1);
  edges.add(1, 2, 3);
  edges.add(2, 2, 0.7);
  edges.add(2, 3, 0.25);
  edges.add(3, 4, 5);
  edges.add(4, 1, 0.1);
  edges.add(0, 1, 1);
  edges.add(3, 0, 1.5);
  edges.add(2, 0, 0.3);
  return edges;
}

EdgeTable random_edges(Index nodes, Index count) {
  const Random random(1, Stream::kNoise);
  EdgeTable edges;
  for (Index e = 0; e < count; ++e) {
    const auto at = static_cast<std::uint64_t>(3 * e);
    edges.add(static_cast<std::int32_t>(random.below(at, nodes)),
              static_cast<std::int32_t>(random.below(at + 1, nodes)), 0.01 + random.uniform(at + 2));
  }
  return edges;
}

EdgeTable reversed(const EdgeTable& edges) {
  EdgeTable other;
  for (std::size_t e = edges.source.size(); e-- > 0;) other.add(edges.source[e], edges.target[e], edges.weight[e]);
  return other;
}

Dense adjacency(const EdgeTable& edges, Index nodes, bool directed) {
  Dense a = Dense::Zero(nodes, nodes);
  for (std::size_t e = 0; e < edges.source.size(); ++e) {
    a(edges.source[e], edges.target[e]) += edges.weight[e];
    if (!directed && edges.source[e] != edges.target[e]) a(edges.target[e], edges.source[e]) += edges.weight[e];
  }
  return a;
}

Dense dense(const Graph& graph) {
  Dense a = Dense::Zero(graph.nodes(), graph.nodes());
  for (Index v = 0; v < graph.nodes(); ++v)
    for (Index k = 0; k < graph.degree(v); ++k) a(v, graph.targets(v)[k]) += static_cast<double>(graph.weights(v)[k]);
  return a;
}

// mean + gamma · standard deviation of the weights of a node's edges.
double strong(const Dense& a, Index node, double gamma) {
  std::vector<double> w;
  for (Index x = 0; x < a.cols(); ++x)
    if (a(node, x) > 0) w.push_back(a(node, x));
  const double n = static_cast<double>(w.size()), mean = std::accumulate(w.begin(), w.end(), 0.0) / n;
  double variance = 0;
  for (double each : w) variance += (each - mean) * (each - mean) / n;
  return mean + gamma * std::sqrt(variance);
}

// The published formulas, cell by cell.
double naive_bias(const Dense& a, const WalkBias& bias, Index t, Index v, Index x) {
  if (x == t) return 1 / bias.p;
  if (!bias.extend) return a(t, x) > 0 ? 1 : 1 / bias.q;
  if (a(t, x) > 0 && a(t, x) >= strong(a, x, bias.gamma)) return 1;
  if (a(v, x) < strong(a, v, bias.gamma)) return std::min(1.0, 1 / bias.q);
  return a(t, x) > 0 ? 1 / bias.q + (1 - 1 / bias.q) * a(t, x) / strong(a, x, bias.gamma) : 1 / bias.q;
}

Eigen::VectorXd naive_step(const Dense& a, const WalkBias& bias, Index t, Index v) {
  Eigen::VectorXd mass(a.cols());
  for (Index x = 0; x < a.cols(); ++x) mass[x] = a(v, x) * (t < 0 ? 1 : naive_bias(a, bias, t, v, x));
  return mass / mass.sum();
}

const std::vector<WalkBias> kBiases = {
    {1, 1, false, 0},      {0.01, 50, false, 0}, {50, 0.02, false, 0},  {0.25, 200, false, 0}, {100, 300, false, 0},
    {0.02, 0.1, false, 0}, {0.01, 50, true, 0},  {50, 0.02, true, 0.5}, {1, 0.1, true, 0},     {3, 8, true, 0.3},
};

class WalksOfFiveNodes : public testing::TestWithParam<std::tuple<WalkBias, bool>> {
 protected:
  const WalkBias bias = std::get<0>(GetParam());
  const bool directed = std::get<1>(GetParam());
  const EdgeTable edges = five_nodes();
  const Graph graph{edges.view(), 5, directed, 1};
  const Dense a = adjacency(edges, 5, directed);
};

bool same(const Graph& a, const Graph& b) {
  if (a.nodes() != b.nodes() || a.arcs() != b.arcs()) return false;
  for (Index v = 0; v < a.nodes(); ++v)
    if (a.first(v) != b.first(v)) return false;
  return std::equal(a.targets(0), a.targets(0) + a.arcs(), b.targets(0)) &&
         std::equal(a.weights(0), a.weights(0) + a.arcs(), b.weights(0));
}

}  // namespace

TEST(Alias, SharesAreThoseOfTheWeights) {
  const std::vector<Scalar> weights = {0, Scalar(0.1), 7, 1, 1, Scalar(1e-9), 2};
  const auto count = static_cast<Index>(weights.size());
  std::vector<AliasSlot> slots(weights.size());
  AliasBuilder builder;
  builder.build(weights.data(), 3, slots.data());  // what is left of a table does not show in the next
  builder.build(weights.data(), count, slots.data());
  std::vector<double> share(weights.size());
  for (std::size_t k = 0; k < slots.size(); ++k) {
    const double kept = slots[k].kept * 0x1.0p-32;
    share[k] += kept / static_cast<double>(count);
    share[static_cast<std::size_t>(slots[k].other)] += (1 - kept) / static_cast<double>(count);
  }
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  for (std::size_t k = 0; k < slots.size(); ++k) EXPECT_NEAR(share[k], static_cast<double>(weights[k]) / sum, 1e-9);
}

TEST(Alias, DrawsWhatItsSlotsSay) {
  const AliasSlot slots[] = {{1u << 31, 2}, {0, 1}, {1u << 30, 0}};
  const auto word = [](double at) { return static_cast<std::uint64_t>(at / 3 * 0x1.0p64); };
  EXPECT_EQ(draw_alias(slots, 3, word(0.4999)), 0);
  EXPECT_EQ(draw_alias(slots, 3, word(0.5001)), 2);
  EXPECT_EQ(draw_alias(slots, 3, word(1.5)), 1);
  EXPECT_EQ(draw_alias(slots, 3, word(2.2499)), 2);
  EXPECT_EQ(draw_alias(slots, 3, word(2.2501)), 0);
}

TEST(Graph, AddsUpParallelEdgesAndKeepsSelfLoops) {
  for (bool directed : {false, true}) {
    const EdgeTable edges = random_edges(40, 900);
    const Graph graph(edges.view(), 40, directed, 2);
    EXPECT_LT((dense(graph) - adjacency(edges, 40, directed)).cwiseAbs().maxCoeff(), 1e-12);
    for (Index v = 0; v < 40; ++v)
      for (Index k = 1; k < graph.degree(v); ++k) EXPECT_LT(graph.targets(v)[k - 1], graph.targets(v)[k]);
  }
}

TEST(Graph, FindsArcsAndTheirAbsence) {
  const Graph graph(five_nodes().view(), 6, true, 1);
  EXPECT_EQ(graph.degree(5), 0);
  EXPECT_EQ(graph.find(0, 1), 0);
  EXPECT_EQ(graph.find(0, 2), 1);
  EXPECT_EQ(graph.find(0, 3), -1);
  EXPECT_EQ(graph.find(5, 0), -1);
}

TEST(Graph, HasTheSameBitsForAnyThreadsAndAnyOrder) {
  const EdgeTable edges = random_edges(3000, 200000);
  const EdgeTable backwards = reversed(edges);
  const Graph one(edges.view(), 3000, false, 1);
  for (int threads : {1, 2, 3}) {
    EXPECT_TRUE(same(one, Graph(edges.view(), 3000, false, threads)));
    EXPECT_TRUE(same(one, Graph(backwards.view(), 3000, false, threads)));
  }
}

TEST(Graph, IsSymmetricBitByBit) {
  const EdgeTable edges = random_edges(30, 5000);
  const Dense a = dense(Graph(edges.view(), 30, false, 2));
  EXPECT_EQ(a, Dense(a.transpose()));
}

TEST(Graph, RefusesWhatIsNoEdge) {
  EdgeTable edges = five_nodes();
  EXPECT_THROW(Graph(edges.view(), 4, false, 1), std::invalid_argument);
  for (double bad : std::vector<double>{0, -1, NAN, INFINITY}) {
    edges.weight[3] = bad;
    EXPECT_THROW(Graph(edges.view(), 5, false, 1), std::invalid_argument) << bad;
  }
  edges = five_nodes();
  edges.source[0] = -1;
  EXPECT_THROW(Graph(edges.view(), 5, false, 1), std::invalid_argument);
}

TEST_P(WalksOfFiveNodes, ProbabilitiesAreThoseOfTheFormulas) {
  const Transition transition(graph, bias, 1);
  for (Index v = 0; v < 5; ++v)
    for (Index t = -1; t < 5; ++t) {
      if (graph.degree(v) == 0 || (t >= 0 && a(t, v) == 0)) continue;
      const std::vector<double> share = transition.probabilities(t, v);
      Eigen::VectorXd ours = Eigen::VectorXd::Zero(5);
      for (std::size_t k = 0; k < share.size(); ++k) ours[graph.targets(v)[k]] = share[k];
      EXPECT_LT((ours - naive_step(a, bias, t, v)).cwiseAbs().maxCoeff(), 1e-12) << t << ' ' << v;
    }
}

// χ² over every (previous, current): a million walks from each of the nodes in turn.
TEST_P(WalksOfFiveNodes, AMillionWalksFollowTheProbabilities) {
  constexpr Index kLength = 4, kWalks = 1000000;
  const Walks walks(graph, bias, kLength, 5, 1);
  Eigen::Matrix<double, 6, 25, Eigen::RowMajor> seen = Eigen::Matrix<double, 6, 25, Eigen::RowMajor>::Zero();
  std::array<std::int32_t, kLength> path;
  for (Index i = 0; i < kWalks; ++i) {
    const Index size = walks.walk(i % 5, static_cast<std::uint32_t>(i / 5), path.data());
    for (Index s = 1; s < size; ++s) {
      const auto at = [&](Index k) { return path[static_cast<std::size_t>(k)]; };
      seen(s < 2 ? 0 : 1 + at(s - 2), 5 * at(s - 1) + at(s)) += 1;
    }
  }
  double chi2 = 0, freedom = 0;
  for (Index t = -1; t < 5; ++t)
    for (Index v = 0; v < 5; ++v) {
      const auto counts = seen.block<1, 5>(1 + t, 5 * v);
      if (counts.sum() == 0) continue;
      const Eigen::VectorXd expected = counts.sum() * naive_step(a, bias, t, v);
      for (Index x = 0; x < 5; ++x) {
        if (expected[x] == 0) {
          EXPECT_EQ(counts[x], 0);
        } else if (expected[x] > 5) {
          chi2 += std::pow(counts[x] - expected[x], 2) / expected[x];
          freedom += 1;
        }
      }
      freedom -= 1;
    }
  ASSERT_GT(freedom, 10);
  // Wilson & Hilferty 1931: four standard deviations, 3 in 100,000.
  const double normal = (std::cbrt(chi2 / freedom) - (1 - 2 / (9 * freedom))) / std::sqrt(2 / (9 * freedom));
  EXPECT_LT(normal, 4) << chi2 << " at " << freedom;
}

INSTANTIATE_TEST_SUITE_P(Biases, WalksOfFiveNodes, testing::Combine(testing::ValuesIn(kBiases), testing::Bool()));

TEST(Walks, EqualWeightsNeedNoTables) {
  EdgeTable edges = random_edges(50, 200);
  const EdgeTable equal{edges.source, edges.target, {}};
  const Graph graph(equal.view(), 50, true, 1);
  const Walks walks(graph, {}, 2, 0, 1);
  std::array<std::int32_t, 2> path;
  for (Index node = 0; node < 50; ++node)
    for (std::uint32_t number = 0; number < 20; ++number)
      EXPECT_TRUE(walks.walk(node, number, path.data()) == 1 || graph.find(node, path[1]) >= 0);
}

TEST(Walks, EndWhereNoArcLeads) {
  EdgeTable edges;
  edges.add(0, 1, 1);
  edges.add(1, 2, 1);
  const Graph graph(edges.view(), 4, true, 1);
  const Walks walks(graph, {0.5, 2, false, 0}, 10, 0, 1);
  std::array<std::int32_t, 10> path;
  EXPECT_EQ(walks.walk(0, 0, path.data()), 3);
  EXPECT_EQ(walks.walk(2, 0, path.data()), 1);
  EXPECT_EQ(walks.walk(3, 0, path.data()), 1);
}

TEST(Walks, AreAFunctionOfSeedNodeAndNumber) {
  const EdgeTable edges = random_edges(200, 4000), backwards = reversed(edges);
  const WalkBias bias{0.5, 2, true, 0.1};
  const Graph graph(edges.view(), 200, false, 1), other(backwards.view(), 200, false, 3);
  const Walks walks(graph, bias, 30, 9, 1), same_walks(other, bias, 30, 9, 3), others(graph, bias, 30, 10, 1);
  std::array<std::int32_t, 30> a, b, c, next;
  Index differ = 0;
  for (Index node = 199; node >= 0; --node) {
    ASSERT_EQ(walks.walk(node, 7, a.data()), 30);
    same_walks.walk(node, 7, b.data());
    others.walk(node, 7, c.data());
    walks.walk(node, 8, next.data());
    EXPECT_EQ(a, b);
    differ += (a != c) + (a != next);
  }
  EXPECT_EQ(differ, 400);
}

TEST(Walks, ARoundStartsAtEveryNodeOnce) {
  for (Index nodes : {1, 2, 12, 97}) {
    EdgeTable edges;
    edges.add(0, static_cast<std::int32_t>(nodes - 1), 1);
    const Graph graph(edges.view(), nodes, false, 1);
    const Walks walks(graph, {}, 3, 4, 1);
    std::vector<int> seen(static_cast<std::size_t>(nodes));
    for (Index place = 0; place < nodes; ++place) ++seen[static_cast<std::size_t>(walks.start_node(place, 2))];
    EXPECT_EQ(*std::min_element(seen.begin(), seen.end()), 1);
    EXPECT_TRUE(nodes < 97 || walks.start_node(0, 0) != walks.start_node(0, 1));
  }
}

// However a pass is cut, its sentences are the walks themselves, in the order of their round.
TEST(Walks, AreReadAsSentencesPieceByPiece) {
  const EdgeTable edges = random_edges(23, 200);
  const Graph graph(edges.view(), 23, true, 1);
  const Walks walks(graph, {0.5, 2, false, 0}, 6, 9, 1);
  const WalkSentences sentences(walks, 3);
  ASSERT_EQ(sentences.count(), 69);
  EXPECT_EQ(sentences.start(69), 69 * 6);
  std::array<std::int32_t, 6> path;
  std::vector<std::int32_t> tokens, all;
  std::vector<Index> offsets, ends;
  sentences.fill(2, 0, 69, all, ends);
  for (Index piece : {1, 4, 69})
    for (Index first = 0; first < 69; first += piece) {
      const Index last = std::min<Index>(first + piece, 69);
      sentences.fill(2, first, last, tokens, offsets);
      ASSERT_EQ(offsets.size(), static_cast<std::size_t>(last - first + 1));
      EXPECT_TRUE(std::equal(tokens.begin(), tokens.end(), all.begin() + ends[static_cast<std::size_t>(first)]));
      const auto number = static_cast<std::uint32_t>(2 * 3 + first / 23);
      const Index size = walks.walk(walks.start_node(first % 23, number), number, path.data());
      ASSERT_EQ(offsets[1], size);
      EXPECT_TRUE(std::equal(path.begin(), path.begin() + size, tokens.begin()));
    }
}

TEST(Walks, FrequenciesAreThoseOfTheFirstPass) {
  const EdgeTable edges = random_edges(300, 900);
  const Graph graph(edges.view(), 300, true, 1);
  const Walks walks(graph, {}, 7, 1, 1);
  const WalkSentences sentences(walks, 5);
  std::vector<std::int32_t> tokens;
  std::vector<Index> offsets;
  sentences.fill(0, 0, sentences.count(), tokens, offsets);
  std::vector<double> met(300);
  for (std::int32_t node : tokens) ++met[static_cast<std::size_t>(node)];
  for (int threads : {1, 2, 3}) EXPECT_EQ(sentences.frequencies(threads), met);
}

// Tables of second-order steps would take Σ degree²: 400 million numbers around this hub.
TEST(Walks, TakeMemoryLinearInTheEdges) {
  const auto bytes_per_edge = [](std::int32_t leaves) {
    EdgeTable star;
    for (std::int32_t leaf = 1; leaf <= leaves; ++leaf) star.add(0, leaf, 1 + leaf % 3);
    const long before = allocated_bytes;
    const Graph graph(star.view(), leaves + 1, false, 1);
    const Walks walks(graph, {0.5, 2, true, 0}, 10, 0, 1);
    std::array<std::int32_t, 10> path;
    for (std::uint32_t number = 0; number < 10; ++number) walks.walk(0, number, path.data());
    return static_cast<double>(allocated_bytes - before) / leaves;
  };
  EXPECT_LT(bytes_per_edge(20000), 250);
  EXPECT_LT(bytes_per_edge(80000), 1.1 * bytes_per_edge(20000));
}

TEST(Walks, RefuseImpossibleBiases) {
  const Graph graph(five_nodes().view(), 5, false, 1);
  for (const WalkBias& bias :
       {WalkBias{0, 1, false, 0}, WalkBias{1, -1, false, 0}, WalkBias{1, INFINITY, false, 0}, WalkBias{1, 2, true, -1}})
    EXPECT_THROW(Walks(graph, bias, 5, 0, 1), std::invalid_argument);
  EXPECT_THROW(Walks(graph, {}, 0, 0, 1), std::invalid_argument);
}

}  // namespace entivec::test
