#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <tuple>

#include "entivec/rows/conv_decoder.h"
#include "entivec/rows/conv_encoder.h"
#include "gradient.h"
#include "tables.h"

namespace entivec::test {

extern std::atomic<long> allocations;  // counting_new.cpp

namespace {

constexpr Index kRows = 12, kCode = 3;
const Dropout kNone{};

struct Case {
  Activation activation = Activation::kTanh;
  std::vector<Index> channels{3, 4};
  bool path = true;
  ChannelGrid grid{};
};

// Numbers on a grid of two channels with cells that no column fills.
ChannelGrid sparse_grid(Index dense) {
  ChannelGrid grid{2, {}};
  for (Index j = 0; j < dense; ++j) grid.cells.push_back(j == 0 ? 4 : j == 1 ? 1 : 2 * j + 3);
  return grid;
}

Index number_positions(const Case& c, Index dense) {
  Index count = c.grid.cells.empty() ? dense : 0;
  for (Index cell : c.grid.cells) count = std::max(count, cell / c.grid.channels + 1);
  return count;
}

// Position · channels + channel of an input row or an output.
Index cell_of(const Case& c, Index j, Index dense) {
  if (j >= dense) return (number_positions(c, dense) + j - dense) * c.grid.channels;
  return c.grid.cells.empty() ? j : c.grid.cells[static_cast<std::size_t>(j)];
}

// One cell through the convolutions, written out: x (w0) → widths w1, …, the last map with an activation or without.
// Moves `at` behind their parameters.
Vector convolved(const Case& c, Vector x, const std::vector<Index>& widths, bool activate_last, const Vector& params,
                 Index& at) {
  for (std::size_t l = 0; l < widths.size(); ++l) {
    Vector y = params.segment(at + x.size() * widths[l], widths[l]);
    for (Index o = 0; o < widths[l]; ++o)
      for (Index i = 0; i < x.size(); ++i) y[o] += x[i] * params[at + i * widths[l] + o];
    at += (x.size() + 1) * widths[l];
    Matrix row = y.transpose();
    if (activate_last || l + 1 < widths.size()) activate(c.activation, row, row);
    x = row.row(0).transpose();
  }
  return x;
}

Matrix affine(const Matrix& x, const Vector& params, Index& at, Index out) {
  const ConstMatrixMap w(params.data() + at, x.cols(), out);
  const Matrix y = (x * w).rowwise() + params.segment(at + x.cols() * out, out).transpose();
  at += (x.cols() + 1) * out;
  return y;
}

// The code of a table: [linear path] [convolutions] [dense].
Matrix naive_code(const Case& c, const Table& table, const Vector& params) {
  const Matrix x = explicit_input(table);
  const Index dense = table.layout->dense(), positions = number_positions(c, dense) + x.cols() - dense;
  const Index channels = c.channels.back(), k = c.grid.channels;
  Index at = 0;
  Matrix z = Matrix::Zero(x.rows(), kCode), flat(x.rows(), positions * channels);
  Matrix cells = Matrix::Zero(x.rows(), positions * k);
  for (Index j = 0; j < x.cols(); ++j) cells.col(cell_of(c, j, dense)) = x.col(j);
  if (c.path) z = affine(x, params, at, kCode);
  const Index net = at;
  for (Index i = 0; i < x.rows(); ++i)
    for (Index j = 0; j < positions; ++j) {
      at = net;
      flat.row(i).segment(j * channels, channels) =
          convolved(c, cells.row(i).segment(j * k, k).transpose(), c.channels, true, params, at).transpose();
    }
  z += affine(flat, params, at, kCode);
  EXPECT_EQ(at, params.size());
  return z;
}

// The outputs of codes: [dense] [convolutions] [linear path].
Matrix naive_outputs(const Case& c, const Matrix& z, const Vector& params, const TableLayout& layout) {
  std::vector<Index> widths(c.channels.rbegin() + 1, c.channels.rend());
  widths.push_back(c.grid.channels);
  const Index channels = c.channels.back(), outputs = layout.outputs(), dense = layout.dense();
  Index at = 0;
  Matrix flat = affine(z, params, at, (number_positions(c, dense) + outputs - dense) * channels), y(z.rows(), outputs);
  activate(c.activation, flat, flat);
  const Index net = at;
  for (Index i = 0; i < z.rows(); ++i)
    for (Index j = 0; j < outputs; ++j) {
      at = net;
      const Index cell = cell_of(c, j, dense), position = cell / c.grid.channels;
      y(i, j) = convolved(c, flat.row(i).segment(position * channels, channels).transpose(), widths, false, params,
                          at)[cell % c.grid.channels];
    }
  if (c.path) y += affine(z, params, at, outputs);
  EXPECT_EQ(at, params.size());
  return y;
}

// An encoder with everything that a call needs.
struct Encoding {
  Encoding(const Case& c, const Table& table, const Vector& params)
      : encoder(*table.layout, c.channels, kCode, c.activation, c.path, c.grid), params(params) {}
  Encoding(const Case& c, const Table& table)
      : encoder(*table.layout, c.channels, kCode, c.activation, c.path, c.grid),
        params(Draw(41).vector(encoder.num_params(), 0.5)) {}

  Matrix operator()(const Batch& batch) const {
    Matrix z(batch.size, kCode);
    encoder.forward(batch, params, kNone, *encoder.cache(batch.size), z);
    return z;
  }

  // Of ⟨dz, L⟩ + ⟨d_bent, M⟩.
  Vector gradient(const Batch& batch, const Matrix& dz, const Matrix& d_bent) const {
    const auto cache = encoder.cache(batch.size + 3);
    Matrix z(batch.size, kCode);
    Vector grads = Vector::Ones(params.size());
    encoder.forward(batch, params, kNone, *cache, z);
    encoder.backward(batch, dz, d_bent, params, *cache, grads);
    return grads.array() - 1;
  }

  ConvEncoder encoder;
  Vector params;
};

struct Decoding {
  Decoding(const Case& c, const TableLayout& layout)
      : decoder(layout, c.channels, kCode, c.activation, c.path, c.grid),
        outputs(layout.outputs()),
        params(Draw(42).vector(decoder.num_params(), 0.5)) {}

  Matrix operator()(const Matrix& z, const Vector& p) const {
    Matrix y(z.rows(), outputs);
    decoder.forward(z, p, kNone, 0, *decoder.cache(z.rows()), y);
    return y;
  }

  // Of ⟨dy, outputs⟩: with respect to the parameters; dz receives that with respect to the codes.
  Vector gradient(const Matrix& z, const Matrix& dy, Matrix& dz) const {
    const auto cache = decoder.cache(z.rows() + 3);
    Matrix y(z.rows(), outputs);
    Vector grads = Vector::Ones(params.size());
    decoder.forward(z, params, kNone, 0, *cache, y);
    decoder.backward(z, dy, params, *cache, dz, grads);
    return grads.array() - 1;
  }

  ConvDecoder decoder;
  Index outputs;
  Vector params;
};

TableColumns numbers(Index count) {
  TableColumns columns;
  for (Index j = 0; j < count; ++j) columns.dense_source.push_back(j);
  columns.dense_gap.assign(columns.dense_source.size(), false);
  return columns;
}

TableColumns categories_only() {
  TableColumns columns = mixed_columns();
  columns.dense_source.clear();
  columns.dense_gap.clear();
  columns.bag_source = -1;
  columns.bag_width = 0;
  columns.bag_share.clear();
  return columns;
}

TableColumns bag_only() {
  TableColumns columns;
  columns.bag_source = 0;
  columns.bag_width = 6;
  columns.bag_share = {.3, .2, .2, .1, .1, .1};
  return columns;
}

std::vector<std::pair<const char*, TableColumns>> every_kind_of_columns() {
  return {{"mixed", mixed_columns()},
          {"numbers", numbers(4)},
          {"categories", categories_only()},
          {"bag", bag_only()},
          {"more numbers than a block holds", numbers(200)}};
}

class Conv : public testing::TestWithParam<std::tuple<Activation, std::vector<Index>, bool, bool>> {
 protected:
  Conv() : table(random_table(mixed_columns(), kRows, 43)), batch(whole(table)) {
    bool on_grid;
    std::tie(c.activation, c.channels, c.path, on_grid) = GetParam();
    if (on_grid) c.grid = sparse_grid(table.layout->dense());
  }

  Case c;
  Table table;
  Batch batch;
};

// Whether the cell holds a value: neither a mark of a missing cell nor missing.
bool is_value(const Table& table, Index i, Index row) {
  const TableLayout& layout = *table.layout;
  if (row < layout.dense()) return !std::isnan(table.dense(i, row));
  if (row < layout.dense() + layout.flags()) return false;
  for (Index j = 0; j < layout.codes(); ++j) {
    const Category& category = layout.categories()[static_cast<std::size_t>(j)];
    if (row < category.input + category.levels) return row > category.input && table.codes(i, j) != 0;
  }
  return explicit_input(table).row(i).tail(layout.bag()).sum() > 0;
}

}  // namespace

TEST_P(Conv, EncodesAsWrittenOut) {
  const Encoding encode(c, table);
  expect_close(encode(batch), naive_code(c, table, encode.params), Scalar(1e-13));
}

TEST_P(Conv, DecodesAsWrittenOut) {
  const Decoding decode(c, *table.layout);
  const Matrix z = Draw(44).matrix(kRows, kCode);
  expect_close(decode(z, decode.params), naive_outputs(c, z, decode.params, *table.layout), Scalar(1e-13));
}

TEST_P(Conv, EncoderGradient) {
  const Encoding encode(c, table);
  const Matrix dz = Draw(45).matrix(kRows, kCode), d_bent = Draw(46).matrix(kRows, kCode);
  const auto cache = encode.encoder.cache(kRows);
  Matrix z(kRows, kCode);
  const auto loss = [&](const Vector& p) {
    encode.encoder.forward(batch, p, kNone, *cache, z);
    return dz.cwiseProduct(z - cache->bent).sum() + d_bent.cwiseProduct(cache->bent).sum();
  };
  check_gradient(loss, encode.params, encode.gradient(batch, dz, d_bent));
}

TEST_P(Conv, DecoderGradient) {
  const Decoding decode(c, *table.layout);
  // Codes that keep clear of the kinks of relu.
  const Matrix z = Draw(74).matrix(kRows, kCode), dy = Draw(48).matrix(kRows, decode.outputs);
  Matrix dz(kRows, kCode);
  const Vector grads = decode.gradient(z, dy, dz);
  check_gradient([&](const Vector& p) { return dy.cwiseProduct(decode(z, p)).sum(); }, decode.params, grads);
  check_gradient(
      [&](const Vector& p) {
        return dy.cwiseProduct(decode(ConstMatrixMap(p.data(), kRows, kCode), decode.params)).sum();
      },
      z.reshaped<Eigen::RowMajor>(), dz.reshaped<Eigen::RowMajor>());
}

// W_jᵀ f'(x_j) and the linear path's row, f' from differences of f written out.
TEST_P(Conv, JacobianAsWrittenOut) {
  const Encoding encode(c, table);
  const auto cache = encode.encoder.cache(kRows);
  const Index p = table.layout->inputs(), channels = c.channels.back(), net = c.path ? (p + 1) * kCode : 0;
  Matrix z(kRows, kCode), j = Matrix::Constant(kRows * kCode, p, 7), expected = Matrix::Zero(kRows * kCode, p);
  encode.encoder.forward(batch, encode.params, kNone, *cache, z);
  encode.encoder.jacobian(batch, encode.params, *cache, j);

  const Matrix x = explicit_input(table);
  const Index dense = table.layout->dense(), k = c.grid.channels;
  const Index positions = number_positions(c, dense) + p - dense;
  const ConstMatrixMap flat(encode.params.data() + encode.params.size() - (positions * channels + 1) * kCode,
                            positions * channels, kCode);
  for (Index i = 0; i < kRows; ++i) {
    Vector cells = Vector::Zero(positions * k);
    for (Index row = 0; row < p; ++row) cells[cell_of(c, row, dense)] = x(i, row);
    for (Index row = 0; row < p; ++row) {
      if (!is_value(table, i, row)) continue;
      const Index cell = cell_of(c, row, dense), position = cell / k;
      for (Index channel = 0; channel < channels; ++channel) {
        const auto f = [&](const Vector& values) {
          Index at = net;
          return convolved(c, values, c.channels, true, encode.params, at)[channel];
        };
        expected.col(row).segment(i * kCode, kCode) += numeric_gradient(f, cells.segment(position * k, k))[cell % k] *
                                                       flat.row(position * channels + channel).transpose();
      }
      if (c.path) expected.col(row).segment(i * kCode, kCode) += encode.params.segment(row * kCode, kCode);
    }
  }
  expect_close(j, expected, Scalar(1e-9));
  EXPECT_EQ((j.array() == 0).count(), (expected.array() == 0).count());
}

TEST_P(Conv, JacobianOfDenseCells) {
  const Encoding encode(c, table);
  const auto cache = encode.encoder.cache(kRows);
  Matrix z(kRows, kCode), j(kRows * kCode, table.layout->inputs());
  encode.encoder.forward(batch, encode.params, kNone, *cache, z);
  encode.encoder.jacobian(batch, encode.params, *cache, j);
  for (Index row = 0; row < table.layout->dense(); ++row) {
    Matrix numeric = Matrix::Zero(kRows, kCode);
    for (Index i = 0; i < kRows; ++i) {
      if (!is_value(table, i, row)) continue;
      for (Index k = 0; k < kCode; ++k) {
        Batch moved = batch;
        const auto code = [&](const Vector& value) {
          moved.dense(i, row) = value[0];
          return encode(moved)(i, k);
        };
        numeric(i, k) = numeric_gradient(code, Vector::Constant(1, batch.dense(i, row)))[0];
      }
    }
    expect_close(j.col(row), numeric.reshaped<Eigen::RowMajor>(), Scalar(1e-8));
  }
}

TEST_P(Conv, CountsItsParameters) {
  const Index p = table.layout->inputs(), q = table.layout->outputs(), last = c.channels.back();
  const Index more = number_positions(c, table.layout->dense()) - table.layout->dense();
  Index encoder_net = 0, decoder_net = 0, below = c.grid.channels;
  for (Index width : c.channels) {
    encoder_net += (below + 1) * width;
    decoder_net += (width + 1) * below;
    below = width;
  }
  const Index encoder_path = c.path ? (p + 1) * kCode : 0, decoder_path = c.path ? (kCode + 1) * q : 0;
  EXPECT_EQ(Encoding(c, table).encoder.num_params(), encoder_path + encoder_net + ((p + more) * last + 1) * kCode);
  EXPECT_EQ(Decoding(c, *table.layout).decoder.num_params(),
            (kCode + 1) * (q + more) * last + decoder_net + decoder_path);
}

INSTANTIATE_TEST_SUITE_P(Cases, Conv,
                         testing::Combine(testing::Values(Activation::kTanh, Activation::kGelu, Activation::kRelu),
                                          testing::Values(std::vector<Index>{3}, std::vector<Index>{3, 4}),
                                          testing::Bool(), testing::Bool()));

TEST(ConvEncoder, EncodesEveryKindOfColumns) {
  for (const auto& [name, columns] : every_kind_of_columns()) {
    SCOPED_TRACE(name);
    const Case c;
    const Table table = random_table(columns, kRows, 51);
    const Encoding encode(c, table);
    expect_close(encode(whole(table)), naive_code(c, table, encode.params), Scalar(1e-13));
  }
}

// 700 rows fill several blocks of dense cells and of bag cells; 100 rows fill one of each.
TEST(ConvEncoder, GradientIsTheSumOverRowsAcrossBlocks) {
  const Index rows = 700, part = 100;
  for (const auto& [name, columns] : every_kind_of_columns()) {
    SCOPED_TRACE(name);
    const Table table = random_table(columns, rows, 52);
    const Encoding encode({}, table);
    const Matrix dz = Draw(53).matrix(rows, kCode), d_bent = Draw(54).matrix(rows, kCode);
    Vector sum = Vector::Zero(encode.params.size());
    Batch batch(*table.layout, part);
    for (Index first = 0; first < rows; first += part) {
      gather(*table.layout, table.view, first, part, batch);
      sum += encode.gradient(batch, dz.middleRows(first, part), d_bent.middleRows(first, part));
    }
    expect_close(encode.gradient(whole(table), dz, d_bent), sum, Scalar(1e-12));
  }
}

TEST(ConvDecoder, GradientIsTheSumOverRowsAcrossBlocks) {
  const Index rows = 700, part = 5;
  const TableLayout layout(numbers(200));
  const Decoding decode({}, layout);
  const Matrix z = Draw(55).matrix(rows, kCode), dy = Draw(56).matrix(rows, decode.outputs);
  Vector sum = Vector::Zero(decode.params.size());
  Matrix dz(rows, kCode), dz_of_parts(rows, kCode), dz_part(part, kCode);
  for (Index first = 0; first < rows; first += part) {
    sum += decode.gradient(z.middleRows(first, part), dy.middleRows(first, part), dz_part);
    dz_of_parts.middleRows(first, part) = dz_part;
  }
  expect_close(decode.gradient(z, dy, dz), sum, Scalar(1e-12));
  expect_close(dz, dz_of_parts, Scalar(1e-12));
  expect_close(decode(z, decode.params), naive_outputs({}, z, decode.params, layout), Scalar(1e-13));
}

// f of the whole share, not the sum of f of its parts.
TEST(ConvEncoder, AnItemNamedTwiceIsOneCell) {
  Table once = random_table(bag_only(), 1, 57, 0), twice = random_table(bag_only(), 1, 57, 0);
  once.items = {1, 4};
  once.counts = {3, 1};
  once.offsets = {0, 2};
  twice.items = {1, 4, 1};
  twice.counts = {1, 1, 2};
  twice.offsets = {0, 3};
  once.look();
  twice.look();
  const Encoding encode({}, once), encode_twice({}, twice, encode.params);
  expect_close(encode_twice(whole(twice)), encode(whole(once)), Scalar(1e-14));
  const Matrix dz = Draw(58).matrix(1, kCode);
  expect_close(encode_twice.gradient(whole(twice), dz, dz), encode.gradient(whole(once), dz, dz), Scalar(1e-14));
}

// Caches carry nothing from one batch to the next.
TEST(ConvEncoder, IsAFunctionOfItsArguments) {
  const Table table = random_table(mixed_columns(), kRows, 59), other = random_table(mixed_columns(), kRows, 60);
  const Encoding encode({}, table);
  const Matrix dz = Draw(61).matrix(kRows, kCode);
  const auto cache = encode.encoder.cache(kRows);
  const auto run = [&](const Table& rows, const Vector& params) {
    Matrix z(kRows, kCode), j(kRows * kCode, table.layout->inputs());
    Vector grads = Vector::Zero(params.size());
    encode.encoder.forward(whole(rows), params, kNone, *cache, z);
    encode.encoder.backward(whole(rows), dz, dz, params, *cache, grads);
    encode.encoder.jacobian(whole(rows), params, *cache, j);
    Vector all(z.size() + grads.size() + j.size());
    all << z.reshaped(), grads, j.reshaped();
    return all;
  };
  const Vector first = run(table, encode.params);
  run(other, 2 * encode.params);
  EXPECT_EQ(run(table, encode.params), first);
}

TEST(ConvEncoder, StartsAndIsSetWithoutItsBentPart) {
  const Table table = random_table(mixed_columns(), kRows, 62);
  const Index p = table.layout->inputs();
  Encoding encode({}, table);
  std::uint64_t index = 0;
  encode.encoder.initialise(Random(1, Stream::kInitial), index, encode.params);
  EXPECT_EQ(index, static_cast<std::uint64_t>(encode.params.size()));
  const Matrix x = explicit_input(table);
  Index at = 0;
  expect_close(encode(whole(table)), affine(x, encode.params, at, kCode), Scalar(1e-14));
  // Convolutions start within their own fan-in.
  EXPECT_GT(encode.params.segment(at, 6).cwiseAbs().maxCoeff(), 0.5);
  EXPECT_LE(encode.params.segment(at, 6).cwiseAbs().maxCoeff(), 1);
  EXPECT_LE(encode.params.segment(at + 6, 16).cwiseAbs().maxCoeff(), 1 / std::sqrt(3.0));

  const Matrix w = Draw(63).matrix(p, kCode);
  const Vector bias = Draw(64).vector(kCode);
  encode.encoder.set_linear(w, bias, encode.params);
  expect_close(encode(whole(table)), Matrix((x * w).rowwise() + bias.transpose()), Scalar(1e-14));
}

TEST(ConvEncoder, WithoutALinearPathStartsBent) {
  const Table table = random_table(mixed_columns(), kRows, 65);
  Encoding encode({Activation::kTanh, {3, 4}, false}, table);
  std::uint64_t index = 0;
  encode.encoder.initialise(Random(1, Stream::kInitial), index, encode.params);
  const Matrix z = encode(whole(table));
  EXPECT_GT(z.cwiseAbs().minCoeff(), 0);
  EXPECT_FALSE(encode.encoder.has_linear_path());
}

TEST(ConvDecoder, StartsAndIsSetWithoutItsBentPart) {
  const TableLayout layout(mixed_columns());
  const Index q = layout.outputs();
  Decoding decode({}, layout);
  std::uint64_t index = 0;
  decode.decoder.initialise(Random(1, Stream::kInitial), index, decode.params);
  EXPECT_EQ(index, static_cast<std::uint64_t>(decode.params.size()));
  const Matrix z = Draw(66).matrix(kRows, kCode);
  Index at = decode.params.size() - (kCode + 1) * q;
  expect_close(decode(z, decode.params), affine(z, decode.params, at, q), Scalar(1e-14));

  const Matrix w = Draw(67).matrix(kCode, q);
  const Vector bias = Draw(68).vector(q);
  decode.params = Draw(69).vector(decode.params.size());
  decode.decoder.set_linear(w, bias, decode.params);
  expect_close(decode(z, decode.params), Matrix((z * w).rowwise() + bias.transpose()), Scalar(1e-14));
}

TEST(ConvEncoder, L2IsOverTheConvolutions) {
  const Table table = random_table(mixed_columns(), 2, 70);
  for (bool path : {true, false}) {
    const Encoding encode({Activation::kTanh, {3, 4}, path}, table);
    Vector counts = Vector::Zero(encode.params.size()), grads = counts;
    const Index net = path ? (table.layout->inputs() + 1) * kCode : 0;
    counts.segment(net, 1 * 3).setOnes();
    counts.segment(net + 2 * 3, 3 * 4).setOnes();
    EXPECT_NEAR(encode.encoder.l2(Scalar(0.1), encode.params, grads),
                0.1 * counts.cwiseProduct(encode.params).squaredNorm(), 1e-12);
    expect_close(grads, Scalar(0.2) * counts.cwiseProduct(encode.params), Scalar(1e-14));
  }
}

TEST(ConvDecoder, L2IsOverTheKernelsBelowAnActivation) {
  const TableLayout layout(mixed_columns());
  for (bool path : {true, false}) {
    const Decoding decode({Activation::kTanh, {3, 4}, path}, layout);
    Vector counts = Vector::Zero(decode.params.size()), grads = counts;
    const Index flat = layout.outputs() * 4;
    counts.head(kCode * flat).setOnes();
    counts.segment((kCode + 1) * flat, 4 * 3).setOnes();
    EXPECT_NEAR(decode.decoder.l2(Scalar(0.1), decode.params, grads),
                0.1 * counts.cwiseProduct(decode.params).squaredNorm(), 1e-12);
    expect_close(grads, Scalar(0.2) * counts.cwiseProduct(decode.params), Scalar(1e-14));
  }
}

TEST(ConvEncoder, RefusesAGridWithoutACellForEveryNumber) {
  const TableLayout layout(numbers(3));
  const auto make = [&](Index channels, std::vector<Index> cells) {
    return ConvEncoder(layout, {3}, kCode, Activation::kTanh, true, {channels, std::move(cells)});
  };
  EXPECT_NO_THROW(make(2, {0, 3, 1}));
  EXPECT_THROW(make(2, {}), std::invalid_argument);
  EXPECT_THROW(make(2, {0, 3}), std::invalid_argument);
  EXPECT_THROW(make(2, {0, 3, 3}), std::invalid_argument);
  EXPECT_THROW(make(2, {0, -1, 3}), std::invalid_argument);
  EXPECT_THROW(make(0, {0, 1, 3}), std::invalid_argument);
}

TEST(ConvEncoder, RefusesChannelsThatAreNone) {
  const TableLayout layout(mixed_columns());
  EXPECT_THROW(ConvEncoder(layout, {}, kCode, Activation::kTanh, true), std::invalid_argument);
  EXPECT_THROW(ConvEncoder(layout, {3, 0}, kCode, Activation::kTanh, true), std::invalid_argument);
  EXPECT_THROW(ConvDecoder(layout, {}, kCode, Activation::kTanh, true), std::invalid_argument);
}

// Small enough that the blocks of Eigen's own products stay on the stack.
TEST(ConvAllocation, None) {
  const Table table = random_table(mixed_columns(), 64, 71);
  const Batch batch = whole(table);
  const Encoding encode({}, table);
  const Decoding decode({}, *table.layout);
  const auto encoder_cache = encode.encoder.cache(64);
  const auto decoder_cache = decode.decoder.cache(64);
  Matrix z(64, kCode), dz(64, kCode), y(64, decode.outputs), j(64 * kCode, table.layout->inputs());
  Vector encoder_grads = Vector::Zero(encode.params.size()), decoder_grads = Vector::Zero(decode.params.size());
  const auto step = [&] {
    encode.encoder.forward(batch, encode.params, kNone, *encoder_cache, z);
    decode.decoder.forward(z, decode.params, kNone, 0, *decoder_cache, y);
    decode.decoder.backward(z, y, decode.params, *decoder_cache, dz, decoder_grads);
    encode.encoder.backward(batch, dz, dz, encode.params, *encoder_cache, encoder_grads);
    encode.encoder.jacobian(batch, encode.params, *encoder_cache, j);
  };
  step();  // a thread's own scratch grows once
  const long before = allocations;
  Eigen::internal::set_is_malloc_allowed(false);
  step();
  Eigen::internal::set_is_malloc_allowed(true);
  EXPECT_EQ(allocations, before);
}

}  // namespace entivec::test
