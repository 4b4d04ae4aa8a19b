#include "bind.h"
#include "entivec/events/sort.h"

namespace entivec {

namespace {

// Where every entity's events begin (entities + 1), and the places of the events in the log, sorted.
std::pair<Array<std::int64_t>, Array<std::int32_t>> sort_log(const Array<std::int32_t>& entity, Index entities,
                                                             const std::optional<Array<std::int64_t>>& times,
                                                             int threads) {
  check(entity.ndim() == 1, "entity", "one dimension", entity.ndim());
  check(entities >= 0, "entities", "a count", entities);
  if (times) check_size("times", *times, entity.size());
  Array<std::int64_t> offsets(entities + 1);
  Array<std::int32_t> rows(entity.size());
  const std::int64_t* ticks = times ? times->data() : nullptr;
  Index kept = 0;
  {
    const std::int32_t* codes = entity.data();
    std::int64_t* begin = offsets.mutable_data();
    std::int32_t* places = rows.mutable_data();
    const Index n = entity.size();
    const py::gil_scoped_release release;
    kept = sort_events(n, codes, entities, ticks, threads, begin, places);
  }
  if (kept != rows.size()) rows.resize({kept});
  return {offsets, rows};
}

template <class Number>
bool gather_as(const Array<std::int32_t>& rows, const py::array& column, py::array& block, Index at, int threads) {
  if (!py::isinstance<Array<Number>>(column) || !py::isinstance<Array<Number>>(block)) return false;
  const Index n = column.size(), count = rows.size(), stride = block.shape(1);
  const std::int32_t* places = rows.data();
  const auto* from = static_cast<const Number*>(column.data());
  Number* to = static_cast<Number*>(block.mutable_data()) + at;
  const py::gil_scoped_release release;
  for (Index i = 0; i < count; ++i) check(places[i] >= 0 && places[i] < n, "rows", "places in the column", places[i]);
  gather_events(places, count, from, to, stride, threads);
  return true;
}

// Writes `column` in the order of `rows` into column `at` of `block` (events, columns), both of one type.
void gather_column(const Array<std::int32_t>& rows, const py::array& column, py::array& block, Index at, int threads) {
  check(column.ndim() == 1 && block.ndim() == 2, "gather_events", "a column and a block of columns", block.ndim());
  check_shape("block", block, rows.size(), block.shape(1));
  check(at >= 0 && at < block.shape(1), "at", "a column of the block", at);
  check(gather_as<std::int32_t>(rows, column, block, at, threads) ||
            gather_as<std::int64_t>(rows, column, block, at, threads) ||
            gather_as<double>(rows, column, block, at, threads),
        "gather_events", "int32, int64 or float64 in both", "others");
}

}  // namespace

void bind_events(py::module_& m) {
  m.def("sort_events", &sort_log, py::arg("entity").noconvert(), py::arg("entities"), py::arg("times").noconvert(),
        py::arg("threads"));
  m.def("gather_events", &gather_column, py::arg("rows").noconvert(), py::arg("column").noconvert(),
        py::arg("block").noconvert(), py::arg("at"), py::arg("threads"));
}

}  // namespace entivec
