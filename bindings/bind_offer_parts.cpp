// What a model of offers is made of, one function each.
#include "bind_offers.h"
#include "entivec/offers/bags.h"
#include "entivec/offers/keys.h"
#include "entivec/offers/meta_features.h"

namespace entivec {

namespace {

Array<Index> array_of(const std::vector<Index>& numbers) {
  return Array<Index>(static_cast<Index>(numbers.size()), numbers.data());
}

RowGroups groups_of(const Array<Index>& given) {
  RowGroups groups;
  for (Index i = 0; i < given.size(); ++i) {
    const Index own = given.data()[i];
    check(own >= 0, "groups", "numbers from 0", own);
    groups.of.push_back(own);
    groups.count = std::max(groups.count, own + 1);
  }
  std::vector<bool> seen(static_cast<std::size_t>(groups.count), false);
  for (Index own : groups.of) seen[static_cast<std::size_t>(own)] = true;
  for (Index g = 0; g < groups.count; ++g) check(seen[static_cast<std::size_t>(g)], "groups", "each with a row", g);
  return groups;
}

// Which attributes `count` keys keep, bool (count, attributes).
Array<bool> draw_keys(Index attributes, Scalar average_length, Index count, std::uint64_t seed) {
  const KeyGenerator keys(attributes, average_length);
  const Random random(seed, Stream::kNoise);
  Array<bool> kept({count, attributes});
  for (Index k = 0; k < count; ++k) {
    const std::vector<bool> key = keys.draw(random, static_cast<std::uint64_t>(k));
    std::copy(key.begin(), key.end(), kept.mutable_data() + k * attributes);
  }
  return kept;
}

Array<Index> rows_by_key(const Array<std::int32_t>& codes, const std::vector<bool>& kept) {
  check(codes.ndim() == 2, "codes", "two dimensions", codes.ndim());
  return array_of(group_rows(codes.data(), codes.shape(0), codes.shape(1), kept).of);
}

// Groups, and of how many subgroups each is made.
py::tuple mixed_groups(const Array<Index>& groups, Scalar share, std::uint64_t seed) {
  check(share >= 0 && share <= 1, "share", "0 to 1", share);
  std::vector<Index> parts;
  const RowGroups mixed = mix_groups(groups_of(groups), share, Random(seed, Stream::kNoise, 2), 0, &parts);
  return py::make_tuple(array_of(mixed.of), array_of(parts));
}

// Mean and population variance of the rows table[codes] of every group: (groups, width) each.
py::tuple bags_of(const Array<Index>& groups, const ScalarArray& table, const Array<std::int32_t>& codes) {
  check(table.ndim() == 2, "table", "two dimensions", table.ndim());
  check_size("codes", codes, groups.size());
  for (Index i = 0; i < codes.size(); ++i)
    check(codes.data()[i] >= 0 && codes.data()[i] < table.shape(0), "codes", "rows of the table", codes.data()[i]);
  const RowGroups own = groups_of(groups);
  const Index width = table.shape(1);
  ScalarArray mean = new_matrix(own.count, width), variance = new_matrix(own.count, width);
  auto means = as_matrix(mean), variances = as_matrix(variance);
  group_by_bags(own, width, [&](Index i) { return table.data() + codes.data()[i] * width; }, means, variances);
  return py::make_tuple(mean, variance);
}

// One value of each row, 0 of an empty one.
Array<std::int32_t> hashed_values(const Array<std::int64_t>& offsets, const Array<std::int32_t>& values,
                                  std::uint64_t seed) {
  check(offsets.size() > 0 && offsets.data()[0] == 0 && offsets.data()[offsets.size() - 1] == values.size(), "offsets",
        values.size(), offsets.size());
  for (Index i = 0; i + 1 < offsets.size(); ++i)
    check(offsets.data()[i] <= offsets.data()[i + 1], "offsets", "numbers that do not fall", i);
  Array<std::int32_t> found(offsets.size() - 1);
  for (Index i = 0; i < found.size(); ++i)
    found.mutable_data()[i] =
        min_hash(values.data() + offsets.data()[i], offsets.data()[i + 1] - offsets.data()[i], seed);
  return found;
}

ScalarArray weights_of(const Array<std::int64_t>& times, double half_life) {
  ScalarArray weights = new_vector(times.size());
  recency_weights(times.data(), times.size(), half_life, weights.mutable_data());
  return weights;
}

// Parameters to start from.
template <class Part>
ScalarArray started(const Part& part, std::uint64_t seed) {
  Vector params = Vector::Zero(part.num_params());
  std::uint64_t index = 0;
  part.initialise(Random(seed, Stream::kInitial), index, params);
  return to_array(params);
}

template <class Part, class... Sizes>
py::class_<Part> bind_part(py::module_& m, const char* name, Sizes... sizes) {
  return py::class_<Part>(m, name)
      .def(sizes...)
      .def_property_readonly("num_params", &Part::num_params)
      .def("initialise", &started<Part>, py::arg("seed"));
}

ScalarArray compressed(const FeatureCompression& part, const ScalarArray& params, const ScalarArray& x) {
  check_size("params", params, part.num_params());
  check_shape("x", x, x.shape(0), part.in());
  ScalarArray metas = new_matrix(x.shape(0), part.out());
  auto out = as_matrix(metas);
  part.forward(as_matrix(x), as_vector(params), out);
  return metas;
}

ScalarArray gates_of(const MaskNet& part, const ScalarArray& params, const ScalarArray& mean,
                     const ScalarArray& variance) {
  check_size("params", params, part.num_params());
  check_shape("mean", mean, mean.shape(0), part.bag());
  check_shape("variance", variance, mean.shape(0), part.bag());
  ScalarArray gates = new_matrix(mean.shape(0), part.metas());
  auto out = as_matrix(gates);
  MaskNet::Cache cache = part.cache(mean.shape(0));
  part.forward(as_matrix(mean), as_matrix(variance), as_vector(params), cache, out);
  return gates;
}

ScalarArray contracted_by(const Interactions& part, const ScalarArray& params, const ScalarArray& offers) {
  check_size("params", params, part.num_params());
  check_shape("offers", offers, offers.shape(0), part.metas());
  ScalarArray contracted = new_matrix(offers.shape(0), part.contracted());
  auto out = as_matrix(contracted);
  part.contract(as_matrix(offers), as_vector(params), out);
  return contracted;
}

// (customers, offers · pairs)
ScalarArray interactions_of(const Interactions& part, const ScalarArray& customers, const ScalarArray& contracted) {
  check_shape("customers", customers, customers.shape(0), part.metas());
  check_shape("contracted", contracted, contracted.shape(0), part.contracted());
  ScalarArray products = new_matrix(customers.shape(0), contracted.shape(0) * part.count());
  for (Index i = 0; i < customers.shape(0); ++i)
    for (Index j = 0; j < contracted.shape(0); ++j)
      part.interact(customers.data() + i * part.metas(), contracted.data() + j * part.contracted(),
                    products.mutable_data() + (i * contracted.shape(0) + j) * part.count());
  return products;
}

}  // namespace

void bind_offer_parts(py::module_& m) {
  m.def("draw_keys", &draw_keys, py::arg("attributes"), py::arg("average_length"), py::arg("count"), py::arg("seed"));
  m.def("group_rows", &rows_by_key, py::arg("codes").noconvert(), py::arg("kept"));
  m.def("mix_groups", &mixed_groups, py::arg("groups").noconvert(), py::arg("share"), py::arg("seed"));
  m.def("group_by_bags", &bags_of, py::arg("groups").noconvert(), py::arg("table").noconvert(),
        py::arg("codes").noconvert());
  m.def("min_hash", &hashed_values, py::arg("offsets").noconvert(), py::arg("values").noconvert(), py::arg("seed"));
  m.def("recency_weights", &weights_of, py::arg("times").noconvert(), py::arg("half_life"));

  bind_part<FeatureCompression>(m, "FeatureCompression", py::init<Index, Index, Index>(), py::arg("inputs"),
                                py::arg("metas"), py::arg("width"))
      .def("transform", &compressed, py::arg("params").noconvert(), py::arg("x").noconvert());
  bind_part<MaskNet>(m, "MaskNet", py::init<Index, Index>(), py::arg("bag"), py::arg("metas"))
      .def("gate", &gates_of, py::arg("params").noconvert(), py::arg("mean").noconvert(),
           py::arg("variance").noconvert());
  bind_part<Interactions>(m, "Interactions", py::init<Index, Index, bool>(), py::arg("metas"), py::arg("width"),
                          py::arg("bilinear"))
      .def("contract", &contracted_by, py::arg("params").noconvert(), py::arg("offers").noconvert())
      .def("interact", &interactions_of, py::arg("customers").noconvert(), py::arg("contracted").noconvert());
}

}  // namespace entivec
