#include "entivec/events/facts.h"

#include <algorithm>
#include <limits>

#include "entivec/core/check.h"
#include "entivec/core/parallel.h"
#include "entivec/events/fact_row.h"
#include "entivec/events/seen.h"

namespace entivec {

namespace {

constexpr Index kFactRows = 8;  // rows of the output that a thread takes at a time
constexpr std::int64_t kEndless = std::numeric_limits<std::int64_t>::max();

// One row of the output: the events that it sees, from the newest to the oldest.
class FactRow {
 public:
  FactRow(const FactLog& log, const FactPlan& plan, const FactLayout& layout)
      : log_(log), plan_(plan), sums_(log, plan, layout), layout_(layout), windows_(plan.windows.size()) {
    facts_.resize(static_cast<std::size_t>(layout.row_width()));
    means_.resize(static_cast<std::size_t>(2 * layout.values()));
  }

  const std::vector<double>& facts() const { return facts_; }

  void compute(const Cutoffs& cutoffs, Index row) {
    sums_.reset();
    const View seen = look(cutoffs, row);
    open(seen);
    bool any_open = true;
    for (Index i = seen.last; any_open && i >= seen.first; --i) {
      if (hidden(log_, i, seen.cutoff)) continue;
      any_open = step(seen, i);
    }
    for (std::size_t w = 0; w < windows_.size(); ++w) close(seen, w);
    if (layout_.wants(Fact::kChange)) write_change();
  }

 private:
  // What a row sees, and the time that it looks back from.
  struct View : Seen {
    std::int64_t cutoff = 0;
    Moment end;
    Periods periods;
    std::int64_t most_periods = 0;  // from the oldest event on
  };
  struct State {
    bool open, trend_open;
    std::int64_t start;  // on the clock of the span, where the window is one of time
    std::int64_t whole;  // periods of the line
  };

  View look(const Cutoffs& cutoffs, Index row) const {
    const bool timed = log_.events.times != nullptr;
    const Moment end = timed ? Moment{cutoffs.end[row], cutoffs.end_local[row]} : Moment{};
    View view{seen_events(log_, cutoffs, row), timed ? cutoffs.cutoff[row] : 0, end,
              Periods(end, plan_.period, plan_.ticks_per_day)};
    if (timed && view.first <= view.last) view.most_periods = view.periods.index(moment_of(log_, view.first)) + 1;
    return view;
  }

  bool by_time(std::size_t w) const { return plan_.windows[w].span.ticks || plan_.windows[w].span.months; }

  void open(const View& seen) {
    period_ = -1;
    for (std::size_t w = 0; w < windows_.size(); ++w) {
      const Span span = plan_.windows[w].span;
      windows_[w] = {true, true, 0, kEndless};
      if (!by_time(w)) continue;
      windows_[w].start = start_of(seen.end, span, 1, plan_.ticks_per_day);
      windows_[w].whole = seen.periods.whole(span);
    }
  }

  std::int64_t period_of(const View& seen, Moment at) {
    if (period_ < 0 || clock_of(at, plan_.period) < period_start_) {
      period_ = std::max(period_, seen.periods.index(at));  // never back, where a clock was set back
      period_start_ = seen.periods.start(period_);
    }
    return period_;
  }

  // Closes the windows that end before event `i`, adds it to the others, tells whether there are any.
  bool step(const View& seen, Index i) {
    const bool timed = log_.events.times != nullptr;
    const Moment at = timed ? moment_of(log_, i) : Moment{};
    const std::int64_t period = timed ? period_of(seen, at) : 0;
    bool any_open = false;
    for (std::size_t w = 0; w < windows_.size(); ++w) {
      if (windows_[w].open && ended(w, at)) close(seen, w);
      if (windows_[w].trend_open && windows_[w].whole <= period) close_trend(seen, w);
      any_open = any_open || windows_[w].open;
    }
    if (!any_open) return false;
    if (timed) sums_.move_to(period);
    sums_.add(i);
    return true;
  }

  bool ended(std::size_t w, Moment at) const {
    const Window& window = plan_.windows[w];
    if (window.events > 0) return sums_.events() >= window.events;
    return by_time(w) && clock_of(at, window.span) < windows_[w].start;
  }

  double* window(std::size_t w) { return facts_.data() + layout_.window(w); }

  void close(const View& seen, std::size_t w) {
    if (windows_[w].trend_open) close_trend(seen, w);
    if (!windows_[w].open) return;
    windows_[w].open = false;
    sums_.write(seen.cutoff, window(w));
    if (!layout_.wants(Fact::kChange)) return;
    if (static_cast<Index>(w) == plan_.newest) sums_.values().mean_minus_newest(means_.data());
    if (static_cast<Index>(w) == plan_.longest) sums_.values().mean_minus_newest(means_.data() + layout_.values());
  }

  void close_trend(const View& seen, std::size_t w) {
    windows_[w].trend_open = false;
    if (!plan_.windows[w].line) return;
    const std::int64_t periods = by_time(w) ? std::min(windows_[w].whole, seen.most_periods) : sums_.period() + 1;
    sums_.write_trend(periods, window(w));
  }

  void write_change() {
    double* change = facts_.data() + layout_.begin(Fact::kChange);
    for (Index j = 0; j < layout_.values(); ++j)
      change[j] = means_[static_cast<std::size_t>(j)] - means_[static_cast<std::size_t>(layout_.values() + j)];
  }

  const FactLog& log_;
  const FactPlan& plan_;
  FactSums sums_;
  const FactLayout& layout_;
  std::vector<State> windows_;
  std::int64_t period_ = -1, period_start_ = 0;  // of the event added last
  std::vector<double> facts_, means_;
};

void check_plan(const FactLog& log, const FactPlan& plan, const FactLayout& layout) {
  check(!plan.windows.empty(), "facts", "at least one window", 0);
  check(std::is_sorted(plan.facts.begin(), plan.facts.end()), "facts", "facts in rising order", "others");
  const auto windows = static_cast<Index>(plan.windows.size());
  check(plan.newest < windows && plan.longest < windows, "facts", "windows that there are", plan.newest);
  check(plan.ticks_per_day > 0, "facts", "ticks per day", plan.ticks_per_day);
  if (log.events.times) {
    check(plan.period.ticks > 0 || plan.period.months > 0, "facts", "a period", plan.period.ticks);
    return;
  }
  check(!layout.any(Fact::kRecency, Fact::kWeekendShare) && !layout.any(Fact::kSlope, Fact::kR2), "facts",
        "times for facts of time", "none");
  for (const Window& window : plan.windows)
    check(!window.span.ticks && !window.span.months, "facts", "times for windows of time", "none");
}

template <class Number>
void write_rows(const FactLog& log, const FactPlan& plan, const FactLayout& layout, const Cutoffs& cutoffs, int threads,
                Number* out, Index stride) {
  std::vector<FactRow> workspaces;
  for (int thread = 0; thread < std::max(threads, 1); ++thread) workspaces.emplace_back(log, plan, layout);
  parallel_pieces(cutoffs.rows, kFactRows, threads, [&](Index, Index first, Index size) {
    FactRow& workspace = workspaces[static_cast<std::size_t>(thread_index())];
    for (Index row = first; row < first + size; ++row) {
      workspace.compute(cutoffs, row);
      std::copy(workspace.facts().begin(), workspace.facts().end(), out + row * stride);
    }
  });
}

}  // namespace

void check_categories(const FactLog& log) {
  check(static_cast<Index>(log.categories.size()) == log.events.code_columns, "facts", log.events.code_columns,
        log.categories.size());
  for (std::size_t c = 0; c < log.categories.size(); ++c) {
    const LevelMap& category = log.categories[c];
    for (const std::int32_t level : category.levels)
      check(level >= 0 && level < category.known + 2, "facts", "known levels", level);
    for (Index i = 0; i < log.events.events; ++i) {
      const std::int32_t code = log.events.codes[i * log.events.code_columns + static_cast<Index>(c)];
      check(code >= 0 && static_cast<std::size_t>(code) < category.levels.size(), "facts", "codes with a level", code);
    }
  }
}

Index fact_columns(const FactLog& log, const FactPlan& plan) { return FactLayout(log, plan).row_width(); }

template <class Number>
void compute_facts(const FactLog& log, const FactPlan& plan, const Cutoffs& cutoffs, int threads, Number* out,
                   Index stride) {
  const FactLayout layout(log, plan);
  check_plan(log, plan, layout);
  check_cutoffs(log, cutoffs);
  write_rows(log, plan, layout, cutoffs, threads, out, stride);
}

template void compute_facts(const FactLog&, const FactPlan&, const Cutoffs&, int, double*, Index);
template void compute_facts(const FactLog&, const FactPlan&, const Cutoffs&, int, float*, Index);

}  // namespace entivec
