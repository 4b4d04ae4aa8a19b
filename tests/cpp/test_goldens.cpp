// Replays what PyTorch computed: tests/golden/make_goldens.py.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <numeric>

#include "entivec/models/autoencoder.h"
#include "entivec/train/trainer.h"
#include "gradient.h"
#include "tables.h"

namespace entivec::test {

namespace {

struct Golden {
  std::string activation;
  std::map<std::string, Matrix> blocks;

  const Matrix& operator[](const std::string& name) const { return blocks.at(name); }
  Scalar number(const std::string& name) const { return blocks.at(name)(0, 0); }
  template <class T>
  std::vector<T> list(const std::string& name) const {
    std::vector<T> values;
    for (Scalar value : blocks.at(name).reshaped<Eigen::RowMajor>()) values.push_back(static_cast<T>(value));
    return values;
  }
};

Golden read_golden(const std::string& name) {
  std::ifstream file(ENTIVEC_SOURCE_DIR "/tests/golden/" + name + ".txt");
  Golden golden;
  file >> golden.activation;
  std::string block, number;  // streams do not read "nan" as a number
  for (Index rows = 0, cols = 0; file >> block >> rows >> cols;) {
    Matrix values(rows, cols);
    for (Scalar& value : values.reshaped<Eigen::RowMajor>()) {
      file >> number;
      value = static_cast<Scalar>(std::stod(number));
    }
    golden.blocks[block] = values;
  }
  return golden;
}

TableColumns columns_of(const Golden& golden) {
  TableColumns c;
  c.dense_source = golden.list<Index>("dense_source");
  c.dense_gap = golden.list<bool>("dense_gap");
  c.code_source = golden.list<Index>("code_source");
  c.levels = golden.list<Index>("levels");
  c.first_target = golden.list<Index>("first_target");
  c.share = golden.list<double>("share");
  c.bag_source = static_cast<Index>(golden.number("bag_source"));
  c.bag_share = golden.list<double>("bag_share");
  c.bag_width = static_cast<Index>(c.bag_share.size());
  return c;
}

Table table_of(const Golden& golden) {
  Table table;
  table.layout = std::make_unique<TableLayout>(columns_of(golden));
  table.dense = golden["dense"];
  table.codes = golden["codes"].cast<std::int32_t>();
  table.rows = table.dense.rows();
  const Matrix& bags = golden["bags"];
  for (Index i = 0; i < table.rows; ++i) {
    for (Index v = 0; v < bags.cols(); ++v) {
      if (bags(i, v) == 0) continue;
      table.items.push_back(static_cast<std::int32_t>(v));
      table.counts.push_back(bags(i, v));
    }
    table.offsets.push_back(static_cast<std::int32_t>(table.items.size()));
  }
  table.look();
  return table;
}

AutoEncoderSizes sizes_of(const Golden& golden) {
  return {golden.list<Index>("hidden"),
          static_cast<Index>(golden.number("code")),
          activation_from_name(golden.activation),
          golden.number("linear_path") == 1,
          golden.number("nonlinear_penalty"),
          golden.number("l2")};
}

}  // namespace

class Goldens : public testing::TestWithParam<const char*> {};

TEST_P(Goldens, LossEveryGradientAndTenSteps) {
  const Golden golden = read_golden(GetParam());
  const Table table = table_of(golden);
  check_table(*table.layout, table.view);
  const AutoEncoder model(*table.layout, sizes_of(golden));
  const Vector params = golden["params"].transpose();
  ASSERT_EQ(params.size(), model.num_params());

  const auto workspace = model.workspace(table.rows);
  Vector grads = Vector::Zero(params.size());
  const Scalar scale = 1 / static_cast<Scalar>(table.rows);
  Scalar loss = model.loss_and_gradient(whole(table), scale, {}, params, *workspace, grads);
  loss += model.penalty(params, grads);
  const std::vector<Scalar> losses = golden.list<Scalar>("losses");
  EXPECT_NEAR(loss, losses[0], 1e-12 * losses[0]);
  expect_close(grads.transpose(), golden["gradient"], Scalar(1e-12));

  Training training;
  training.batch_size = table.rows;
  training.learning_rate = golden.number("learning_rate");
  training.schedule = Schedule::kConstant;
  std::vector<Index> rows(static_cast<std::size_t>(table.rows));
  std::iota(rows.begin(), rows.end(), Index{0});
  Trainer trainer(model, table.view, rows, nullptr, training, {params, 0 * params, 0 * params, 0});
  for (Scalar expected : losses) EXPECT_NEAR(trainer.run(1), expected, 1e-9 * expected);
}

INSTANTIATE_TEST_SUITE_P(PyTorch, Goldens,
                         testing::Values("recipe", "penalties", "relu_chain", "tanh_chain", "sigmoid_chain", "linear"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace entivec::test
