#include "engine/functions/families.h"
#include "engine/functions/type_rules.h"
#include "engine/types/decimal.h"

namespace velo {
namespace {

Status CheckOffset(ConstantSpan constants, size_t index) {
  if (index < constants.size() && constants[index] != nullptr) {
    const auto value = ParseInteger(*constants[index]);
    if (value && *value >= 0) return Status::OK();
  }
  return Status::User("E2216", "the offset must be a constant of 0 or more", "LAG(x, 1) looks one row back.");
}

// LAG(x[, k[, d]]) and LEAD.
Result<CallTypes> NeighbourTypes(std::string_view name, TypeSpan arguments, ConstantSpan constants) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 1, 3));
  if (arguments.size() > 1) VELO_RETURN_IF_ERROR(CheckOffset(constants, 1));
  SqlType type = arguments[0];
  if (arguments.size() > 2) {
    bool mixed = false;
    type = CommonType(type, arguments[2], &mixed);
    if (mixed) return WrongArgumentType(name, 2, arguments[2], arguments[0].ToString());
  }
  CallTypes types{{type}, type};
  if (arguments.size() > 1) types.arguments.push_back(TypeKind::kInteger);
  if (arguments.size() > 2) types.arguments.push_back(type);
  return types;
}

Result<CallTypes> NthTypes(std::string_view name, TypeSpan arguments, ConstantSpan constants) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 2, 2));
  VELO_RETURN_IF_ERROR(CheckOffset(constants, 1));
  return CallTypes{{arguments[0], TypeKind::kInteger}, arguments[0]};
}

Result<CallTypes> TileTypes(std::string_view name, TypeSpan arguments, ConstantSpan constants) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 1, 1));
  VELO_RETURN_IF_ERROR(CheckOffset(constants, 0));
  return CallTypes{{TypeKind::kInteger}, TypeKind::kInteger};
}

Result<CallTypes> ValueTypes(std::string_view name, TypeSpan arguments, ConstantSpan) {
  VELO_RETURN_IF_ERROR(CheckCount(name, arguments, 1, 1));
  return CallTypes{{arguments[0]}, arguments[0]};
}

}  // namespace

void RegisterWindowFunctions(FunctionRegistry* registry) {
  const auto add = [registry](std::string name, TypeRule types, std::string signature, std::string description,
                              std::string example, std::string results) {
    WindowFunction function;
    function.name = std::move(name);
    function.types = types;
    function.doc = {"Window", std::move(signature), std::move(description),
                    "",       std::move(example),   results + " for prices 10, 20, 20, 15"};
    registry->Add(std::move(function));
  };
  const TypeRule counter = FixedTypes<TypeKind::kInteger, 0>;
  const TypeRule share = FixedTypes<TypeKind::kFloat, 0>;
  add("ROW_NUMBER", counter, "ROW_NUMBER() → INTEGER", "Number of the row in its partition, from 1.",
      "ROW_NUMBER() OVER (PARTITION BY symbol ORDER BY ts)", "1, 2, 3, 4");
  add("RANK", counter, "RANK() → INTEGER", "Rank of the row; equal rows share one and leave a gap.",
      "RANK() OVER (ORDER BY price DESC)", "1, 1, 1, 3");
  add("DENSE_RANK", counter, "DENSE_RANK() → INTEGER", "Rank of the row without gaps.",
      "DENSE_RANK() OVER (ORDER BY price DESC)", "1, 1, 1, 2");
  add("PERCENT_RANK", share, "PERCENT_RANK() → FLOAT", "(rank - 1) / (rows - 1).",
      "PERCENT_RANK() OVER (ORDER BY price)", "0.0, 1.0, 0.5, 0.3333333333333333");
  add("CUME_DIST", share, "CUME_DIST() → FLOAT", "Share of rows that do not come after this one.",
      "CUME_DIST() OVER (ORDER BY price)", "1.0, 1.0, 1.0, 0.5");
  add("NTILE", TileTypes, "NTILE(n) → INTEGER", "Number of the bucket when the rows are cut into n.",
      "NTILE(4) OVER (ORDER BY price)", "1, 2, 3, 2");
  add("LAG", NeighbourTypes, "LAG(x[, k[, default]]) → type of x", "x of the row k places before, 1 by default.",
      "LAG(price) OVER (PARTITION BY symbol ORDER BY ts)", "NULL, 10, 20, 20");
  add("LEAD", NeighbourTypes, "LEAD(x[, k[, default]]) → type of x", "x of the row k places after, 1 by default.",
      "LEAD(price) OVER (ORDER BY price)", "NULL, NULL, NULL, 20");
  add("FIRST_VALUE", ValueTypes, "FIRST_VALUE(x) → type of x", "x of the first row of the frame.",
      "FIRST_VALUE(price) OVER (ORDER BY ts)", "10, 10, 10, 10");
  add("LAST_VALUE", ValueTypes, "LAST_VALUE(x) → type of x", "x of the last row of the frame.",
      "LAST_VALUE(price) OVER (ORDER BY ts)", "10, 20, 20, 15");
  add("NTH_VALUE", NthTypes, "NTH_VALUE(x, n) → type of x", "x of the n-th row of the frame.",
      "NTH_VALUE(price, 2) OVER (ORDER BY ts)", "NULL, 20, 20, 20");
}

}  // namespace velo
