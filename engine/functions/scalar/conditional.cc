#include "engine/functions/column_reader.h"
#include "engine/functions/families.h"
#include "engine/functions/operators/comparison.h"
#include "engine/functions/type_rules.h"
#include "engine/types/cast.h"

namespace velo {
namespace {

using Arguments = std::span<const arrow::Datum>;

Result<CallTypes> CommonTypes(std::string_view name, TypeSpan arguments, ConstantSpan) {
  const bool two = name == "IFNULL";
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, two ? 2 : 1, two ? 2 : -1));
  SqlType common = arguments[0];
  for (const SqlType& type : arguments) common = CommonType(common, type);
  return CallTypes{std::vector<SqlType>(arguments.size(), common), common};
}

Result<arrow::Datum> FirstValid(const KernelContext&, Arguments arguments) {
  return CallArrow("coalesce", {arguments.begin(), arguments.end()});
}

// The first operand, without the rows for which `drop` is true.
Result<arrow::Datum> DropWhere(const KernelContext& context, const arrow::Datum& value, const arrow::Datum& drop) {
  VELO_ASSIGN_OR_RETURN(const arrow::Datum certain, CallArrow("coalesce", {drop, arrow::Datum(false)}));
  return CallArrow("if_else", {certain, arrow::Datum(arrow::MakeNullScalar(context.result.ToArrow())), value});
}

Result<CallTypes> NullIfTypes(std::string_view name, TypeSpan arguments, ConstantSpan constants) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 2, 2));
  VELO_RETURN_IF_ERROR(ComparableTypes(name, arguments, constants).status());
  SqlType value = arguments[0];
  if (value.kind() == TypeKind::kNull) value = IsUnknown(arguments[1]) ? SqlType(TypeKind::kString) : arguments[1];
  const SqlType other = arguments[1].kind() == TypeKind::kNull ? value : arguments[1];
  return CallTypes{{value, other}, value};
}

Result<arrow::Datum> NullIf(const KernelContext& context, Arguments arguments) {
  VELO_ASSIGN_OR_RETURN(const arrow::Datum equal,
                        Compare(context, "=", arguments[0], context.arguments[0], arguments[1], context.arguments[1]));
  return DropWhere(context, arguments[0], equal);
}

Result<CallTypes> IfTypes(std::string_view name, TypeSpan arguments, ConstantSpan) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 2, 3));
  VELO_ASSIGN_OR_RETURN(const SqlType condition, FitArgument(name, 0, arguments[0], TypeKind::kBoolean));
  SqlType common = arguments[1];
  if (arguments.size() == 3) common = CommonType(common, arguments[2]);
  CallTypes types{{condition, common}, common};
  if (arguments.size() == 3) types.arguments.push_back(common);
  return types;
}

Result<arrow::Datum> If(const KernelContext& context, Arguments arguments) {
  VELO_ASSIGN_OR_RETURN(const arrow::Datum condition, CallArrow("coalesce", {arguments[0], arrow::Datum(false)}));
  const arrow::Datum otherwise =
      arguments.size() > 2 ? arguments[2] : arrow::Datum(arrow::MakeNullScalar(context.result.ToArrow()));
  return CallArrow("if_else", {condition, arguments[1], otherwise});
}

Result<CallTypes> AnyTypes(std::string_view name, TypeSpan arguments, ConstantSpan) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 1, 1));
  return CallTypes{{arguments[0]}, name == "ISNULL" ? TypeKind::kBoolean : TypeKind::kString};
}

Result<arrow::Datum> IsNull(const KernelContext&, Arguments arguments) { return CallArrow("is_null", {arguments[0]}); }

Result<arrow::Datum> TypeOf(const KernelContext& context, Arguments arguments) {
  const ColumnReader value(arguments[0]);
  const std::string name = context.arguments[0].ToString();
  return MapText(context, {}, [&](int64_t row, std::string* out) {
    out->append(value.IsNull(row) ? "NULL" : name);
    return true;
  });
}

Result<CallTypes> NumberTypes(std::string_view name, TypeSpan arguments, ConstantSpan) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 1, 1));
  SqlType type = arguments[0];
  if (IsUnknown(type)) type = TypeKind::kFloat;
  if (!type.is_numeric()) return WrongArgumentType(name, 0, type, "a number");
  return CallTypes{{type}, type};
}

Result<arrow::Datum> Zero(const SqlType& type) {
  return CastDatum(arrow::Datum(int64_t{0}), TypeKind::kInteger, type, false);
}

Result<arrow::Datum> ZeroIfNull(const KernelContext& context, Arguments arguments) {
  VELO_ASSIGN_OR_RETURN(const arrow::Datum zero, Zero(context.result));
  return CallArrow("coalesce", {arguments[0], zero});
}

Result<arrow::Datum> NullIfZero(const KernelContext& context, Arguments arguments) {
  VELO_ASSIGN_OR_RETURN(const arrow::Datum zero, Zero(context.result));
  VELO_ASSIGN_OR_RETURN(const arrow::Datum equal, CallArrow("equal", {arguments[0], zero}));
  return DropWhere(context, arguments[0], equal);
}

// DECODE(x, a, r1, b, r2, ..., default): NULL equals NULL here.
Result<CallTypes> DecodeTypes(std::string_view name, TypeSpan arguments, ConstantSpan constants) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 3, -1));
  std::vector<SqlType> compared = {arguments[0]};
  std::vector<const std::string*> texts = {constants.empty() ? nullptr : constants[0]};
  SqlType common(TypeKind::kNull);
  for (size_t i = 1; i < arguments.size(); ++i) {
    const bool result = i % 2 == 0 || i + 1 == arguments.size();
    if (result) {
      common = CommonType(common, arguments[i]);
    } else {
      compared.push_back(arguments[i]);
      texts.push_back(i < constants.size() ? constants[i] : nullptr);
    }
  }
  VELO_ASSIGN_OR_RETURN(const auto comparable, ComparableTypes(name, compared, texts));
  CallTypes types{{comparable[0]}, common};
  size_t next = 1;
  for (size_t i = 1; i < arguments.size(); ++i) {
    const bool result = i % 2 == 0 || i + 1 == arguments.size();
    types.arguments.push_back(result ? common : comparable[next++]);
  }
  return types;
}

Result<arrow::Datum> Decode(const KernelContext& context, Arguments arguments) {
  const size_t count = arguments.size();
  arrow::Datum result(arrow::MakeNullScalar(context.result.ToArrow()));
  if (count % 2 == 0) result = arguments[count - 1];
  const size_t last = count % 2 == 0 ? count - 3 : count - 2;
  for (size_t i = last; i >= 1 && i < count; i -= 2) {
    VELO_ASSIGN_OR_RETURN(arrow::Datum equal, Compare(context, "=", arguments[0], context.arguments[0], arguments[i],
                                                      context.arguments[i]));
    VELO_ASSIGN_OR_RETURN(arrow::Datum left_null, CallArrow("is_null", {arguments[0]}));
    VELO_ASSIGN_OR_RETURN(arrow::Datum right_null, CallArrow("is_null", {arguments[i]}));
    VELO_ASSIGN_OR_RETURN(arrow::Datum both_null, CallArrow("and", {left_null, right_null}));
    VELO_ASSIGN_OR_RETURN(equal, CallArrow("coalesce", {equal, both_null}));
    VELO_ASSIGN_OR_RETURN(result, CallArrow("if_else", {equal, arguments[i + 1], result}));
  }
  return result;
}

template <TypeKind kTarget>
Result<CallTypes> ConversionTypes(std::string_view name, TypeSpan arguments, ConstantSpan constants) {
  const bool decimal = kTarget == TypeKind::kDecimal;
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 1, decimal ? 2 : 1));
  SqlType target = kTarget;
  if (decimal) {
    int64_t scale = arguments[0].kind() == TypeKind::kDecimal ? arguments[0].scale() : 4;
    if (arguments[0].kind() == TypeKind::kInteger) scale = 0;
    if (!constants.empty() && constants[0] != nullptr && arguments.size() == 1) {
      if (const auto value = ParseDecimal(TrimText(*constants[0]))) scale = value->scale;
    }
    if (constants.size() > 1 && constants[1] != nullptr) scale = ParseInteger(*constants[1]).value_or(scale);
    target = SqlType::Decimal(38, static_cast<int>(std::clamp<int64_t>(scale, 0, kMaxDecimalScale)));
  }
  if (!CanCast(arguments[0], target))
    return WrongArgumentType(name, 0, arguments[0], "convertible to " + target.ToString());
  return CallTypes{{arguments.begin(), arguments.end()}, target};
}

Result<arrow::Datum> Convert(const KernelContext& context, Arguments arguments) {
  return CastDatum(arguments[0], context.arguments[0], context.result, /*try_cast=*/true);
}

void RegisterConversions(FunctionRegistry* registry) {
  const auto add = [registry](std::string name, TypeRule types, std::string result, std::string example,
                              std::string example_result) {
    ScalarFunction function;
    function.name = name;
    function.types = types;
    function.kernel = Convert;
    function.doc = {
        "Conversion",       name + "(x) → " + result, "TRY_CAST(x AS " + result + ").", "NULL where x does not fit",
        std::move(example), std::move(example_result)};
    registry->Add(std::move(function));
  };
  add("TO_STRING", ConversionTypes<TypeKind::kString>, "STRING", "TO_STRING(12.50)", "12.50");
  add("TO_INTEGER", ConversionTypes<TypeKind::kInteger>, "INTEGER", "TO_INTEGER('12')", "12");
  add("TO_FLOAT", ConversionTypes<TypeKind::kFloat>, "FLOAT", "TO_FLOAT('1.5')", "1.5");
  add("TO_DECIMAL", ConversionTypes<TypeKind::kDecimal>, "DECIMAL", "TO_DECIMAL('1.255', 2)", "1.26");
  add("TO_BOOLEAN", ConversionTypes<TypeKind::kBoolean>, "BOOLEAN", "TO_BOOLEAN('yes')", "true");
}

}  // namespace

void RegisterConditionals(FunctionRegistry* registry) {
  const std::string category = "Conditional";
  registry->Add(
      ScalarFunction{.name = "COALESCE",
                     .types = CommonTypes,
                     .kernel = FirstValid,
                     .null_in_null_out = false,
                     .doc = {category, "COALESCE(value, ...) → common type", "The first value that is not NULL.",
                             "NULL when all are NULL", "COALESCE(NULL, 2, 3)", "2"}});
  registry->Add(
      ScalarFunction{.name = "IFNULL",
                     .aliases = {"NVL"},
                     .types = CommonTypes,
                     .kernel = FirstValid,
                     .null_in_null_out = false,
                     .doc = {category, "IFNULL(value, other) → common type", "The other value where the first is NULL.",
                             "NULL when both are NULL", "IFNULL(NULL, 'none')", "none"}});
  registry->Add(ScalarFunction{.name = "NULLIF",
                               .types = NullIfTypes,
                               .kernel = NullIf,
                               .null_in_null_out = false,
                               .doc = {category, "NULLIF(a, b) → type of a", "NULL when both are equal, else a.",
                                       "a when b is NULL", "NULLIF(0, 0)", "NULL"}});
  registry->Add(
      ScalarFunction{.name = "IF",
                     .aliases = {"IIF"},
                     .types = IfTypes,
                     .kernel = If,
                     .null_in_null_out = false,
                     .doc = {category, "IF(condition, a, b) → common type", "a when the condition is true, else b.",
                             "An unknown condition gives b", "IF(2 > 1, 'yes', 'no')", "yes"}});
  registry->Add(ScalarFunction{.name = "ISNULL",
                               .types = AnyTypes,
                               .kernel = IsNull,
                               .null_in_null_out = false,
                               .doc = {category, "ISNULL(value) → BOOLEAN", "Whether the value is NULL.", "Never NULL",
                                       "ISNULL(NULL)", "true"}});
  registry->Add(ScalarFunction{.name = "ZEROIFNULL",
                               .types = NumberTypes,
                               .kernel = ZeroIfNull,
                               .null_in_null_out = false,
                               .doc = {category, "ZEROIFNULL(x) → type of x", "0 where the number is NULL.",
                                       "Never NULL", "ZEROIFNULL(NULLIF(1, 1))", "0"}});
  registry->Add(ScalarFunction{.name = "NULLIFZERO",
                               .types = NumberTypes,
                               .kernel = NullIfZero,
                               .doc = {category, "NULLIFZERO(x) → type of x", "NULL where the number is 0.",
                                       "NULL in, NULL out", "NULLIFZERO(0)", "NULL"}});
  registry->Add(ScalarFunction{.name = "DECODE",
                               .types = DecodeTypes,
                               .kernel = Decode,
                               .null_in_null_out = false,
                               .doc = {category, "DECODE(x, a, result_a, ...[, otherwise]) → common type",
                                       "The result next to the value that equals x.", "NULL equals NULL",
                                       "DECODE(2, 1, 'one', 2, 'two', 'many')", "two"}});
  registry->Add(ScalarFunction{.name = "TYPEOF",
                               .types = AnyTypes,
                               .kernel = TypeOf,
                               .null_in_null_out = false,
                               .doc = {category, "TYPEOF(value) → STRING", "Name of the type of the value.",
                                       "'NULL' for NULL", "TYPEOF(1.5)", "DECIMAL(38,1)"}});
  RegisterConversions(registry);
}

}  // namespace velo
