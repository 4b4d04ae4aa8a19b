#include "bind.h"
#include "entivec/events/facts.h"
#include "entivec/events/rfm.h"

namespace entivec {

namespace {

using Longs = Array<std::int64_t>;

// A log of events together with the arrays it borrows from.
struct BoundFactLog {
  FactLog log;
  Longs offsets;
  std::optional<Longs> times, local, known;
  Array<std::int32_t> codes;
  Array<double> values;

  BoundFactLog(Longs offsets_, std::optional<Longs> times_, std::optional<Longs> local_, std::optional<Longs> known_,
               Array<std::int32_t> codes_, std::vector<std::vector<std::int32_t>> levels, std::vector<Index> sizes,
               Array<double> values_)
      : offsets(std::move(offsets_)),
        times(std::move(times_)),
        local(std::move(local_)),
        known(std::move(known_)),
        codes(std::move(codes_)),
        values(std::move(values_)) {
    check(offsets.ndim() == 1 && offsets.size() > 0, "offsets", "one more than entities", offsets.size());
    EventView& view = log.events;
    view.entities = offsets.size() - 1;
    view.events = offsets.data()[view.entities];
    view.offsets = offsets.data();
    view.times = of_events("times", times);
    log.local = of_events("local", local);
    log.known = of_events("known", known);
    check(codes.ndim() == 2 && values.ndim() == 2, "codes and values", "two dimensions", codes.ndim());
    view.code_columns = codes.shape(1);
    view.value_columns = values.shape(1);
    check_shape("codes", codes, view.events, view.code_columns);
    check_shape("values", values, view.events, view.value_columns);
    view.codes = codes.data();
    view.values = values.data();
    check(levels.size() == sizes.size(), "sizes", levels.size(), sizes.size());
    for (std::size_t c = 0; c < levels.size(); ++c) log.categories.push_back({std::move(levels[c]), sizes[c]});
    check_events(view);
    check_categories(log);
  }

  const std::int64_t* of_events(const char* name, const std::optional<Longs>& column) const {
    if (!column) return nullptr;
    check_size(name, *column, log.events.events);
    return column->data();
  }
};

Span span_of(std::pair<std::int64_t, std::int64_t> ticks_months) { return {ticks_months.first, ticks_months.second}; }

FactPlan make_plan(const std::vector<int>& facts,
                   const std::vector<std::tuple<std::int64_t, std::int64_t, Index, bool>>& windows,
                   std::pair<std::int64_t, std::int64_t> period, std::int64_t ticks_per_day, Index newest,
                   Index longest) {
  FactPlan plan;
  for (const int fact : facts) {
    check(fact >= 0 && fact < static_cast<int>(Fact::kFacts), "facts", "known facts", fact);
    plan.facts.push_back(static_cast<Fact>(fact));
  }
  for (const auto& [ticks, months, events, line] : windows) plan.windows.push_back({{ticks, months}, events, line});
  plan.period = span_of(period);
  plan.ticks_per_day = ticks_per_day;
  plan.newest = newest;
  plan.longest = longest;
  return plan;
}

Cutoffs cutoffs_of(const Longs& entity, const Longs& cutoff, const Longs& end, const Longs& end_local) {
  check_size("cutoff", cutoff, entity.size());
  check_size("end", end, entity.size());
  check_size("end_local", end_local, entity.size());
  return {entity.size(), entity.data(), cutoff.data(), end.data(), end_local.data()};
}

void facts(const BoundFactLog& log, const FactPlan& plan, const Longs& entity, const Longs& cutoff, const Longs& end,
           const Longs& end_local, int threads, py::array& out) {
  const Cutoffs cutoffs = cutoffs_of(entity, cutoff, end, end_local);
  const Index width = fact_columns(log.log, plan);
  check(out.ndim() == 2 && out.shape(1) >= width, "out", width, "a narrower array");
  check_shape("out", out, cutoffs.rows, out.shape(1));
  const Index stride = out.shape(1);
  const bool single = py::isinstance<Array<float>>(out);
  check(single || py::isinstance<Array<double>>(out), "out", "float32 or float64, by rows", "another array");
  void* to = out.mutable_data();
  const py::gil_scoped_release release;
  if (single)
    compute_facts(log.log, plan, cutoffs, threads, static_cast<float*>(to), stride);
  else
    compute_facts(log.log, plan, cutoffs, threads, static_cast<double*>(to), stride);
}

Array<double> rfm(const BoundFactLog& log, bool repeat, Index value, std::int64_t ticks_per_day, const Longs& entity,
                  const Longs& cutoff, const Longs& end, const Longs& end_local, int threads) {
  const Rfm reading = repeat ? Rfm::kRepeat : Rfm::kMarketing;
  const Cutoffs cutoffs = cutoffs_of(entity, cutoff, end, end_local);
  Array<double> out({cutoffs.rows, rfm_columns(reading)});
  double* to = out.mutable_data();
  const py::gil_scoped_release release;
  compute_rfm(log.log, reading, value, ticks_per_day, cutoffs, threads, to);
  return out;
}

}  // namespace

void bind_facts(py::module_& m) {
  py::class_<BoundFactLog>(m, "FactLog")
      .def(py::init<Longs, std::optional<Longs>, std::optional<Longs>, std::optional<Longs>, Array<std::int32_t>,
                    std::vector<std::vector<std::int32_t>>, std::vector<Index>, Array<double>>(),
           py::kw_only(), py::arg("offsets").noconvert(), py::arg("times").noconvert(), py::arg("local").noconvert(),
           py::arg("known").noconvert(), py::arg("codes").noconvert(), py::arg("levels"), py::arg("sizes"),
           py::arg("values").noconvert());
  py::class_<FactPlan>(m, "FactPlan")
      .def(py::init(&make_plan), py::kw_only(), py::arg("facts"), py::arg("windows"), py::arg("period"),
           py::arg("ticks_per_day"), py::arg("newest"), py::arg("longest"));
  m.def(
      "fact_columns", [](const BoundFactLog& log, const FactPlan& plan) { return fact_columns(log.log, plan); },
      py::arg("log"), py::arg("plan"));
  m.def("facts", &facts, py::arg("log"), py::arg("plan"), py::arg("entity").noconvert(), py::arg("cutoff").noconvert(),
        py::arg("end").noconvert(), py::arg("end_local").noconvert(), py::arg("threads"), py::arg("out").noconvert());
  m.def("rfm", &rfm, py::arg("log"), py::arg("repeat"), py::arg("value"), py::arg("ticks_per_day"),
        py::arg("entity").noconvert(), py::arg("cutoff").noconvert(), py::arg("end").noconvert(),
        py::arg("end_local").noconvert(), py::arg("threads"));
}

}  // namespace entivec
