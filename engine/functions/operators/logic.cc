#include "engine/functions/column_reader.h"
#include "engine/functions/families.h"
#include "engine/functions/type_rules.h"

namespace velo {
namespace {

Result<CallTypes> LogicTypes(std::string_view name, TypeSpan arguments, ConstantSpan) {
  const bool unary = name == "NOT" || name == "IS TRUE" || name == "IS FALSE";
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, unary ? 1 : 2, unary ? 1 : 2));
  for (const SqlType& type : arguments) {
    if (type.kind() != TypeKind::kBoolean && !IsTextLike(type)) return CannotApply(name, arguments);
  }
  return CallTypes{std::vector<SqlType>(arguments.size(), TypeKind::kBoolean), TypeKind::kBoolean};
}

Result<CallTypes> AnyToBoolean(std::string_view name, TypeSpan arguments, ConstantSpan) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 1, 1));
  return CallTypes{{arguments[0]}, TypeKind::kBoolean};
}

Result<arrow::Datum> And(const KernelContext&, std::span<const arrow::Datum> arguments) {
  return CallArrow("and_kleene", {arguments[0], arguments[1]});
}
Result<arrow::Datum> Or(const KernelContext&, std::span<const arrow::Datum> arguments) {
  return CallArrow("or_kleene", {arguments[0], arguments[1]});
}
Result<arrow::Datum> Not(const KernelContext&, std::span<const arrow::Datum> arguments) {
  return CallArrow("invert", {arguments[0]});
}
Result<arrow::Datum> IsNull(const KernelContext&, std::span<const arrow::Datum> arguments) {
  return CallArrow("is_null", {arguments[0]});
}
Result<arrow::Datum> IsNotNull(const KernelContext&, std::span<const arrow::Datum> arguments) {
  return CallArrow("is_valid", {arguments[0]});
}

template <bool kWanted>
Result<arrow::Datum> IsTruth(const KernelContext& context, std::span<const arrow::Datum> arguments) {
  const Values<bool> value(arguments[0]);
  return MapBoolean(context, {}, [&](int64_t row) { return !value.IsNull(row) && value[row] == kWanted; });
}

}  // namespace

void RegisterLogic(FunctionRegistry* registry) {
  const auto add = [registry](std::string name, TypeRule types, ScalarKernel kernel, bool null_in_null_out) {
    ScalarFunction function;
    function.name = std::move(name);
    function.types = types;
    function.kernel = kernel;
    function.null_in_null_out = null_in_null_out;
    function.doc.category = "Operator";
    registry->Add(std::move(function));
  };
  add("AND", LogicTypes, And, false);
  add("OR", LogicTypes, Or, false);
  add("NOT", LogicTypes, Not, true);
  add("IS TRUE", LogicTypes, IsTruth<true>, false);
  add("IS FALSE", LogicTypes, IsTruth<false>, false);
  add("IS NULL", AnyToBoolean, IsNull, false);
  add("IS NOT NULL", AnyToBoolean, IsNotNull, false);
}

}  // namespace velo
