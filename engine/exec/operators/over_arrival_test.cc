// Row windows in order of arrival, computed by one thread and by several, against what the rows say when looked at
// anew.

#include "engine/exec/operators/over_arrival.h"

#include <arrow/builder.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <optional>
#include <random>

#include "engine/exec/worker_pool.h"
#include "engine/plan/prepared_query.h"

namespace velo::exec {
namespace {

constexpr size_t kFrame = 5;

struct Row {
  std::optional<std::string> key;
  std::optional<double> value;
};
using Rows = std::vector<Row>;

std::shared_ptr<const OverNode> FindWindow(const PlanNodePtr& plan) {
  if (plan->kind == PlanKind::kOver) return std::static_pointer_cast<const OverNode>(plan);
  return plan->inputs.empty() ? nullptr : FindWindow(plan->inputs[0]);
}

std::vector<std::shared_ptr<const OverNode>> Windows() {
  Relation relation;
  relation.name = "e";
  relation.uri = "test://e";
  relation.bounded = true;
  relation.schema.columns = {{"k", TypeKind::kString, true}, {"v", TypeKind::kFloat, true}};
  MemoryCatalog catalog;
  catalog.Put(std::move(relation));
  Diagnostics diagnostics;
  const std::string frame = " OVER (ROWS WINDOW BUFFER 5 ROWS PARTITION BY k EXPIRE AFTER NEVER)";
  const ScriptReport report = AnalyseScript(
      "SELECT LAG(v) OVER (PARTITION BY k) AS before, AVG(v)" + frame + " AS mean, COUNT(v)" + frame + " AS n FROM e",
      &catalog, BuiltinFunctions(), &diagnostics);
  EXPECT_FALSE(diagnostics.has_errors());
  return ArrivalWindows(FindWindow(report.statements[0].prepared->plan));
}

// Keys as codes, which mean something else in every batch.
std::shared_ptr<arrow::Array> Codes(std::span<const Row> rows) {
  std::map<std::string, int32_t> codes;
  arrow::StringBuilder dictionary;
  arrow::Int32Builder indices;
  for (const Row& row : rows) {
    if (!row.key.has_value()) {
      EXPECT_TRUE(indices.AppendNull().ok());
      continue;
    }
    const auto [found, is_new] = codes.emplace(*row.key, static_cast<int32_t>(codes.size()));
    EXPECT_TRUE((!is_new || dictionary.Append(*row.key).ok()) && indices.Append(found->second).ok());
  }
  return *arrow::DictionaryArray::FromArrays(*indices.Finish(), *dictionary.Finish());
}

std::shared_ptr<arrow::Array> Texts(std::span<const Row> rows) {
  arrow::StringBuilder texts;
  for (const Row& row : rows) EXPECT_TRUE((row.key ? texts.Append(*row.key) : texts.AppendNull()).ok());
  return *texts.Finish();
}

// The columns that the scan below the windows gives out.
Batch MakeBatch(const Schema& schema, std::span<const Row> rows, bool as_codes) {
  arrow::ArrayVector columns;
  arrow::FieldVector fields;
  for (const Column& column : schema.columns) {
    if (column.name == "k") {
      columns.push_back(as_codes ? Codes(rows) : Texts(rows));
    } else {
      arrow::DoubleBuilder values;
      for (const Row& row : rows) EXPECT_TRUE((row.value ? values.Append(*row.value) : values.AppendNull()).ok());
      columns.push_back(*values.Finish());
    }
    fields.push_back(arrow::field(column.name, columns.back()->type()));
  }
  return {arrow::RecordBatch::Make(arrow::schema(fields), static_cast<int64_t>(rows.size()), columns), {}};
}

using Line = std::map<std::string, std::optional<double>>;

// Keeps what the windows computed for each row, by the name of the function.
class Collector : public Output {
 public:
  explicit Collector(const std::vector<std::shared_ptr<const OverNode>>& windows) {
    for (const auto& window : windows) {
      for (const OverCall& call : window->calls) {
        names_.push_back(call.window != nullptr ? call.window->name : call.call.function->name);
      }
    }
  }
  Status Emit(Batch batch) override {
    const int first = batch.columns->num_columns() - static_cast<int>(names_.size());
    for (int64_t row = 0; row < batch.num_rows(); ++row) {
      Line line;
      for (size_t i = 0; i < names_.size(); ++i) {
        const auto value = batch.columns->column(first + static_cast<int>(i))->GetScalar(row).ValueOrDie();
        if (!value->is_valid) continue;
        line[names_[i]] = value->type->id() == arrow::Type::INT64
                              ? static_cast<double>(static_cast<const arrow::Int64Scalar&>(*value).value)
                              : static_cast<const arrow::DoubleScalar&>(*value).value;
      }
      lines.push_back(std::move(line));
    }
    return Status::OK();
  }
  std::vector<Line> lines;

 private:
  std::vector<std::string> names_;
};

std::vector<Line> Run(const Rows& rows, std::span<const size_t> batches, bool as_codes, WorkerPool* pool) {
  InputMeter meter;
  BadRecordLog bad_records;
  LaneContext context;
  context.meter = &meter;
  context.bad_records = &bad_records;
  context.pool = pool;
  const auto windows = Windows();
  const auto step = MakeArrivalOver(windows, true, &context);
  const Schema& below = windows[0]->inputs[0]->output;
  Collector out(windows);
  size_t from = 0;
  for (const size_t size : batches) {
    EXPECT_TRUE(step->OnBatch(MakeBatch(below, std::span(rows).subspan(from, size), as_codes), out).ok());
    from += size;
  }
  EXPECT_EQ(from, rows.size());
  EXPECT_EQ(meter.used, static_cast<int64_t>(rows.size()));
  return out.lines;
}

// Straight from the definition.
std::vector<Line> Expected(const Rows& rows) {
  std::vector<Line> lines;
  std::map<std::optional<std::string>, std::vector<std::optional<double>>> seen;
  for (const Row& row : rows) {
    std::vector<std::optional<double>>& values = seen[row.key];
    Line line;
    if (!values.empty() && values.back().has_value()) line["LAG"] = values.back();
    values.push_back(row.value);
    long double sum = 0;
    double largest = 1;
    int count = 0;
    for (size_t i = values.size() - std::min(values.size(), kFrame); i < values.size(); ++i) {
      if (!values[i].has_value()) continue;
      sum += *values[i];
      if (std::isfinite(*values[i])) largest = std::max(largest, std::fabs(*values[i]));
      ++count;
    }
    line["largest"] = largest;
    line["COUNT"] = count;
    if (count > 0) line["AVG"] = static_cast<double>(sum / count);
    lines.push_back(std::move(line));
  }
  return lines;
}

// Beside large numbers that cancel each other, the digits of small ones are lost, here as there.
bool IsClose(const std::optional<double>& a, const std::optional<double>& b, double largest) {
  if (!a.has_value() || !b.has_value()) return a.has_value() == b.has_value();
  if (!std::isfinite(*a) || !std::isfinite(*b)) return *a == *b || (std::isnan(*a) && std::isnan(*b));
  return std::fabs(*a - *b) <= 1e-14 * largest;
}

Rows RandomRows(size_t count, size_t keys, bool any_nulls, bool any_specials) {
  std::mt19937_64 random(count * 31 + keys);
  constexpr double kSpecials[] = {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(),
                                  -std::numeric_limits<double>::infinity(), 1e300, -1e300};
  Rows rows(count);
  for (Row& row : rows) {
    if (!any_nulls || random() % 13 != 0) row.key = "key " + std::to_string(random() % keys);
    if (any_nulls && random() % 7 == 0) continue;
    row.value = static_cast<double>(random() % 100'000) / 64 - 500;
    if (any_specials && random() % 41 == 0) row.value = kSpecials[random() % std::size(kSpecials)];
  }
  return rows;
}

void ExpectSameForAnyThreads(const Rows& rows, const std::vector<size_t>& batches) {
  const std::vector<Line> expected = Expected(rows);
  for (const bool as_codes : {false, true}) {
    const std::vector<Line> alone = Run(rows, batches, as_codes, nullptr);
    ASSERT_EQ(alone.size(), expected.size());
    for (size_t row = 0; row < rows.size(); ++row) {
      for (const char* name : {"LAG", "AVG", "COUNT"}) {
        Line is = alone[row], wanted = expected[row];
        ASSERT_TRUE(IsClose(is[name], wanted[name], *wanted["largest"])) << name << " of row " << row;
      }
    }
    for (const int threads : {2, 3}) {
      WorkerPool pool(threads);
      const std::vector<Line> together = Run(rows, batches, as_codes, &pool);
      ASSERT_EQ(together.size(), alone.size());
      for (size_t row = 0; row < rows.size(); ++row) {
        for (const char* name : {"LAG", "AVG", "COUNT"}) {
          Line a = alone[row], b = together[row];
          ASSERT_EQ(a[name].has_value(), b[name].has_value());
          // The very same bits, NaN included.
          const double one = a[name].value_or(0), other = b[name].value_or(0);
          ASSERT_EQ(std::memcmp(&one, &other, sizeof(double)), 0) << name << " of row " << row;
        }
      }
    }
  }
}

TEST(OverArrival, GivesTheSameByAnyNumberOfThreads) {
  ASSERT_EQ(Windows().size(), 2U) << "computed by another operator";
  ExpectSameForAnyThreads(RandomRows(15'000, 40, false, false), {5000, 5000, 5000});
  ExpectSameForAnyThreads(RandomRows(15'000, 40, true, true), {5000, 0, 10, 4990, 5000, 0});
}

TEST(OverArrival, TakesOneKeyAndMoreKeysThanRows) {
  ExpectSameForAnyThreads(RandomRows(9000, 1, false, true), {4500, 4500});
  ExpectSameForAnyThreads(RandomRows(9000, 1'000'000, true, false), {4500, 4500});
}

TEST(OverArrival, TakesValuesAndKeysThatAreAllNull) { ExpectSameForAnyThreads(Rows(5000), {5000}); }

}  // namespace
}  // namespace velo::exec
