#include <arrow/record_batch.h>

#include <unordered_set>

#include "engine/io/field_roles.h"
#include "engine/io/schema_report.h"
#include "engine/types/time_text.h"
#include "engine/types/value_text.h"

namespace velo {
namespace {

constexpr int64_t kMaxDistinct = 10'000;
constexpr size_t kExamples = 5;
constexpr int64_t kMaxEnumValues = 50;
/// Share of values that must read as times before a text or number column counts as one.
constexpr double kTimeShare = 0.95;

template <typename ArrayType, typename Out>
void FindRange(const arrow::Array& array, Out set_rows) {
  const auto& values = static_cast<const ArrayType&>(array);
  int64_t low = -1, high = -1;
  for (int64_t row = 0; row < values.length(); ++row) {
    if (values.IsNull(row)) continue;
    if (low < 0 || values.GetView(row) < values.GetView(low)) low = row;
    if (high < 0 || values.GetView(high) < values.GetView(row)) high = row;
  }
  set_rows(low, high);
}

void FillRange(const arrow::Array& array, FieldReport* report) {
  auto set = [&](int64_t low, int64_t high) {
    if (low < 0) return;
    AppendText(array, low, &report->min);
    AppendText(array, high, &report->max);
  };
  switch (array.type_id()) {
    case arrow::Type::INT64:
      return FindRange<arrow::Int64Array>(array, set);
    case arrow::Type::DOUBLE:
      return FindRange<arrow::DoubleArray>(array, set);
    case arrow::Type::STRING:
      return FindRange<arrow::StringArray>(array, set);
    case arrow::Type::DATE32:
      return FindRange<arrow::Date32Array>(array, set);
    case arrow::Type::TIME64:
      return FindRange<arrow::Time64Array>(array, set);
    case arrow::Type::TIMESTAMP:
      return FindRange<arrow::TimestampArray>(array, set);
    case arrow::Type::DECIMAL128: {
      const auto& decimals = static_cast<const arrow::Decimal128Array&>(array);
      int64_t low = -1, high = -1;
      for (int64_t row = 0; row < decimals.length(); ++row) {
        if (decimals.IsNull(row)) continue;
        const arrow::Decimal128 value(decimals.GetValue(row));
        if (low < 0 || value < arrow::Decimal128(decimals.GetValue(low))) low = row;
        if (high < 0 || value > arrow::Decimal128(decimals.GetValue(high))) high = row;
      }
      return set(low, high);
    }
    default:
      return;  // Not ordered.
  }
}

void FillValues(const arrow::Array& array, FieldReport* report) {
  std::unordered_set<std::string> seen;
  std::string text;
  for (int64_t row = 0; row < array.length(); ++row) {
    if (array.IsNull(row)) continue;
    text.clear();
    AppendText(array, row, &text);
    if (static_cast<int64_t>(seen.size()) >= kMaxDistinct && !seen.contains(text)) continue;
    if (seen.insert(text).second && report->examples.size() < kExamples) report->examples.push_back(text);
  }
  report->distinct = static_cast<int64_t>(seen.size());
}

FieldReport DescribeField(const std::string& name, const SqlType& type, const arrow::Array& array) {
  FieldReport report;
  report.name = name;
  report.type = type;
  const int64_t rows = array.length();
  const int64_t present = rows - array.null_count();
  report.nullable = array.null_count() > 0;
  report.null_ratio = rows == 0 ? 0 : static_cast<double>(array.null_count()) / static_cast<double>(rows);
  // One value says little about a type; ten say much.
  report.confidence = present == 0 ? 0 : 1 - 0.2 / static_cast<double>(present);
  report.roles = GuessRoles(name, type);
  FillValues(array, &report);
  FillRange(array, &report);
  const bool nameable = type.kind() == TypeKind::kString || type.kind() == TypeKind::kBoolean;
  report.enum_candidate = nameable && report.distinct > 0 && report.distinct <= kMaxEnumValues &&
                          report.distinct * 2 <= std::max<int64_t>(2, present);
  if (type.kind() == TypeKind::kStruct) {
    const auto& parts = static_cast<const arrow::StructArray&>(array);
    for (size_t i = 0; i < type.children().size(); ++i) {
      const StructField& child = type.children()[i];
      report.fields.push_back(DescribeField(child.name, child.type, *parts.field(static_cast<int>(i))));
    }
  }
  return report;
}

bool IsIsoDateTime(std::string_view text) {
  if (text.size() < 16 || text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != ' ')) return false;
  return ParseTimestamp(text).has_value();
}

/// "Jan 1 2000"
bool IsMonthNameDate(std::string_view text) {
  static constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  if (text.size() < 10 || text.size() > 11 || text[3] != ' ' || text[text.size() - 5] != ' ') return false;
  if (kMonths.find(text.substr(0, 3)) % 3 != 0) return false;
  auto is_digit = [](char letter) { return letter >= '0' && letter <= '9'; };
  std::string_view digits = text.substr(4);
  return std::count_if(digits.begin(), digits.end(), is_digit) == static_cast<int64_t>(digits.size()) - 1;
}

template <typename Accept>
double ShareOf(const arrow::StringArray& texts, Accept accept) {
  int64_t present = 0, fitting = 0;
  for (int64_t row = 0; row < texts.length(); ++row) {
    if (texts.IsNull(row)) continue;
    ++present;
    fitting += accept(texts.GetView(row)) ? 1 : 0;
  }
  return present == 0 ? 0 : static_cast<double>(fitting) / static_cast<double>(present);
}

std::string TextTimeFormat(const arrow::StringArray& texts, double* share) {
  *share = ShareOf(texts, IsIsoDateTime);
  if (*share >= kTimeShare) return "iso8601";
  *share = ShareOf(texts, IsMonthNameDate);
  if (*share >= kTimeShare) return "%b %d %Y";
  *share = ShareOf(texts, [](std::string_view text) { return text.size() >= 8 && ParseTimestamp(text).has_value(); });
  return *share >= kTimeShare ? "auto" : "";
}

/// The unit in which all numbers fall between the years 2000 and 2100; empty when there is none.
std::string EpochFormat(const arrow::Int64Array& numbers) {
  constexpr int64_t kYear2000 = 946'684'800, kYear2100 = 4'102'444'800;
  const std::pair<const char*, int64_t> units[] = {
      {"epoch_seconds", 1}, {"epoch_millis", 1'000}, {"epoch_micros", 1'000'000}, {"epoch_nanos", 1'000'000'000}};
  if (numbers.null_count() == numbers.length()) return "";
  for (const auto& [format, factor] : units) {
    int64_t fitting = 0;
    for (int64_t row = 0; row < numbers.length(); ++row) {
      if (numbers.IsNull(row)) continue;
      const int64_t seconds = numbers.Value(row) / factor;
      fitting += seconds >= kYear2000 && seconds <= kYear2100 ? 1 : 0;
    }
    const auto present = static_cast<double>(numbers.length() - numbers.null_count());
    if (static_cast<double>(fitting) >= kTimeShare * present) return format;
  }
  return "";
}

std::optional<EventTimeCandidate> EventTimeOf(const FieldReport& field, const arrow::Array& array) {
  const bool named = HasTimeLikeName(field.name);
  const double bonus = named ? 0.07 : 0;
  if (array.null_count() == array.length()) return std::nullopt;
  switch (field.type.kind()) {
    case TypeKind::kTimestamp:
      return EventTimeCandidate{field.name, "iso8601", 0.9 + bonus};
    case TypeKind::kDate:
      return EventTimeCandidate{field.name, "date", 0.6 + bonus};
    case TypeKind::kInteger: {
      if (!named) return std::nullopt;
      const std::string format = EpochFormat(static_cast<const arrow::Int64Array&>(array));
      if (format.empty()) return std::nullopt;
      return EventTimeCandidate{field.name, format, 0.9};
    }
    case TypeKind::kString: {
      double share = 0;
      const std::string format = TextTimeFormat(static_cast<const arrow::StringArray&>(array), &share);
      if (format.empty()) return std::nullopt;
      return EventTimeCandidate{field.name, format, share * (format == "iso8601" ? 0.9 : 0.75) + bonus};
    }
    default:
      return std::nullopt;
  }
}

bool HasRole(const FieldReport& field, std::string_view role) {
  return std::find(field.roles.begin(), field.roles.end(), role) != field.roles.end();
}

/// Fields that messages could be grouped by: symbols and ids, those that repeat first.
std::vector<std::string> KeyCandidates(const std::vector<FieldReport>& fields, int64_t rows) {
  std::vector<std::string> repeating, unique;
  for (const FieldReport& field : fields) {
    if (!HasRole(field, "symbol") && !HasRole(field, "id") && !HasRole(field, "user")) continue;
    (field.distinct < rows || rows <= 1 ? repeating : unique).push_back(field.name);
  }
  repeating.insert(repeating.end(), unique.begin(), unique.end());
  return repeating;
}

}  // namespace

Result<SchemaReport> DescribeSample(const arrow::RecordBatch& sample, const Schema& schema) {
  SchemaReport report;
  report.records_sampled = sample.num_rows();
  for (const Column& column : schema.columns) {
    const auto array = sample.GetColumnByName(column.name);
    if (array == nullptr) return Status::Bug(fmt::format("the sample has no column {}", column.name));
    FieldReport field = DescribeField(column.name, column.type, *array);
    if (auto candidate = EventTimeOf(field, *array)) {
      field.roles.emplace_back("event_time");
      report.event_time_candidates.push_back(*candidate);
    }
    report.fields.push_back(std::move(field));
  }
  std::stable_sort(report.event_time_candidates.begin(), report.event_time_candidates.end(),
                   [](const auto& a, const auto& b) { return a.confidence > b.confidence; });
  report.key_candidates = KeyCandidates(report.fields, sample.num_rows());
  if (sample.num_rows() > 0) AppendJsonRow(sample, 0, JsonStyle::kExact, &report.sample_value);
  return report;
}

}  // namespace velo
