#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "assistant/language/language.h"
#include "engine/sql/ast/query.h"

namespace velo::language {

enum class Aggregate : uint8_t {
  kNone, kCount, kCountDistinct, kSum, kAverage, kMin, kMax, kStddev, kVariance, kMedian, kPercentile, kFirst, kLast,
  kSpread, kFormula
};

/// A figure that is worked out over many rows.
struct Measure {
  sql::ExpressionPtr expression;
  std::string alias;
  std::string words;  ///< As said, for titles: "average price".
  Aggregate function = Aggregate::kNone;
  int field = -1;
  bool share = false;     ///< 0..1
  bool assumed = false;   ///< The function was not said.
};

/// A column or computed value of single rows.
struct Projection {
  sql::ExpressionPtr expression;
  std::string alias;
  std::string words;
  int field = -1;
  size_t position = 0;  ///< Place in the sentence.
};

struct GroupKey {
  sql::ExpressionPtr expression;
  std::string alias;  ///< Empty for plain columns.
  std::string words;
  int field = -1;
};

struct Condition {
  sql::ExpressionPtr expression;
  std::string words;
  std::vector<int> fields;   ///< Columns it is about.
  bool of_measure = false;   ///< HAVING.
  /// Set when the words may mean the row's column or a sum over it ("volume over 1M"): the reading as HAVING.
  sql::ExpressionPtr as_measure;
  std::string measure_alias;
};

struct WindowFrame {
  sql::WindowKind kind = sql::WindowKind::kTumbling;
  int64_t size = 0;     ///< Milliseconds; the gap of sessions.
  int64_t advance = 0;  ///< Sliding only.
  std::string words;
  bool size_assumed = false, advance_assumed = false;
};

struct Ordering {
  std::string alias;               ///< A measure's alias, or
  sql::ExpressionPtr expression;   ///< any expression.
  bool descending = false;
  std::string words;
};

/// A column named without saying what to do with it.
struct Mention {
  int field = -1;
  std::string words;
  size_t position = 0;
};

/// "top 10 symbols by volume" before it is turned into groups and order.
struct TopFrame {
  int64_t count = 0;
  bool count_assumed = false;
  bool descending = true;
  int entity = -1;        ///< Column whose values are ranked; -1: rows.
  bool ranked_by_said = false;
  std::string words;
};

/// Labels instead of numbers: CASE WHEN.
struct BucketFrame {
  int field = -1;
  std::vector<std::string> labels;    ///< Low to high.
  std::vector<std::string> limits;    ///< One fewer than labels; digits.
  bool limits_assumed = false;
  std::string alias;
  std::string words;
};

/// What a sentence says about a query over one source.
struct Frame {
  std::vector<Measure> measures;
  std::vector<Projection> projections;
  std::vector<GroupKey> keys;
  std::vector<Condition> conditions;
  std::optional<WindowFrame> window;
  std::optional<Ordering> order;
  std::optional<TopFrame> top;
  std::optional<BucketFrame> buckets;
  std::optional<int64_t> limit;
  std::vector<Mention> mentions;
  std::vector<int> distinct_fields;   ///< "unique users": a measure or a list, as the rest decides.
  bool distinct_counted = false;      ///< "how many different"
  bool list_values = false;           ///< "list all exchanges"
  bool emit_final = false, emit_changes = false;
  bool monitor = false;               ///< "monitor trading activity in real time"
  bool ungroup = false;               ///< "overall, no grouping"
  int64_t last_milliseconds = 0;      ///< "in the last hour"
  std::string last_words;
  bool everything = false;            ///< "stream everything"

  std::vector<Understood> understood;
  std::vector<Assumption> assumptions;
  std::optional<Question> question;   ///< Two readings differ.
  std::string unknown_field;          ///< A word used as a column that the source does not have.

  bool aggregates() const { return !measures.empty() || !keys.empty() || (top && top->entity >= 0); }
  bool empty() const {
    return measures.empty() && projections.empty() && keys.empty() && conditions.empty() && !window && !order && !top &&
           !buckets && !limit && mentions.empty() && distinct_fields.empty() && !emit_final && !emit_changes && !monitor &&
           last_milliseconds == 0 && !everything && !ungroup;
  }
};

}  // namespace velo::language
