#include <arrow/api.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "engine/types/cast.h"
#include "engine/types/decimal.h"
#include "engine/types/schema.h"
#include "engine/types/time_text.h"
#include "engine/types/timestamp_reader.h"
#include "engine/types/value_text.h"

namespace velo {
namespace {

std::string DecimalText(std::string_view text) {
  const auto value = ParseDecimal(text);
  if (!value) return "none";
  std::string out;
  AppendDecimal(value->unscaled, value->scale, &out);
  return out;
}

std::shared_ptr<arrow::Array> Texts(const std::vector<std::optional<std::string>>& cells) {
  arrow::StringBuilder builder;
  for (const auto& cell : cells) EXPECT_TRUE((cell ? builder.Append(*cell) : builder.AppendNull()).ok());
  return builder.Finish().ValueOrDie();
}

// Casts the text to `from` and that to `to`; the text form of the result or the code of the failure.
std::string CastText(const std::string& text, const SqlType& from, const SqlType& to) {
  EXPECT_TRUE(CanCast(from, to)) << from.ToString() << " to " << to.ToString();
  const auto given = CastValues(*Texts({std::nullopt, text}), TypeKind::kString, from, false);
  EXPECT_TRUE(given.ok()) << text;
  const auto result = CastValues(*(*given)->Slice(1), from, to, false);
  if (!result.ok()) {
    const auto tried = CastValues(**given, from, to, true);
    EXPECT_EQ((*tried)->null_count(), 2);
    return result.status().error().code;
  }
  std::string out;
  AppendText(**result, 0, &out);
  return out;
}

TEST(Decimals, RoundingUpMayNotFit) {
  EXPECT_TRUE(ParseDecimal("99999999999999999999.9999999999999999994").has_value());
  EXPECT_EQ(ParseDecimal("99999999999999999999.9999999999999999999").has_value(), false);
}

TEST(Decimals, ParseAndPrint) {
  EXPECT_EQ(DecimalText("12.50"), "12.50");
  EXPECT_EQ(DecimalText("-.5"), "-0.5");
  EXPECT_EQ(DecimalText("7."), "7");
  EXPECT_EQ(DecimalText("1.5e3"), "1500");
  EXPECT_EQ(DecimalText("25e-4"), "0.0025");
  EXPECT_EQ(DecimalText("0.1234567890123456785"), "0.123456789012345679");
  EXPECT_EQ(DecimalText("99999999999999999999999999999999999999"), "99999999999999999999999999999999999999");
  EXPECT_EQ(DecimalText("999999999999999999999999999999999999999"), "none");
  for (const char* wrong : {"", ".", "-", "1.2.3", "1e", "12x", " 1"}) EXPECT_EQ(DecimalText(wrong), "none") << wrong;
}

TEST(Decimals, RoundHalfAwayFromZero) {
  EXPECT_TRUE(Rescale(2345, 3, 2) == Int128{235});
  EXPECT_TRUE(Rescale(-2345, 3, 2) == Int128{-235});
  EXPECT_TRUE(Rescale(2344, 3, 2) == Int128{234});
  EXPECT_TRUE(DivideRounded(7, 2) == 4);
  EXPECT_TRUE(DivideRounded(-7, 2) == -4);
  EXPECT_FALSE(Rescale(PowerOfTen(37), 0, 18).has_value());
  EXPECT_TRUE(DoubleToDecimal(2.345, 2) == Int128{235});
  EXPECT_EQ(DecimalToDouble(15, 1), 1.5);
}

TEST(Decimals, FloatsHaveTheirShortestText) {
  const auto text_of = [](double value) {
    std::string text;
    AppendFloat(value, &text);
    return text;
  };
  EXPECT_EQ(text_of(0), "0.0");
  EXPECT_EQ(text_of(-0.0), "-0.0");
  EXPECT_EQ(text_of(420.92), "420.92");
  EXPECT_EQ(text_of(-0.0001), "-0.0001");
  EXPECT_EQ(text_of(0.00005), "5e-05");
  EXPECT_EQ(text_of(100000000000), "100000000000.0");
  EXPECT_EQ(text_of(1e22), "1e+22");
  EXPECT_EQ(text_of(0.1 + 0.2), "0.30000000000000004");
  std::mt19937_64 random(7);
  for (int i = 0; i < 200'000; ++i) {
    const double whole = static_cast<double>(static_cast<int64_t>(random() >> (random() % 50 + 11)));
    double value = whole / std::pow(10, static_cast<double>(random() % 8));
    if (i % 3 == 0) value = std::nextafter(value, 0);
    if (i % 2 == 0) value = -value;
    std::string shortest = fmt::format("{}", value);
    if (shortest.find_first_of(".e") == std::string::npos) shortest += ".0";
    ASSERT_EQ(text_of(value), shortest);
  }
}

TEST(TimeText, ReadsAllForms) {
  const int64_t expected = 1'743'499'800'250'000;
  for (const char* text : {"2025-04-01 09:30:00.250", "2025-04-01T09:30:00.25Z", "2025-04-01T11:30:00.250+02:00",
                           "04/01/2025 09:30:00.250", "01-04-2025 09:30:00.250"}) {
    EXPECT_EQ(ParseTimestamp(text), expected) << text;
  }
  EXPECT_EQ(ParseTimestamp("Tue, 01 Apr 2025 09:30:00 +0000"), 1'743'499'800'000'000);
  EXPECT_EQ(ParseTimestamp("2025-04-01"), 1'743'465'600'000'000);
  EXPECT_EQ(ParseTimestamp("2025-02-29"), std::nullopt);
  EXPECT_EQ(ParseTimestamp("2025-04-01 25:00"), std::nullopt);
  EXPECT_EQ(ParseDate("2025/04/01"), 20179);
  EXPECT_EQ(ParseDate("20250401"), 20179);
  EXPECT_EQ(ParseInterval("1 hour 30 minutes"), 5'400'000);
  EXPECT_EQ(ParseInterval("1.5h"), 5'400'000);
  EXPECT_EQ(ParseInterval("5m"), 300'000);
  EXPECT_EQ(ParseInterval("300000 years"), std::nullopt);  // More milliseconds than a double counts exactly.
  EXPECT_EQ(ParseInterval("5 parsecs"), std::nullopt);
}

TEST(TimeText, ReadersOfManyTimestampsReadAsOne) {
  TimestampReader reader;
  for (const char* text : {"2025-04-01 09:30:00",
                           "2025-04-01T09:30:00Z",
                           "2025-04-01 09:30:00.25",
                           "2025-04-01 09:30:00.123456Z",
                           "2025-04-01 09:30:00.1234567",
                           "2025-04-01 24:00:00",
                           "2025-04-01 09:60:00",
                           "2025-04-01 09:30:60",
                           "2025-04-01 09:30:00.",
                           "2025-04-01 09:30:00.2x",
                           "2025-04-01 09:30:00 Z",
                           "2025-04-01 09:30:00+02:00",
                           "2025-04-01 09:3x:00",
                           "2025-04-01x09:30:00",
                           " 2025-04-01 09:30:00 ",
                           "2025-02-29 09:30:00",
                           "2024-02-29 23:59:59.999999",
                           "2025-13-01 09:30:00",
                           "2025-00-01 09:30:00",
                           "2025-01-00 09:30:00",
                           "1969-12-31T23:59:59.5Z",
                           "0001-01-01 00:00:00",
                           "2025/04/01 09:30:00",
                           "04/01/2025 09:30:00.250",
                           "2025-04-01",
                           "Tue, 01 Apr 2025 09:30:00 +0000",
                           "",
                           "2025-04-01 09-30-00",
                           "2025-04-01 09:30:00,250",
                           "2025-04-01 09:30:00.250",
                           "2025-04-01 09:30:59.999",
                           "2025-04-01 09:30:60.000",
                           "2025-04-01 09:30:07,250",
                           "2025-04-01 09:30:07.2 0",
                           "2025-04-01 09:30:0:.250",
                           "2025-04-01 09:30:07.25Z",
                           "2025-04-01 09:30:07.25\xff",
                           "2025-04-01 09:31:07.125",
                           "2025-04-02 09:31:07.125",
                           "2025-04-02T09:31:07.126",
                           "2025-04-02T09:31:07.127"}) {
    EXPECT_EQ(reader.Read(text), ParseTimestamp(text)) << text;
    EXPECT_EQ(reader.Read(text), ParseTimestamp(text)) << text << " again";
  }
}

TEST(TimeText, WritesDatesAndTimes) {
  const auto text_of = [](int64_t micros) {
    std::string text;
    AppendTimestamp(micros, InstantStyle::kSql, &text);
    return text;
  };
  EXPECT_EQ(text_of(0), "1970-01-01 00:00:00.000");
  EXPECT_EQ(text_of(-1), "1969-12-31 23:59:59.999999");
  EXPECT_EQ(text_of(kMicrosPerDay - 1000), "1970-01-01 23:59:59.999");
  EXPECT_EQ(text_of(DaysFromCivil(9999, 12, 31) * kMicrosPerDay + 45'296'070'000), "9999-12-31 12:34:56.070");
  EXPECT_EQ(text_of(DaysFromCivil(10000, 1, 1) * kMicrosPerDay), "10000-01-01 00:00:00.000");
  EXPECT_EQ(text_of(DaysFromCivil(7, 3, 9) * kMicrosPerDay + 1), "0007-03-09 00:00:00.000001");
}

TEST(TimeText, CivilDatesRoundTrip) {
  for (int64_t days = -800'000; days < 800'000; days += 997) {
    const CivilDate date = CivilFromDays(days);
    EXPECT_EQ(DaysFromCivil(date.year, date.month, date.day), days);
  }
}

TEST(Cast, FollowsTheMatrix) {
  const SqlType decimal = SqlType::Decimal(10, 2);
  EXPECT_EQ(CastText("2.9", TypeKind::kFloat, TypeKind::kInteger), "2");
  EXPECT_EQ(CastText("1e30", TypeKind::kFloat, TypeKind::kInteger), "E4002");
  EXPECT_EQ(CastText("-2.99", decimal, TypeKind::kInteger), "-2");
  EXPECT_EQ(CastText("12.000", TypeKind::kString, TypeKind::kInteger), "12");
  EXPECT_EQ(CastText("12.5", TypeKind::kString, TypeKind::kInteger), "E4002");
  EXPECT_EQ(CastText(" 7 ", TypeKind::kString, TypeKind::kInteger), "7");
  EXPECT_EQ(CastText("2.345", TypeKind::kFloat, decimal), "2.35");
  EXPECT_EQ(CastText("123456789.5", TypeKind::kString, decimal), "E4002");
  EXPECT_EQ(CastText("off", TypeKind::kString, TypeKind::kBoolean), "false");
  EXPECT_EQ(CastText("maybe", TypeKind::kString, TypeKind::kBoolean), "E4002");
  EXPECT_EQ(CastText("0", TypeKind::kInteger, TypeKind::kBoolean), "false");
  EXPECT_EQ(CastText("true", TypeKind::kBoolean, decimal), "1.00");
  EXPECT_EQ(CastText("1743499800", TypeKind::kInteger, TypeKind::kTimestamp), "2025-04-01 09:30:00.000");
  EXPECT_EQ(CastText("1743499800250", TypeKind::kInteger, TypeKind::kTimestamp), "2025-04-01 09:30:00.250");
  EXPECT_EQ(CastText("1743499800250001", TypeKind::kInteger, TypeKind::kTimestamp), "2025-04-01 09:30:00.250001");
  EXPECT_EQ(CastText("1743499800250", TypeKind::kString, TypeKind::kTimestamp), "2025-04-01 09:30:00.250");
  EXPECT_EQ(CastText("2025-04-01 09:30:00", TypeKind::kTimestamp, TypeKind::kInteger), "1743499800000");
  EXPECT_EQ(CastText("2025-04-01 09:30:00", TypeKind::kTimestamp, TypeKind::kDate), "2025-04-01");
  EXPECT_EQ(CastText("2025-04-01", TypeKind::kDate, TypeKind::kTimestamp), "2025-04-01 00:00:00.000");
  EXPECT_EQ(CastText("90 minutes", TypeKind::kInterval, TypeKind::kString), "1 HOUR 30 MINUTE");
  EXPECT_EQ(CastText("[1,2]", SqlType::Array(TypeKind::kInteger), SqlType::Array(decimal)), R"(["1.00","2.00"])");
  EXPECT_EQ(CastText("[1,2]", SqlType::Array(TypeKind::kInteger), TypeKind::kString), "[1,2]");
  EXPECT_FALSE(CanCast(TypeKind::kBoolean, TypeKind::kTimestamp));
  EXPECT_FALSE(CanCast(TypeKind::kTimestamp, decimal));
  EXPECT_FALSE(CanCast(SqlType::Array(TypeKind::kInteger), TypeKind::kInteger));
}

TEST(ValueText, WritesJsonForBrowserAndFiles) {
  const SqlType type = SqlType::Struct({{"big", TypeKind::kInteger},
                                        {"amount", SqlType::Decimal(18, 2)},
                                        {"at", TypeKind::kTimestamp},
                                        {"tags", SqlType::Map(TypeKind::kString, TypeKind::kFloat)}});
  const auto row = CastValues(
      *Texts({R"({"big":9007199254740993,"amount":"1.5","at":"2025-04-01T09:30:00Z","tags":{"a \"q\"":0.1}})"}),
      TypeKind::kString, type, false);
  ASSERT_TRUE(row.ok());
  std::string exact, dialect;
  AppendJson(**row, 0, JsonStyle::kExact, &exact);
  AppendJson(**row, 0, JsonStyle::kDialect, &dialect);
  EXPECT_EQ(exact,
            R"({"big":"9007199254740993","amount":"1.50","at":"2025-04-01T09:30:00.000Z","tags":{"a \"q\"":0.1}})");
  EXPECT_EQ(dialect,
            R"({"big":9007199254740993,"amount":"1.50","at":"2025-04-01 09:30:00.000","tags":{"a \"q\"":0.1}})");
  const auto odd = CastValues(*Texts({"NaN", "inf"}), TypeKind::kString, TypeKind::kFloat, false);
  ASSERT_TRUE(odd.ok());
  std::string text;
  AppendJson(**odd, 0, JsonStyle::kExact, &text);
  AppendJson(**odd, 1, JsonStyle::kDialect, &text);
  EXPECT_EQ(text, "\"NaN\"null");
}

TEST(SqlType, PrintsAndWidens) {
  const SqlType nested = SqlType::Array(SqlType::Struct({{"a", TypeKind::kFloat}, {"b", SqlType::Decimal(18, 4)}}));
  EXPECT_EQ(nested.ToString(), "ARRAY<STRUCT<a FLOAT, b DECIMAL(18,4)>>");
  EXPECT_EQ(*SqlType::FromArrow(*nested.ToArrow()),
            SqlType::Array(SqlType::Struct({{"a", TypeKind::kFloat}, {"b", SqlType::Decimal(38, 4)}})));
  EXPECT_EQ(CommonType(TypeKind::kInteger, SqlType::Decimal(10, 2)), SqlType::Decimal(38, 2));
  EXPECT_EQ(CommonType(SqlType::Decimal(10, 2), TypeKind::kFloat), SqlType(TypeKind::kFloat));
  EXPECT_EQ(CommonType(TypeKind::kDate, TypeKind::kTimestamp), SqlType(TypeKind::kTimestamp));
  EXPECT_EQ(CommonType(TypeKind::kNull, TypeKind::kBoolean), SqlType(TypeKind::kBoolean));
  bool mixed = false;
  EXPECT_EQ(CommonType(TypeKind::kInteger, TypeKind::kBoolean, &mixed), SqlType(TypeKind::kString));
  EXPECT_TRUE(mixed);
}

TEST(Schema, FindsColumns) {
  const Schema schema{{{"Id", TypeKind::kInteger}, {"name", TypeKind::kString}, {"NAME", TypeKind::kString}}};
  EXPECT_EQ(schema.Find("id"), -1);
  EXPECT_EQ(schema.FindIgnoringCase("id"), 0);
  EXPECT_EQ(schema.FindIgnoringCase("Name"), -1);
  ASSERT_NE(SystemColumnType("_Event_Time"), nullptr);
  EXPECT_EQ(*SystemColumnType("_partition"), SqlType(TypeKind::kInteger));
  EXPECT_EQ(SystemColumnType("price"), nullptr);
}

}  // namespace
}  // namespace velo
