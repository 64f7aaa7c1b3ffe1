#include <arrow/array/concatenate.h>
#include <arrow/compute/api_scalar.h>

#include "engine/functions/column_reader.h"
#include "engine/functions/families.h"
#include "engine/functions/operators/comparison.h"
#include "engine/functions/type_rules.h"

namespace velo {
namespace {

Result<CallTypes> InTypes(std::string_view name, TypeSpan arguments, ConstantSpan constants) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 2, -1));
  VELO_ASSIGN_OR_RETURN(auto types, ComparableTypes(name, arguments, constants));
  return CallTypes{std::move(types), TypeKind::kBoolean};
}

// Constants of one type that Arrow can hash.
bool IsHashableSet(const KernelContext& context, std::span<const arrow::Datum> arguments) {
  for (size_t i = 1; i < arguments.size(); ++i) {
    if (!arguments[i].is_scalar() || !arguments[i].type()->Equals(*arguments[0].type())) return false;
  }
  return !context.arguments[0].is_nested();
}

Result<arrow::Datum> InSet(const KernelContext& context, std::span<const arrow::Datum> arguments) {
  arrow::ArrayVector pieces;
  bool has_null = false;
  for (size_t i = 1; i < arguments.size(); ++i) {
    if (!arguments[i].scalar()->is_valid) {
      has_null = true;
      continue;
    }
    VELO_ASSIGN_OR_RETURN_ARROW(auto piece, arrow::MakeArrayFromScalar(*arguments[i].scalar(), 1));
    pieces.push_back(std::move(piece));
  }
  std::shared_ptr<arrow::Array> set;
  if (pieces.empty()) {
    VELO_ASSIGN_OR_RETURN_ARROW(set, arrow::MakeEmptyArray(arguments[0].type()));
  } else {
    VELO_ASSIGN_OR_RETURN_ARROW(set, arrow::Concatenate(pieces));
  }
  const ColumnReader operand(arguments[0]);
  const arrow::compute::SetLookupOptions options(set, arrow::compute::SetLookupOptions::INCONCLUSIVE);
  VELO_RETURN_IF_ERROR(InitialiseArrow());
  auto found = arrow::compute::IsIn(operand.array(), options);
  if (!found.ok()) return FromArrow(found.status());
  if (!has_null) return arrow::Datum(found.ValueUnsafe());
  // Next to a NULL in the list a miss is unknown.
  const Values<bool> hit(found.ValueUnsafe());
  return MapBoolean(context, {}, [&](int64_t row) {
    return !hit.IsNull(row) && hit[row] ? std::optional<bool>(true) : std::nullopt;
  });
}

Result<arrow::Datum> In(const KernelContext& context, std::span<const arrow::Datum> arguments) {
  if (IsHashableSet(context, arguments)) return InSet(context, arguments);
  arrow::Datum any;
  for (size_t i = 1; i < arguments.size(); ++i) {
    VELO_ASSIGN_OR_RETURN(arrow::Datum equal, Compare(context, "=", arguments[0], context.arguments[0], arguments[i],
                                                      context.arguments[i]));
    if (i == 1) {
      any = std::move(equal);
    } else {
      VELO_ASSIGN_OR_RETURN(any, CallArrow("or_kleene", {any, equal}));
    }
  }
  return any;
}

}  // namespace

void RegisterMembership(FunctionRegistry* registry) {
  ScalarFunction in;
  in.name = "IN";
  in.types = InTypes;
  in.kernel = In;
  in.null_in_null_out = false;
  in.doc.category = "Operator";
  registry->Add(std::move(in));
}

}  // namespace velo
