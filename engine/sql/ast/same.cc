#include "engine/sql/ast/fields_internal.h"
#include "engine/sql/words.h"

namespace velo::sql {
namespace {

struct Comparer {
  static bool Same(const SourceSpan&, const SourceSpan&) { return true; }
  static bool Same(const Identifier& a, const Identifier& b) { return a.text == b.text; }
  static bool Same(const Duration& a, const Duration& b) {
    return a.milliseconds == b.milliseconds && a.months == b.months;
  }
  static bool Same(const Literal& a, const Literal& b) {
    if (a.type != b.type) return false;
    return a.type == Literal::Type::kInterval ? Same(a.interval, b.interval) : a.text == b.text;
  }
  static bool Same(const Call& a, const Call& b) {
    return SameWord(a.name.text, b.name.text) && a.distinct == b.distinct && Same(a.arguments, b.arguments) &&
           Same(a.argument_names, b.argument_names) && Same(a.order_by, b.order_by) &&
           Same(a.within_group, b.within_group) && Same(a.filter, b.filter) && a.ignore_nulls == b.ignore_nulls &&
           Same(a.over, b.over);
  }
  static bool Same(const Access& a, const Access& b) {
    return a.step == b.step && Same(a.base, b.base) && Same(a.index, b.index) && Same(a.upper, b.upper) &&
           a.field == b.field;
  }
  static bool Same(const ExpressionPtr& a, const ExpressionPtr& b) {
    return a == nullptr || b == nullptr ? a == b : SameExpression(*a, *b);
  }
  static bool Same(const StatementPtr& a, const StatementPtr& b) {
    return a == nullptr || b == nullptr ? a == b : SameStatement(*a, *b);
  }
  template <class T>
  static bool Same(const std::unique_ptr<T>& a, const std::unique_ptr<T>& b) {
    return a == nullptr || b == nullptr ? a == b : Same(*a, *b);
  }
  template <class T>
  static bool Same(const std::vector<T>& a, const std::vector<T>& b) {
    if (a.size() != b.size()) return false;
    for (size_t i = 0; i < a.size(); ++i) {
      if (!Same(a[i], b[i])) return false;
    }
    return true;
  }
  template <class T>
  static bool Same(const std::optional<T>& a, const std::optional<T>& b) {
    return a.has_value() == b.has_value() && (!a || Same(*a, *b));
  }
  template <class A, class B>
  static bool Same(const std::pair<A, B>& a, const std::pair<A, B>& b) {
    return Same(a.first, b.first) && Same(a.second, b.second);
  }
  template <class T>
  static bool Same(const T& a, const T& b) {
    if constexpr (HasFields<T>) {
      return SameFields(Fields(a), Fields(b), std::make_index_sequence<std::tuple_size_v<decltype(Fields(a))>>());
    } else {
      return a == b;
    }
  }
  template <class Tuple, size_t... kIndexes>
  static bool SameFields(Tuple a, Tuple b, std::index_sequence<kIndexes...>) {
    return (Same(std::get<kIndexes>(a), std::get<kIndexes>(b)) && ...);
  }
};

}  // namespace

bool SameExpression(const Expression& a, const Expression& b) {
  if (a.kind != b.kind) return false;
  return WithExpressionType(
      a.kind, [&]<class T>(T*) { return Comparer::Same(static_cast<const T&>(a), static_cast<const T&>(b)); });
}

bool SameQuery(const Query& a, const Query& b) { return Comparer::Same(a, b); }

bool SameStatement(const Statement& a, const Statement& b) {
  if (a.kind != b.kind) return false;
  return WithStatementType(
      a.kind, [&]<class T>(T*) { return Comparer::Same(static_cast<const T&>(a), static_cast<const T&>(b)); });
}

}  // namespace velo::sql
