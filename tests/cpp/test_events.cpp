#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "entivec/core/rng.h"
#include "entivec/events/facts.h"
#include "entivec/events/rfm.h"
#include "entivec/events/sort.h"

namespace entivec::test {

namespace {

constexpr std::int64_t kDay = 86'400'000'000;
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// Numbers of no particular kind, the same every time.
class Draw {
 public:
  explicit Draw(std::uint64_t seed) : state_(seed) {}
  std::int64_t below(std::int64_t bound) {
    state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
    return static_cast<std::int64_t>((state_ >> 33) % static_cast<std::uint64_t>(bound));
  }

 private:
  std::uint64_t state_;
};

struct Log {
  std::vector<std::int32_t> entity;
  std::vector<std::int64_t> times;
};

Log draw_log(std::uint64_t seed, Index n, Index entities) {
  Draw draw(seed);
  Log log;
  for (Index i = 0; i < n; ++i) {
    log.entity.push_back(static_cast<std::int32_t>(draw.below(entities + 1) - 1));
    log.times.push_back(draw.below(50) * kDay / 7);
  }
  return log;
}

// A log sorted already, with values and one category, and rows that ask for several moments of every entity.
struct Events {
  explicit Events(std::uint64_t seed, Index entities, Index most) {
    Draw draw(seed);
    offsets.push_back(0);
    times.reserve(1);  // a log without events has times too
    for (Index e = 0; e < entities; ++e) {
      const Index n = draw.below(most + 1);
      std::vector<std::int64_t> own;
      for (Index i = 0; i < n; ++i) own.push_back(draw.below(400) * kDay / 3);
      std::sort(own.begin(), own.end());
      times.insert(times.end(), own.begin(), own.end());
      offsets.push_back(static_cast<std::int64_t>(times.size()));
    }
    for (std::size_t i = 0; i < times.size(); ++i) {
      values.push_back(draw.below(10) == 0 ? kNaN : 1e7 + static_cast<double>(draw.below(100)) / 64);
      values.push_back(static_cast<double>(draw.below(5)));
      codes.push_back(static_cast<std::int32_t>(draw.below(5)));
      known.push_back(times[i] + draw.below(5) * kDay);
    }
    for (Index e = -1; e < entities; ++e)
      for (const std::int64_t day : {-3, 20, 77, 140}) {
        entity.push_back(e);
        cutoff.push_back(day * kDay + 5);
        end.push_back(cutoff.back() - kDay);
      }
  }

  FactLog log() const {
    FactLog made;
    EventView& view = made.events;
    view.entities = static_cast<Index>(offsets.size()) - 1;
    view.events = static_cast<Index>(times.size());
    view.offsets = offsets.data();
    view.times = times.data();
    view.codes = codes.data();
    view.code_columns = 1;
    view.values = values.data();
    view.value_columns = 2;
    made.known = known.data();
    made.categories = {{{0, 2, 3, 1, 1}, 2}};
    return made;
  }

  Cutoffs rows() const {
    return {static_cast<Index>(entity.size()), entity.data(), cutoff.data(), end.data(), end.data()};
  }

  std::vector<std::int64_t> offsets, times, known, entity, cutoff, end;
  std::vector<double> values;
  std::vector<std::int32_t> codes;
};

FactPlan full_plan(Span period) {
  FactPlan plan;
  for (int fact = 0; fact < static_cast<int>(Fact::kFacts); ++fact) plan.facts.push_back(static_cast<Fact>(fact));
  plan.windows = {{}, {{30 * kDay, 0}, 0}, {{0, 2}, 0, false}, {{}, 3}};
  plan.period = period;
  plan.ticks_per_day = kDay;
  plan.newest = 1;
  plan.longest = 0;
  return plan;
}

std::vector<double> facts_of(const Events& events, const FactPlan& plan, int threads) {
  const FactLog log = events.log();
  const Index columns = fact_columns(log, plan);
  std::vector<double> out(static_cast<std::size_t>(events.rows().rows * columns));
  compute_facts(log, plan, events.rows(), threads, out.data(), columns);
  return out;
}

bool same_bits(const std::vector<double>& a, const std::vector<double>& b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](double x, double y) {
           return x == y || (std::isnan(x) && std::isnan(y));
         });
}

}  // namespace

TEST(SortEvents, SortsByEntityTimeAndPlace) {
  for (const std::uint64_t seed : {1, 2, 3}) {
    const Index n = 5000, entities = 90;
    const Log log = draw_log(seed, n, entities);
    std::vector<std::int32_t> expected;
    for (std::int32_t i = 0; i < n; ++i)
      if (log.entity[static_cast<std::size_t>(i)] >= 0) expected.push_back(i);
    const auto key = [&](std::int32_t i) {
      const auto at = static_cast<std::size_t>(i);
      return std::pair(log.entity[at], log.times[at]);
    };
    std::stable_sort(expected.begin(), expected.end(), [&](auto a, auto b) { return key(a) < key(b); });
    for (const int threads : {1, 2, 5}) {
      std::vector<std::int64_t> offsets(static_cast<std::size_t>(entities + 1));
      std::vector<std::int32_t> rows(static_cast<std::size_t>(n));
      const Index kept =
          sort_events(n, log.entity.data(), entities, log.times.data(), threads, offsets.data(), rows.data());
      rows.resize(static_cast<std::size_t>(kept));
      EXPECT_EQ(rows, expected);
      for (Index e = 0; e < entities; ++e)
        EXPECT_EQ(offsets[static_cast<std::size_t>(e + 1)] - offsets[static_cast<std::size_t>(e)],
                  std::count(log.entity.begin(), log.entity.end(), static_cast<std::int32_t>(e)));
    }
  }
}

TEST(SortEvents, RefusesEntitiesOutOfRange) {
  const std::int32_t entity[] = {0, 2};
  std::int64_t offsets[3];
  std::int32_t rows[2];
  EXPECT_THROW(sort_events(2, entity, 2, nullptr, 1, offsets, rows), std::invalid_argument);
}

TEST(Calendar, CountsMonthsAsPeopleDo) {
  const auto day = [](std::int64_t days) { return days * kDay; };
  EXPECT_EQ(minus_months(day(19447), 1, kDay), day(19416));          // 2023-03-31 → 2023-02-28
  EXPECT_EQ(minus_months(day(19813) + 7, 1, kDay), day(19782) + 7);  // 2024-03-31 → 2024-02-29
  EXPECT_EQ(minus_months(day(0), 12, kDay), day(-365));              // 1970-01-01 → 1969-01-01
  EXPECT_EQ(minus_months(day(-1) + 3, 1, kDay), day(-32) + 3);       // 1969-12-31 → 1969-11-30
  EXPECT_EQ(weekday(day(0), kDay), 3);
  EXPECT_EQ(weekday(day(-4), kDay), 6);
  EXPECT_EQ(hour(day(-1) + kDay / 2, kDay), 12);
}

TEST(Calendar, PeriodsHoldTheMomentsBetweenTheirEdges) {
  Draw draw(4);
  for (const Span length : {Span{7 * kDay, 0}, Span{0, 1}, Span{0, 3}, Span{1, 0}}) {
    for (int i = 0; i < 500; ++i) {
      const Moment end{draw.below(20000) * kDay + draw.below(kDay), 0};
      const Moment now{end.ticks, end.ticks};
      const std::int64_t ticks = end.ticks - 1 - draw.below(800 * kDay);
      const Periods periods(now, length, kDay);
      const std::int64_t k = periods.index({ticks, ticks});
      EXPECT_GE(ticks, periods.start(k));
      EXPECT_LT(ticks, k == 0 ? end.ticks : periods.start(k - 1));
    }
  }
}

TEST(Facts, DoNotDependOnThreads) {
  const Events events(7, 150, 60);
  for (const Span period : {Span{0, 1}, Span{5 * kDay, 0}}) {
    const std::vector<double> one = facts_of(events, full_plan(period), 1);
    for (const int threads : {2, 3}) EXPECT_TRUE(same_bits(facts_of(events, full_plan(period), threads), one));
  }
}

TEST(Facts, DoNotDependOnWhatMayNotBeSeen) {
  Events events(8, 60, 40);
  events.entity.assign(60, 0);
  std::iota(events.entity.begin(), events.entity.end(), 0);
  events.cutoff.assign(60, 100 * kDay);
  events.end.assign(60, 97 * kDay);
  const std::vector<double> expected = facts_of(events, full_plan({0, 1}), 2);
  for (std::size_t i = 0; i < events.times.size(); ++i) {
    if (events.times[i] < 97 * kDay && events.known[i] < 100 * kDay) continue;
    events.values[2 * i] = -1e9;
    events.codes[i] = 4;
  }
  EXPECT_TRUE(same_bits(facts_of(events, full_plan({0, 1}), 2), expected));
}

TEST(Facts, SumsAndCountsAreThoseOfALoop) {
  const Events events(9, 50, 30);
  FactPlan plan = full_plan({0, 1});
  plan.facts = {Fact::kCount, Fact::kSum, Fact::kSd};
  const std::vector<double> out = facts_of(events, plan, 2);
  const Cutoffs rows = events.rows();
  const std::size_t width = out.size() / static_cast<std::size_t>(rows.rows);
  for (Index row = 0; row < rows.rows; ++row) {
    std::vector<double> seen;
    double count = 0;
    for (Index i = 0; rows.entity[row] >= 0 && i < static_cast<Index>(events.times.size()); ++i) {
      const auto at = static_cast<std::size_t>(i), e = static_cast<std::size_t>(rows.entity[row]);
      if (i < events.offsets[e] || i >= events.offsets[e + 1]) continue;
      if (events.times[at] >= rows.end[row] || events.known[at] >= rows.cutoff[row]) continue;
      count += 1;
      if (!std::isnan(events.values[2 * at])) seen.push_back(events.values[2 * at]);
    }
    const double sum = std::accumulate(seen.begin(), seen.end(), 0.0);
    double squares = 0;
    const auto n = static_cast<double>(seen.size());
    for (const double x : seen) squares += (x - sum / n) * (x - sum / n);
    const double* found = out.data() + static_cast<std::size_t>(row) * width;
    EXPECT_EQ(found[0], count);
    EXPECT_NEAR(found[1], sum, 1e-12 * std::abs(sum));
    if (seen.size() < 2)
      EXPECT_TRUE(std::isnan(found[3]));
    else
      EXPECT_NEAR(found[3], std::sqrt(squares / (n - 1)), 1e-7);
  }
}

TEST(Facts, AnyLogAndAnyPlanAreComputed) {
  Draw draw(10);
  for (int round = 0; round < 10'000; ++round) {
    const Events events(static_cast<std::uint64_t>(round), 1 + draw.below(3), 1 + draw.below(6));
    FactPlan plan = full_plan(draw.below(2) == 0 ? Span{0, 1 + draw.below(15)} : Span{1 + draw.below(40 * kDay), 0});
    plan.windows = {
        {{draw.below(2) * (1 + draw.below(90 * kDay)), 0}, 0}, {{0, draw.below(14)}, 0}, {{}, draw.below(4)}};
    std::erase_if(plan.facts, [&](Fact) { return draw.below(4) == 0; });
    const std::vector<double> out = facts_of(events, plan, 1 + static_cast<int>(draw.below(3)));
    for (const double number : out) ASSERT_FALSE(std::isinf(number));
    const FactLog log = events.log();
    std::vector<double> rfm(static_cast<std::size_t>(events.rows().rows * 4));
    compute_rfm(log, Rfm::kRepeat, 1, kDay, events.rows(), 2, rfm.data());
  }
}

TEST(Facts, RefusesWhatCannotBe) {
  Events events(11, 5, 9);
  EXPECT_NO_THROW(check_categories(events.log()));
  EXPECT_NO_THROW(check_events(events.log().events));
  FactPlan plan = full_plan({0, 0});
  EXPECT_THROW(facts_of(events, plan, 1), std::invalid_argument);
  plan = full_plan({0, 1});
  plan.windows.clear();
  EXPECT_THROW(facts_of(events, plan, 1), std::invalid_argument);
  events.entity[0] = 5;
  EXPECT_THROW(facts_of(events, full_plan({0, 1}), 1), std::invalid_argument);
  events.codes[0] = 9;
  EXPECT_THROW(check_categories(events.log()), std::invalid_argument);
  std::swap(events.offsets[1], events.offsets[5]);
  EXPECT_THROW(check_events(events.log().events), std::invalid_argument);
}

}  // namespace entivec::test
