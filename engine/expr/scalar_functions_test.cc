#include <arrow/api.h>
#include <arrow/datum.h>
#include <gtest/gtest.h>

#include "engine/expr/bound_expression.h"
#include "engine/functions/registry.h"
#include "engine/types/cast.h"
#include "engine/types/schema.h"
#include "engine/types/value_text.h"

namespace velo {
namespace {

// A typed value: text "NULL" is NULL.
struct Cell {
  SqlType type;
  std::string text;
};

Cell S(std::string text) { return {TypeKind::kString, std::move(text)}; }
Cell I(int64_t value) { return {TypeKind::kInteger, std::to_string(value)}; }
Cell F(std::string text) { return {TypeKind::kFloat, std::move(text)}; }
Cell D(std::string text) {
  const size_t point = text.find('.');
  const int scale = point == std::string::npos ? 0 : static_cast<int>(text.size() - point - 1);
  return {SqlType::Decimal(38, scale), std::move(text)};
}
Cell T(std::string text) { return {TypeKind::kTimestamp, std::move(text)}; }
Cell Null(SqlType type) { return {std::move(type), "NULL"}; }

std::shared_ptr<arrow::Array> Column(const Cell& cell, int64_t rows) {
  arrow::StringBuilder builder;
  for (int64_t i = 0; i < rows; ++i) {
    EXPECT_TRUE((cell.text == "NULL" ? builder.AppendNull() : builder.Append(cell.text)).ok());
  }
  return *CastValues(*builder.Finish().ValueOrDie(), TypeKind::kString, cell.type, false);
}

std::string Answer(const Result<BoundExpressionPtr>& call, const arrow::RecordBatch& input) {
  if (!call.ok()) return call.status().error().code;
  EvaluationContext context;
  context.now_micros = 1'743'499'800'250'000;  // 2025-04-01 09:30:00.250
  const auto result = EvaluateToArray(**call, input, &context);
  if (!result.ok()) return result.status().error().code + ": " + result.status().error().message;
  EXPECT_TRUE((*result)->type()->Equals(*(*call)->type.ToArrow())) << (*result)->type()->ToString();
  EXPECT_TRUE((*result)->ValidateFull().ok());
  EXPECT_EQ((*result)->length(), input.num_rows());
  std::string out;
  AppendText(**result, input.num_rows() - 1, &out);
  return out;
}

// The value of a call with constants; checks that columns (sliced), mixtures and empty batches agree.
std::string Call(std::string_view name, const std::vector<Cell>& cells) {
  const ScalarFunction* function = BuiltinFunctions().FindScalar(name);
  EXPECT_NE(function, nullptr) << name;
  if (function == nullptr) return "";
  const auto literal = [&](size_t i) {
    return MakeLiteral(Column(cells[i], 1)->GetScalar(0).ValueOrDie(), cells[i].type);
  };
  std::vector<BoundExpressionPtr> constants;
  for (size_t i = 0; i < cells.size(); ++i) constants.push_back(literal(i));
  const auto nothing = arrow::RecordBatch::Make(arrow::schema({}), 2, arrow::ArrayVector{});
  const auto constant_call = MakeCall(*function, constants);
  const std::string expected = Answer(constant_call, *nothing);
  if (!constant_call.ok() || !function->deterministic) return expected;

  // The same with the first argument that may vary as a column of three rows starting at the second.
  for (size_t varying = 0; varying < cells.size(); ++varying) {
    std::vector<BoundExpressionPtr> arguments;
    for (size_t i = 0; i < cells.size(); ++i) {
      arguments.push_back(i == varying ? MakeColumn(0, cells[i].type) : literal(i));
    }
    const auto call = MakeCall(*function, std::move(arguments));
    // Units and names must be constants; a constant may also have decided the type.
    if (!call.ok() || !((*call)->type == (*constant_call)->type)) continue;
    const auto batch = arrow::RecordBatch::Make(arrow::schema({arrow::field("c", cells[varying].type.ToArrow())}), 4,
                                                arrow::ArrayVector{Column(cells[varying], 4)});
    EXPECT_EQ(Answer(call, *batch->Slice(1)), expected) << name << ", argument " << varying << " as a column";
    EvaluationContext context;
    const auto empty = EvaluateToArray(**call, *batch->Slice(0, 0), &context);
    EXPECT_TRUE(empty.ok() && (*empty)->length() == 0) << name << " of no rows";
  }
  return expected;
}

TEST(StringFunctions, Work) {
  EXPECT_EQ(Call("UPPER", {S("grün")}), "GRÜN");
  EXPECT_EQ(Call("LENGTH", {S("naïve")}), "5");
  EXPECT_EQ(Call("OCTET_LENGTH", {S("naïve")}), "6");
  EXPECT_EQ(Call("LENGTH", {Null(TypeKind::kString)}), "NULL");
  EXPECT_EQ(Call("SUBSTRING", {S("velocity"), I(2), I(3)}), "elo");
  EXPECT_EQ(Call("SUBSTRING", {S("velocity"), I(0), I(2)}), "ve");
  EXPECT_EQ(Call("SUBSTRING", {S("velocity"), I(-3)}), "ity");
  EXPECT_EQ(Call("SUBSTRING", {S("velo"), I(9)}), "");
  EXPECT_EQ(Call("SUBSTRING", {S("velo"), I(1), I(-1)}), "");
  EXPECT_EQ(Call("SUBSTRING", {S("id-42-x"), S("-([0-9]+)-")}), "42");
  EXPECT_EQ(Call("LEFT", {S("äöü"), I(2)}), "äö");
  EXPECT_EQ(Call("RIGHT", {S("äöü"), I(2)}), "öü");
  EXPECT_EQ(Call("LEFT", {S("abc"), I(-1)}), "");
  EXPECT_EQ(Call("TRIM", {S("  a b\t")}), "a b");
  EXPECT_EQ(Call("TRIM", {S("xyaxy"), S("xy")}), "a");
  EXPECT_EQ(Call("LPAD", {S("7"), I(3), S("0")}), "007");
  EXPECT_EQ(Call("RPAD", {S("abcdef"), I(3)}), "abc");
  EXPECT_EQ(Call("REPLACE", {S("aXbX"), S("X"), S("--")}), "a--b--");
  EXPECT_EQ(Call("REPLACE", {S("abc"), S(""), S("-")}), "abc");
  EXPECT_EQ(Call("CONCAT", {S("a"), Null(TypeKind::kString), I(7)}), "a7");
  EXPECT_EQ(Call("CONCAT", {Null(TypeKind::kString)}), "");
  EXPECT_EQ(Call("CONCAT_WS", {S("-"), S("a"), Null(TypeKind::kString), D("1.50")}), "a-1.50");
  EXPECT_EQ(Call("SPLIT", {S("a,b,"), S(",")}), R"(["a","b",""])");
  EXPECT_EQ(Call("SPLIT", {S("añ"), S("")}), R"(["a","ñ"])");
  EXPECT_EQ(Call("SPLIT_PART", {S("a,b,c"), S(","), I(2)}), "b");
  EXPECT_EQ(Call("SPLIT_PART", {S("a,b,c"), S(","), I(9)}), "");
  EXPECT_EQ(Call("POSITION", {S("é"), S("caféé")}), "4");
  EXPECT_EQ(Call("POSITION", {S("x"), S("abc")}), "0");
  EXPECT_EQ(Call("INSTR", {S("abcabc"), S("c")}), "3");
  EXPECT_EQ(Call("LOCATE", {S("c"), S("abcabc"), I(4)}), "6");
  EXPECT_EQ(Call("STARTS_WITH", {S("velo"), S("ve")}), "true");
  EXPECT_EQ(Call("REGEXP_REPLACE", {S("a1b2"), S("[0-9]"), S("#")}), "a#b2");
  EXPECT_EQ(Call("REGEXP_REPLACE", {S("a1b2"), S("([a-z])([0-9])"), S("$2$1"), S("g")}), "1a2b");
  EXPECT_EQ(Call("REGEXP_REPLACE", {S("Ab"), S("(?P<first>a)"), S("<$first>"), S("i")}), "<A>b");
  EXPECT_EQ(Call("REGEXP_EXTRACT", {S("k=v"), S("(k)=(v)"), I(2)}), "v");
  EXPECT_EQ(Call("REGEXP_EXTRACT", {S("k=v"), S("x")}), "NULL");
  EXPECT_EQ(Call("REGEXP", {S("Velo"), S("^ve"), S("i")}), "true");
  EXPECT_EQ(Call("CHR", {I(8364)}), "€");
  EXPECT_EQ(Call("ASCII", {S("€")}), "8364");
  EXPECT_EQ(Call("LEFT", {S("a")}), "E2311");
}

TEST(MathFunctions, Work) {
  EXPECT_EQ(Call("ABS", {D("-2.50")}), "2.50");
  EXPECT_EQ(Call("ABS", {I(-3)}), "3");
  EXPECT_EQ(Call("ROUND", {D("2.345"), I(2)}), "2.35");
  EXPECT_EQ(Call("ROUND", {D("-2.5")}), "-3");
  EXPECT_EQ(Call("ROUND", {D("1234.5"), I(-2)}), "1200");
  EXPECT_EQ(Call("ROUND", {F("2.345"), I(2)}), "2.35");
  EXPECT_EQ(Call("ROUND", {F("-0.5")}), "-1.0");
  EXPECT_EQ(Call("ROUND", {I(1250), I(-2)}), "1300");
  EXPECT_EQ(Call("TRUNC", {F("0.29"), I(2)}), "0.29");
  EXPECT_EQ(Call("TRUNC", {D("-2.79"), I(1)}), "-2.7");
  EXPECT_EQ(Call("CEIL", {D("1.2")}), "2");
  EXPECT_EQ(Call("FLOOR", {F("-1.2")}), "-2");
  EXPECT_EQ(Call("CEIL", {F("1e300")}).substr(0, 5), "E4004");
  EXPECT_EQ(Call("SQRT", {I(16)}), "4.0");
  EXPECT_EQ(Call("SQRT", {I(-1)}).substr(0, 5), "E4004");
  EXPECT_EQ(Call("POWER", {I(2), I(10)}), "1024");
  EXPECT_EQ(Call("POWER", {I(2), I(-1)}), "0.5");
  EXPECT_EQ(Call("LN", {I(0)}), "NULL");
  EXPECT_EQ(Call("LOG", {I(10), I(100)}), "2.0");
  EXPECT_EQ(Call("MOD", {I(-7), I(3)}), "-1");
  EXPECT_EQ(Call("MOD", {I(7), I(0)}), "NULL");
  EXPECT_EQ(Call("DIV", {I(-7), I(2)}), "-4");
  EXPECT_EQ(Call("SIGN", {D("-0.01")}), "-1");
  EXPECT_EQ(Call("LEAST", {I(3), Null(TypeKind::kInteger), D("1.5")}), "1.5");
  EXPECT_EQ(Call("GREATEST", {S("a"), S("b")}), "b");
  EXPECT_EQ(Call("GREATEST", {S("a"), I(1)}), "E2301");
  EXPECT_EQ(Call("WIDTH_BUCKET", {I(7), I(0), I(10), I(5)}), "4");
  EXPECT_EQ(Call("ABS", {S("x")}), "E2301");
}

TEST(TimeFunctions, Work) {
  const Cell at = T("2025-04-01 09:30:15.250");
  EXPECT_EQ(Call("EXTRACT", {S("hour"), at}), "9");
  EXPECT_EQ(Call("EXTRACT", {S("dow"), at}), "2");
  EXPECT_EQ(Call("EXTRACT", {S("week"), T("2024-12-30")}), "1");
  EXPECT_EQ(Call("EXTRACT", {S("MILLISECONDS"), at}), "250");
  EXPECT_EQ(Call("EXTRACT", {S("epoch"), at}), "1743499815.25");
  EXPECT_EQ(Call("EXTRACT", {S("fortnight"), at}), "E2301");
  EXPECT_EQ(Call("EXTRACT", {Null(TypeKind::kString), at}), "E2301");
  EXPECT_EQ(Call("YEAR", {I(1743499815250)}), "2025");
  EXPECT_EQ(Call("YEAR", {S("2025-04-01")}), "2025");
  EXPECT_EQ(Call("DATE_TRUNC", {S("hour"), at}), "2025-04-01 09:00:00.000");
  EXPECT_EQ(Call("DATE_TRUNC", {at, S("week")}), "2025-03-31 00:00:00.000");
  EXPECT_EQ(Call("DATE_TRUNC", {S("quarter"), T("1969-12-31")}), "1969-10-01 00:00:00.000");
  EXPECT_EQ(Call("DATEDIFF", {S("minute"), T("2025-04-01 09:00:00"), at}), "30");
  EXPECT_EQ(Call("DATEDIFF", {S("month"), T("2025-01-31"), T("2025-02-01")}), "1");
  EXPECT_EQ(Call("DATEDIFF", {T("2025-04-03"), T("2025-04-01")}), "2");
  EXPECT_EQ(Call("DATE_ADD", {S("month"), I(1), T("2024-01-31")}), "2024-02-29 00:00:00.000");
  EXPECT_EQ(Call("DATE_SUB", {at, {TypeKind::kInterval, "30 minutes"}}), "2025-04-01 09:00:15.250");
  EXPECT_EQ(Call("DATE_FORMAT", {at, S("%Y-%m-%d %H:%M:%S.%3f")}), "2025-04-01 09:30:15.250");
  EXPECT_EQ(Call("DATE_FORMAT", {at, S("dd MMM yyyy, HH:mm")}), "01 Apr 2025, 09:30");
  EXPECT_EQ(Call("DATE_FORMAT", {at, S("%H:%i:%s")}), "09:30:15");
  EXPECT_EQ(Call("TO_TIMESTAMP", {S("01/Apr/2025 09:30"), S("%d/%b/%Y %H:%M")}), "2025-04-01 09:30:00.000");
  EXPECT_EQ(Call("TO_TIMESTAMP", {S("nonsense")}), "NULL");
  EXPECT_EQ(Call("TO_TIMESTAMP", {I(1743499815)}), "2025-04-01 09:30:15.000");
  EXPECT_EQ(Call("TO_DATE", {at}), "2025-04-01");
  EXPECT_EQ(Call("FROM_UNIXTIME", {D("1743499815.25")}), "2025-04-01 09:30:15.250");
  EXPECT_EQ(Call("UNIX_TIMESTAMP", {at}), "1743499815");
  EXPECT_EQ(Call("UNIX_TIMESTAMP", {}), "1743499800");
  EXPECT_EQ(Call("NOW", {}), "1743499800250");
  EXPECT_EQ(Call("CURRENT_DATE", {}), "2025-04-01");
  EXPECT_EQ(Call("TUMBLE_START", {I(59999), {TypeKind::kInterval, "1 minute"}}), "0");
  EXPECT_EQ(Call("TUMBLE_END", {I(-1), {TypeKind::kInterval, "1 minute"}}), "0");
  EXPECT_EQ(Call("MAKE_INTERVAL", {I(90), S("minutes")}), "1 HOUR 30 MINUTE");
}

TEST(ConditionalFunctions, Work) {
  EXPECT_EQ(Call("COALESCE", {Null(TypeKind::kInteger), I(2)}), "2");
  EXPECT_EQ(Call("NULLIF", {I(1), D("1.0")}), "NULL");
  EXPECT_EQ(Call("NULLIF", {S("a"), S("b")}), "a");
  EXPECT_EQ(Call("IFNULL", {Null(TypeKind::kString), S("x")}), "x");
  EXPECT_EQ(Call("IF", {Null(TypeKind::kBoolean), I(1), I(2)}), "2");
  EXPECT_EQ(Call("DECODE", {I(2), I(1), S("one"), I(2), S("two"), S("many")}), "two");
  EXPECT_EQ(Call("DECODE", {I(9), I(1), S("one")}), "NULL");
  EXPECT_EQ(Call("TO_INTEGER", {S("x")}), "NULL");
  EXPECT_EQ(Call("TO_DECIMAL", {S("1.255"), I(2)}), "1.26");
  EXPECT_EQ(Call("TYPEOF", {I(1)}), "INTEGER");
}

TEST(JsonFunctions, Work) {
  const Cell json = S(R"({"a":{"b c":[1,2.50,"x"]},"n":null,"t":true})");
  EXPECT_EQ(Call("JSON_VALUE", {json, S("$.a['b c'][2]")}), "x");
  EXPECT_EQ(Call("JSON_VALUE", {json, S("a.\"b c\"[-3]")}), "1");
  EXPECT_EQ(Call("JSON_VALUE", {json, S("$.t")}), "true");
  EXPECT_EQ(Call("JSON_VALUE", {json, S("$.n")}), "NULL");
  EXPECT_EQ(Call("JSON_VALUE", {S("{broken"), S("$.a")}), "NULL");
  EXPECT_EQ(Call("JSON_QUERY", {json, S("$.t")}), "NULL");
  EXPECT_EQ(Call("JSON_EXISTS", {json, S("$.n")}), "true");
  EXPECT_EQ(Call("JSON_EXISTS", {json, S("$.z")}), "false");
  EXPECT_EQ(Call("JSON_EXTRACT", {S(R"([{"p":1},{"p":2}])"), S("$[*].p")}), "[1,2]");
  EXPECT_EQ(Call("JSON_ARRAY_LENGTH", {json, S("$.a['b c']")}), "3");
  EXPECT_EQ(Call("JSON_KEYS", {json}), R"(["a","n","t"])");
  EXPECT_EQ(Call("JSON_OBJECT", {S("k"), I(1)}), R"({"k":1})");
  EXPECT_EQ(Call("JSON_OBJECT", {S("k")}), "E2311");
  EXPECT_EQ(Call("IS_JSON", {S("{}")}), "true");
}

TEST(CollectionFunctions, Work) {
  const Cell list = {SqlType::Array(TypeKind::kInteger), "[7,null,9]"};
  const Cell map = {SqlType::Map(TypeKind::kString, TypeKind::kFloat), R"({"a":1.5,"b":2})"};
  const Cell row = {SqlType::Struct({{"x", TypeKind::kInteger}, {"y", TypeKind::kString}}), R"({"x":1,"y":"z"})"};
  EXPECT_EQ(Call("[]", {list, I(0)}), "7");
  EXPECT_EQ(Call("[]", {list, I(-1)}), "9");
  EXPECT_EQ(Call("[]", {list, I(5)}), "NULL");
  EXPECT_EQ(Call("[]", {map, S("b")}), "2.0");
  EXPECT_EQ(Call("[]", {map, S("q")}), "NULL");
  EXPECT_EQ(Call(".", {row, S("y")}), "z");
  EXPECT_EQ(Call(".", {row, S("q")}), "E2102");
  EXPECT_EQ(Call(".", {S(R"({"q":[1]})"), S("q")}), "[1]");
  EXPECT_EQ(Call("[]", {S("[5,6]"), I(1)}), "6");
  EXPECT_EQ(Call("ARRAY", {I(1), D("2.5")}), R"(["1.0","2.5"])");
  EXPECT_EQ(Call("MAP", {S("a"), I(1), S("b"), I(2)}), R"({"a":1,"b":2})");
  EXPECT_EQ(Call("STRUCT", {S("a"), I(1)}), R"({"a":1})");
  EXPECT_EQ(Call("ARRAY_LENGTH", {list}), "3");
  EXPECT_EQ(Call("CARDINALITY", {map}), "2");
  EXPECT_EQ(Call("ARRAY_CONTAINS", {list, I(9)}), "true");
  EXPECT_EQ(Call("ARRAY_CONTAINS", {I(8), list}), "false");
  EXPECT_EQ(Call("ARRAY_POSITION", {list, I(9)}), "3");
  EXPECT_EQ(Call("ELEMENT_AT", {list, I(1)}), "7");
  EXPECT_EQ(Call("MAP_KEYS", {map}), R"(["a","b"])");
  EXPECT_EQ(Call("ARRAY_JOIN", {list, S("-")}), "7-9");
}

TEST(FunctionRegistry, DocumentsEveryFunctionOnce) {
  for (const auto& entry : BuiltinFunctions().List()) {
    EXPECT_FALSE(entry.doc->signature.empty()) << entry.name;
    EXPECT_FALSE(entry.doc->description.empty()) << entry.name;
    EXPECT_FALSE(entry.doc->example.empty()) << entry.name;
  }
  EXPECT_TRUE(BuiltinFunctions().Knows("substr"));
  EXPECT_FALSE(BuiltinFunctions().Knows("substrr"));
}

TEST(TypeRules, AcceptWhatIsNotKnownYet) {
  for (const auto& entry : BuiltinFunctions().List()) {
    const ScalarFunction* function = BuiltinFunctions().FindScalar(entry.name);
    if (function == nullptr) continue;
    bool accepted = false;
    for (size_t count = 0; count <= 4 && !accepted; ++count) {
      const std::vector<SqlType> unknown(count, TypeKind::kAny);
      const std::vector<const std::string*> none(count, nullptr);
      accepted = function->types(entry.name, unknown, none).ok();
    }
    EXPECT_TRUE(accepted) << entry.name;
  }
}

TEST(RecordOriginFunctions, ReadHeaders) {
  const Cell headers{*SystemColumnType(kHeadersColumn),
                     R"([{"key":"a","value":"1"},{"key":"b","value":null},{"key":"a","value":"2"}])"};
  EXPECT_EQ(Call("HEADER", {S("a"), headers}), "1");
  EXPECT_EQ(Call("HEADER", {S("b"), headers}), "NULL");
  EXPECT_EQ(Call("HEADER", {S("A"), headers}), "NULL");
  EXPECT_EQ(Call("HAS_HEADER", {S("b"), headers}), "true");
  EXPECT_EQ(Call("HAS_HEADER", {S("c"), headers}), "false");
  EXPECT_EQ(Call("HAS_HEADER", {Null(TypeKind::kString), headers}), "NULL");
  EXPECT_EQ(Call("HEADER_KEYS", {headers}), "a,b,a");
  EXPECT_EQ(Call("HEADER_KEYS", {{*SystemColumnType(kHeadersColumn), "[]"}}), "");
  EXPECT_EQ(Call("PARTITION", {I(3)}), "3");
  EXPECT_EQ(Call("HEADER", {S("a")}), "E2311");
}

}  // namespace
}  // namespace velo
