// Replays what PyTorch computed: tests/golden/make_goldens.py.
#include <gtest/gtest.h>

#include <numeric>
#include <optional>

#include "golden.h"
#include "gradient.h"
#include "one_step.h"
#include "row_trainer.h"
#include "tables.h"

namespace entivec::test {

namespace {

// `of` is "" for the table and "guide_" for its targets.
TableColumns columns_of(const Golden& golden, const std::string& of) {
  TableColumns c;
  c.dense_source = golden.list<Index>(of + "dense_source");
  c.dense_gap = golden.list<bool>(of + "dense_gap");
  c.code_source = golden.list<Index>(of + "code_source");
  c.levels = golden.list<Index>(of + "levels");
  c.first_target = golden.list<Index>(of + "first_target");
  c.share = golden.list<double>(of + "share");
  c.bag_source = static_cast<Index>(golden.number(of + "bag_source"));
  c.bag_share = golden.list<double>(of + "bag_share");
  c.bag_width = static_cast<Index>(c.bag_share.size());
  c.source_weight = golden.list<double>(of + "source_weight");
  return c;
}

Table table_of(const Golden& golden, const std::string& of = "") {
  Table table;
  table.layout = std::make_unique<TableLayout>(columns_of(golden, of));
  table.dense = golden[of + "dense"];
  table.codes = golden[of + "codes"].cast<std::int32_t>();
  table.rows = table.dense.rows();
  const Matrix& bags = golden[of + "bags"];
  for (Index i = 0; i < table.rows; ++i) {
    for (Index v = 0; v < bags.cols(); ++v) {
      if (bags(i, v) == 0) continue;
      table.items.push_back(static_cast<std::int32_t>(v));
      table.counts.push_back(bags(i, v));
    }
    table.offsets.push_back(static_cast<std::int32_t>(table.items.size()));
  }
  table.look();
  check_table(*table.layout, table.view);
  return table;
}

Contraction contraction_of(const Golden& golden, bool gram) {
  constexpr Contraction::Kind kKinds[] = {Contraction::Kind::kNone, Contraction::Kind::kLayers,
                                          Contraction::Kind::kWhole};
  return {kKinds[static_cast<std::size_t>(golden.number("contraction_kind"))], golden.number("contraction"), 0, gram};
}

Variational variational_of(const Golden& golden) {
  return {golden.number("variational") == 1,
          golden.list<Index>("categories"),
          golden.has("temperature") ? golden.number("temperature") : 1,
          golden.number("divergence_weight"),
          golden.number("capacity"),
          golden.number("categorical_capacity")};
}

AutoEncoderSizes sizes_of(const Golden& golden, bool gram) {
  return {golden.list<Index>("hidden"),
          static_cast<Index>(golden.number("code")),
          activation_from_name(golden.activation),
          golden.number("linear_path") == 1,
          golden.number("nonlinear_penalty"),
          golden.number("l2"),
          golden.number("code_activation") == 1,
          golden.list<Index>("channels"),
          contraction_of(golden, gram),
          variational_of(golden),
          golden.number("bernoulli") == 1,
          golden.number("tied_weights") == 1};
}

struct Replay {
  const char* name;
  bool gram = false;  // how the Jacobian of a whole encoder is closed
};

// A golden file with everything that borrows from it.
struct Case {
  explicit Case(const Replay& replay)
      : golden(read_golden(replay.name)),
        table(table_of(golden)),
        guide(golden.has("guide_dense") ? std::optional(table_of(golden, "guide_")) : std::nullopt),
        model(*table.layout, sizes_of(golden, replay.gram), guide ? guide->layout.get() : nullptr),
        params(golden["params"].transpose()),
        weight(golden.has("weight") ? Vector(golden["weight"].transpose()) : Vector::Ones(table.rows)),
        workspace(model.workspace(table.rows)),
        batch(whole(table)) {
    batch.weight = weight;
    if (!guide) return;
    guide_batch.emplace(whole(*guide));
    guide_batch->weight = weight;
    batch.guide = &*guide_batch;
  }

  Golden golden;
  Table table;
  std::optional<Table> guide;
  AutoEncoder model;
  Vector params, weight;
  std::unique_ptr<Workspace> workspace;
  Batch batch;
  std::optional<Batch> guide_batch;
};

void check_penalty_alone(const Case& c) {
  const Scalar scale = 1 / static_cast<Scalar>(c.table.rows), expected = c.golden.number("penalty");
  Vector grads = Vector::Zero(c.params.size());
  c.model.begin_step(c.params, {c.workspace.get()}, 1);
  const Scalar penalty = c.model.contraction_and_gradient(c.batch, scale, {}, c.params, *c.workspace, grads);
  EXPECT_NEAR(penalty, expected, 1e-12 * expected);
}

}  // namespace

class Goldens : public testing::TestWithParam<Replay> {};

TEST_P(Goldens, LossEveryGradientAndTenSteps) {
  const Case c(GetParam());
  ASSERT_EQ(c.params.size(), c.model.num_params());
  Vector grads = Vector::Zero(c.params.size());
  const Scalar scale = 1 / static_cast<Scalar>(c.table.rows);
  const Scalar loss = one_step(c.model, c.batch, scale, {}, c.params, *c.workspace, grads);
  const std::vector<Scalar> losses = c.golden.list<Scalar>("losses");
  EXPECT_NEAR(loss, c.golden.has("loss") ? c.golden.number("loss") : losses[0], 1e-12 * losses[0]);
  expect_close(grads.transpose(), c.golden["gradient"], Scalar(1e-12));
  if (c.golden.has("penalty")) check_penalty_alone(c);

  Training training;
  training.batch_size = c.table.rows;
  training.learning_rate = c.golden.number("learning_rate");
  training.schedule = Schedule::kConstant;
  std::vector<Index> rows(static_cast<std::size_t>(c.table.rows));
  std::iota(rows.begin(), rows.end(), Index{0});
  RowTrainer trainer(c.model, c.table.view, rows, c.weight.data(), {}, training,
                     {c.params, 0 * c.params, 0 * c.params, 0}, c.guide ? &c.guide->view : nullptr);
  for (Scalar expected : losses) EXPECT_NEAR(trainer.run(1), expected, 1e-9 * expected);
}

INSTANTIATE_TEST_SUITE_P(
    PyTorch, Goldens,
    testing::Values(Replay{"recipe"}, Replay{"penalties"}, Replay{"relu_chain"}, Replay{"tanh_chain"},
                    Replay{"sigmoid_chain"}, Replay{"linear"}, Replay{"deep_tanh"}, Replay{"deep_tanh", true},
                    Replay{"deep_gelu_path"}, Replay{"deep_gelu_path", true}, Replay{"deep_sigmoid_wide"},
                    Replay{"deep_sigmoid_wide", true}, Replay{"deep_silu_one"}, Replay{"deep_silu_one", true},
                    Replay{"cae_tanh_path"}, Replay{"cae_tanh_path", true}, Replay{"stacked_tanh"},
                    Replay{"stacked_silu_path"}, Replay{"cae_tanh"}, Replay{"cae_sigmoid"}, Replay{"guided"},
                    Replay{"conv"}, Replay{"vae"}, Replay{"vae_bernoulli"}, Replay{"joint"}, Replay{"tied_tanh"},
                    Replay{"tied_bernoulli"}),
    [](const auto& info) { return info.param.name + std::string(info.param.gram ? "_gram" : ""); });

}  // namespace entivec::test
