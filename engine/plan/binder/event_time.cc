#include "engine/plan/binder/event_time.h"

#include <arrow/scalar.h>

namespace velo::plan {
namespace {

BoundExpressionPtr CastOrNull(const BoundExpressionPtr& value, TypeKind type) {
  Result<BoundExpressionPtr> cast = MakeCast(value, type, true, value->text, value->span);
  return cast.ok() ? *cast : nullptr;
}

BoundExpressionPtr CallOrNull(const FunctionRegistry& functions, std::string_view name,
                              std::vector<BoundExpressionPtr> arguments) {
  const ScalarFunction* function = functions.FindScalar(name);
  if (function == nullptr) return nullptr;
  const std::string text = arguments[0]->text;
  Result<BoundExpressionPtr> call = MakeCall(*function, std::move(arguments), text);
  return call.ok() ? *call : nullptr;
}

/// Factor between the unit of `format` and milliseconds: value * multiply / divide.
bool EpochScale(std::string_view format, int64_t* multiply, int64_t* divide) {
  *multiply = *divide = 1;
  if (format == "epoch_seconds" || format == "epoch")
    *multiply = 1000;
  else if (format == "epoch_micros")
    *divide = 1000;
  else if (format == "epoch_nanos")
    *divide = 1'000'000;
  else if (format != "epoch_millis")
    return false;
  return true;
}

bool IsPattern(std::string_view format) {
  return format.find('%') != std::string_view::npos || format.find("yy") != std::string_view::npos ||
         format.find("HH") != std::string_view::npos;
}

std::string Replaced(std::string text, std::string_view from, std::string_view to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

/// Reads text by a pattern; "%.3f" is a fraction with its point, "[...]" a part that may be missing.
BoundExpressionPtr ByPattern(const BoundExpressionPtr& value, std::string pattern, const FunctionRegistry& functions) {
  for (std::string_view fraction : {"%.3f", "%.6f", "%.9f", "%.f"}) pattern = Replaced(pattern, fraction, ".%f");
  const auto read = [&](const std::string& exact) {
    auto literal = MakeLiteral(std::make_shared<arrow::StringScalar>(exact), TypeKind::kString);
    return CallOrNull(functions, "TO_TIMESTAMP", {value, literal});
  };
  const size_t open = pattern.find('['), close = pattern.find(']');
  if (open == std::string::npos || close == std::string::npos || close < open) return read(pattern);
  const std::string before = pattern.substr(0, open), after = pattern.substr(close + 1);
  const BoundExpressionPtr whole = read(before + pattern.substr(open + 1, close - open - 1) + after);
  const BoundExpressionPtr without = read(before + after);
  return whole == nullptr || without == nullptr ? nullptr : CallOrNull(functions, "COALESCE", {whole, without});
}

}  // namespace

BoundExpressionPtr ToEventTime(const BoundExpressionPtr& value, std::string_view format,
                               const FunctionRegistry& functions) {
  BoundExpressionPtr time = value;
  const TypeKind kind = value->type.kind();
  int64_t multiply = 1, divide = 1;
  if (kind == TypeKind::kString || kind == TypeKind::kJson) {
    if (EpochScale(format, &multiply, &divide)) {
      time = CastOrNull(value, TypeKind::kInteger);
    } else if (IsPattern(format)) {
      time = ByPattern(value, std::string(format), functions);
    } else {
      time = CastOrNull(value, TypeKind::kTimestamp);
    }
    if (time == nullptr) return nullptr;
  } else if (kind == TypeKind::kDate) {
    time = CastOrNull(value, TypeKind::kTimestamp);
  } else if (value->type.is_numeric()) {
    if (format == "auto") {
      time = CastOrNull(CastOrNull(value, TypeKind::kInteger), TypeKind::kTimestamp);
    } else if (EpochScale(format, &multiply, &divide) && (multiply != 1 || divide != 1)) {
      const int64_t factor = multiply != 1 ? multiply : divide;
      auto constant = MakeLiteral(std::make_shared<arrow::Int64Scalar>(factor), TypeKind::kInteger);
      time = CallOrNull(functions, multiply != 1 ? "*" : "/", {value, constant});
    }
  } else if (kind != TypeKind::kTimestamp && kind != TypeKind::kAny) {
    return nullptr;
  }
  if (time == nullptr || time->type.kind() == TypeKind::kAny) return time;
  return CastOrNull(time, TypeKind::kInteger);
}

}  // namespace velo::plan
