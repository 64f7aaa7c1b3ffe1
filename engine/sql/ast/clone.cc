#include "engine/sql/ast/fields_internal.h"

namespace velo::sql {
namespace {

// A template for every container, so that they find each other whatever their order.
struct Copier {
  static void Copy(const ExpressionPtr& from, ExpressionPtr& to) { to = from ? Clone(*from) : nullptr; }
  static void Copy(const StatementPtr& from, StatementPtr& to) { to = from ? Clone(*from) : nullptr; }
  template <class T>
  static void Copy(const std::unique_ptr<T>& from, std::unique_ptr<T>& to) {
    to = from ? std::make_unique<T>() : nullptr;
    if (from) Copy(*from, *to);
  }
  template <class T>
  static void Copy(const std::vector<T>& from, std::vector<T>& to) {
    to.clear();
    to.resize(from.size());
    for (size_t i = 0; i < from.size(); ++i) Copy(from[i], to[i]);
  }
  template <class T>
  static void Copy(const std::optional<T>& from, std::optional<T>& to) {
    to.reset();
    if (from) Copy(*from, to.emplace());
  }
  template <class A, class B>
  static void Copy(const std::pair<A, B>& from, std::pair<A, B>& to) {
    Copy(from.first, to.first);
    Copy(from.second, to.second);
  }
  template <class T>
  static void Copy(const T& from, T& to) {
    if constexpr (HasFields<T>) {
      CopyFields(Fields(from), Fields(to), std::make_index_sequence<std::tuple_size_v<decltype(Fields(from))>>());
    } else {
      to = from;
    }
  }
  template <class From, class To, size_t... kIndexes>
  static void CopyFields(From from, To to, std::index_sequence<kIndexes...>) {
    (Copy(std::get<kIndexes>(from), std::get<kIndexes>(to)), ...);
  }
};

template <class T>
std::unique_ptr<T> MakeLike(const T& node) {
  if constexpr (
      requires { node.op; } && requires { T(node.op); }) {
    return std::make_unique<T>(node.op);
  } else if constexpr (requires { T(node.test); }) {
    return std::make_unique<T>(node.test);
  } else if constexpr (requires { T(node.form); }) {
    return std::make_unique<T>(node.form);
  } else if constexpr (requires { T(node.step); }) {
    return std::make_unique<T>(node.step);
  } else if constexpr (std::is_same_v<T, Literal>) {
    return std::make_unique<T>(node.type);
  } else {
    return std::make_unique<T>();
  }
}

}  // namespace

ExpressionPtr Clone(const Expression& expression) {
  return WithExpressionType(expression.kind, [&]<class T>(T*) -> ExpressionPtr {
    const T& from = static_cast<const T&>(expression);
    std::unique_ptr<T> to = MakeLike(from);
    Copier::Copy(from, *to);
    to->span = from.span;
    to->parenthesised = from.parenthesised;
    return to;
  });
}

QueryPtr Clone(const Query& query) {
  auto to = std::make_unique<Query>();
  Copier::Copy(query, *to);
  return to;
}

StatementPtr Clone(const Statement& statement) {
  return WithStatementType(statement.kind, [&]<class T>(T*) -> StatementPtr {
    const T& from = static_cast<const T&>(statement);
    auto to = std::make_unique<T>();
    Copier::Copy(from, *to);
    to->span = from.span;
    return to;
  });
}

}  // namespace velo::sql
