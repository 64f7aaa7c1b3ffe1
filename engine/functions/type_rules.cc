#include "engine/functions/type_rules.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/functions/registry.h"

namespace velo {
namespace {

const FunctionDoc* FindDoc(std::string_view name) {
  const FunctionRegistry& functions = BuiltinFunctions();
  if (const auto* scalar = functions.FindScalar(name)) return &scalar->doc;
  if (const auto* aggregate = functions.FindAggregate(name)) return &aggregate->doc;
  if (const auto* window = functions.FindWindow(name)) return &window->doc;
  return nullptr;
}

std::string Ordinal(size_t position) {
  static constexpr std::string_view kWords[] = {"first", "second", "third", "fourth", "fifth"};
  return position < std::size(kWords) ? std::string(kWords[position]) : fmt::format("{}th", position + 1);
}

}  // namespace

bool IsTextLike(const SqlType& type) {
  return type.kind() == TypeKind::kString || type.kind() == TypeKind::kJson || IsUnknown(type);
}

Status WrongArgumentCount(std::string_view name, size_t given) {
  const FunctionDoc* doc = FindDoc(name);
  const std::string signature = doc == nullptr ? std::string(name) : doc->signature;
  return Status::User("E2311",
                      fmt::format("{} does not take {} argument{}: {}", name, given, given == 1 ? "" : "s", signature),
                      fmt::format("Write {}.", signature));
}

namespace {

/// "INTEGER", "a number", "a MAP": what CAST can make; not "a constant unit such as 'hour'".
std::string CastHint(std::string_view wanted) {
  if (wanted == "a number") return "CAST(... AS FLOAT) or CAST(... AS DECIMAL) makes it one.";
  std::string_view type = wanted;
  if (type.starts_with("a ")) type.remove_prefix(2);
  if (type.starts_with("an ")) type.remove_prefix(3);
  const bool is_type = !type.empty() && std::all_of(type.begin(), type.end(),
                                                    [](char letter) { return letter >= 'A' && letter <= 'Z'; });
  return is_type && type != "MAP" && type != "ARRAY" && type != "STRUCT"
             ? fmt::format("CAST(... AS {}) converts it.", type)
             : "";
}

}  // namespace

Status WrongArgumentType(std::string_view name, size_t position, const SqlType& given, std::string_view wanted) {
  return Status::User(
      "E2301",
      fmt::format("the {} argument of {} must be {}, got {}", Ordinal(position), name, wanted, given.ToString()),
      CastHint(wanted));
}

Status CannotApply(std::string_view op, TypeSpan arguments) {
  if (arguments.size() == 1) {
    const bool slices_text = op == "[:]" && arguments[0].kind() == TypeKind::kString;
    return Status::User("E2301", fmt::format("cannot apply {} to {}", op, arguments[0].ToString()),
                        slices_text ? "SUBSTRING(text, position, length) cuts text." : "");
  }
  return Status::User("E2301",
                      fmt::format("cannot apply {} to {} and {}", op, arguments[0].ToString(), arguments[1].ToString()),
                      arguments[0].kind() == TypeKind::kString && arguments[1].kind() == TypeKind::kString
                          ? "CAST both sides to a number, such as CAST(x AS DECIMAL)."
                          : "CAST one side to the type of the other.");
}

Status NotNumeric(std::string_view name, const SqlType& given) {
  return Status::User("E2313", fmt::format("{} requires numeric input, got {}", name, given.ToString()),
                      "CAST the argument to INTEGER, FLOAT or DECIMAL.");
}

Status CheckCount(std::string_view name, TypeSpan arguments, int least, int most) {
  const auto count = static_cast<int>(arguments.size());
  return count < least || (most >= 0 && count > most) ? WrongArgumentCount(name, arguments.size()) : Status::OK();
}

Result<SqlType> FitArgument(std::string_view name, size_t position, const SqlType& given, TypeKind wanted) {
  if (wanted == TypeKind::kAny || given.kind() == wanted) return given;
  if (IsUnknown(given)) return SqlType(wanted);
  switch (wanted) {
    case TypeKind::kString:
    case TypeKind::kJson:
      return SqlType(wanted);
    case TypeKind::kInteger:
      if (given.kind() == TypeKind::kDecimal || given.kind() == TypeKind::kFloat) return SqlType(wanted);
      break;
    case TypeKind::kFloat:
      if (given.is_numeric() || given.kind() == TypeKind::kInterval) return SqlType(wanted);
      break;
    case TypeKind::kTimestamp:
      if (given.kind() == TypeKind::kInteger) return given;
      if (given.kind() == TypeKind::kDate || IsTextLike(given)) return SqlType(wanted);
      break;
    case TypeKind::kDate:
      if (given.kind() == TypeKind::kTimestamp || IsTextLike(given)) return SqlType(wanted);
      break;
    case TypeKind::kInterval:
      if (given.kind() == TypeKind::kInteger || IsTextLike(given)) return SqlType(wanted);
      break;
    default:
      break;
  }
  return WrongArgumentType(name, position, given, SqlType(wanted).ToString());
}

}  // namespace velo
