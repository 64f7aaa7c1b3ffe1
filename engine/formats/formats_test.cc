#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/formats/csv_rows.h"
#include "engine/formats/csv_types.h"
#include "engine/formats/digits.h"
#include "engine/formats/iso_time.h"
#include "engine/formats/json_columns.h"
#include "engine/formats/json_cursor.h"
#include "engine/formats/json_records.h"
#include "engine/formats/utf8.h"
#include "engine/types/value_text.h"

namespace velo::formats {
namespace {

using ::testing::ElementsAre;

/// All cells, rows joined by '/' and cells by '|'.
std::string Cells(std::string_view text, CsvDialect dialect = {}, bool at_end = true) {
  CsvRows rows;
  rows.Index(text, dialect, at_end);
  std::string out, buffer;
  for (size_t row = 0; row < rows.size(); ++row) {
    if (row > 0) out += "/";
    for (uint32_t column = 0; column < rows.cells(row); ++column) {
      if (column > 0) out += "|";
      out += CsvCellValue(rows.cell(row, column), dialect, &buffer);
    }
  }
  return out;
}

TEST(CsvRows, FindsCells) {
  EXPECT_EQ(Cells("a,b\n1,2\n"), "a|b/1|2");
  EXPECT_EQ(Cells("a,b\r\n1,2\r\n"), "a|b/1|2");
  EXPECT_EQ(Cells("a,b\n1,2"), "a|b/1|2");
  EXPECT_EQ(Cells("a,b\n1,2", {}, false), "a|b");
  EXPECT_EQ(Cells(",\n,"), "|/|");
  EXPECT_EQ(Cells(""), "");
}

TEST(CsvRows, HonoursQuotes) {
  EXPECT_EQ(Cells("\"a,\nb\",2\n"), "a,\nb|2");
  EXPECT_EQ(Cells("\"say \"\"x\"\"\",\"\"\n"), "say \"x\"|");
  EXPECT_EQ(Cells("5\" pipe,x\ny,z\n"), "5\" pipe|x/y|z");
  EXPECT_EQ(Cells("a, \"b,c\"\n"), "a|b,c");
  EXPECT_EQ(Cells("'a,b',c\n", {.quote = '\''}), "a,b|c");
  EXPECT_EQ(Cells("\"a\\\"b\",c\n", {.escape = '\\'}), "a\"b|c");
}

/// The rules of CsvRows letter by letter.
std::string CellsByReference(std::string_view text) {
  std::string out, row;
  bool inside = false, at_start = true;
  size_t begin = 0;
  std::string buffer;
  auto end_cell = [&](size_t end, bool end_row) {
    std::string_view cell = text.substr(begin, end - begin);
    if (end_row && cell.ends_with('\r')) cell.remove_suffix(1);
    row += CsvCellValue(cell, {}, &buffer);
    row += end_row ? "/" : "|";
    if (end_row) out += std::exchange(row, "");
    begin = end + 1;
    at_start = true;
  };
  for (size_t i = 0; i < text.size(); ++i) {
    if (inside) {
      if (text[i] != '"') continue;
      if (text.substr(i, 2) == "\"\"") {
        ++i;
      } else {
        inside = false;
      }
    } else if (text[i] == ',' || text[i] == '\n') {
      end_cell(i, text[i] == '\n');
    } else if (text[i] == '"' && at_start) {
      inside = true;
      at_start = false;
    } else if (text[i] != ' ') {
      at_start = false;
    }
  }
  if (!inside && begin < text.size()) end_cell(text.size(), true);
  if (!inside && begin == text.size() && !row.empty()) end_cell(text.size(), true);
  if (!out.empty()) out.pop_back();
  return out;
}

TEST(CsvRows, AgreeWithTheRulesOnRandomText) {
  uint64_t seed = 7;
  auto next = [&seed] { return seed = seed * 6364136223846793005ULL + 1442695040888963407ULL, seed >> 33; };
  for (const char* letters : {"ab,\n\"x \"\"\r", "abcdefgh,\n", "\"a\",\"b\"\n,"}) {
    for (int round = 0; round < 2000; ++round) {
      std::string text;
      const size_t length = next() % 300;
      while (text.size() < length) text += letters[next() % std::strlen(letters)];
      ASSERT_EQ(Cells(text), CellsByReference(text)) << text;
    }
  }
}

TEST(CsvTypes, ReadNumbers) {
  int64_t integer = 0;
  EXPECT_TRUE(ReadInteger("-9223372036854775808", &integer));
  EXPECT_EQ(integer, INT64_MIN);
  EXPECT_FALSE(ReadInteger("9223372036854775808", &integer));
  EXPECT_TRUE(ReadInteger(" 42 ", &integer));
  EXPECT_EQ(integer, 42);
  for (const char* bad : {"", "-", "1.0", "1e3", "0x1", "1 2"}) EXPECT_FALSE(ReadInteger(bad, &integer)) << bad;
  double number = 0;
  for (const char* text : {"152.34", "-0.1", "1e-7", "179769313486231570000000", "0.1234567890123456789", "5", ".5"}) {
    ASSERT_TRUE(ReadFloat(text, &number)) << text;
    EXPECT_EQ(number, std::strtod(text, nullptr)) << text;
  }
  for (const char* bad : {"", ".", "-", "1.2.3", "abc", "1e"}) EXPECT_FALSE(ReadFloat(bad, &number)) << bad;
}

TEST(CsvTypes, ReadDates) {
  int32_t days = 0;
  EXPECT_TRUE(ReadIsoDate("1970-01-02", &days));
  EXPECT_EQ(days, 1);
  for (const char* bad : {"2026-02-29", "2026-13-01", "2026-1-1", "2026/01/01"}) EXPECT_FALSE(ReadIsoDate(bad, &days));
}

TEST(IsoTime, ReadsTimestamps) {
  constexpr int64_t kExpected = 1'771'237'800'250'000;
  int64_t micros = 0;
  for (const char* text :
       {"2026-02-16T10:30:00.250Z", "2026-02-16 10:30:00.25", " 2026-02-16T10:30:00.250000 ",
        "2026-02-16T10:30:00.2500009Z", "2026-02-16T12:30:00.250+02:00", "2026-02-16 05:00:00.250-0530"}) {
    ASSERT_TRUE(ReadIsoTimestamp(text, &micros)) << text;
    EXPECT_EQ(micros, kExpected) << text;
  }
  ASSERT_TRUE(ReadIsoTimestamp("2026-02-16T10:30", &micros));
  EXPECT_EQ(micros, kExpected - 250'000);
  ASSERT_TRUE(ReadIsoTimestamp("1969-12-31T23:59:59Z", &micros));
  EXPECT_EQ(micros, -1'000'000);
  for (const char* bad :
       {"2026-02-16", "2026-02-29T10:30:00Z", "2026-02-16T24:00:00", "2026-02-16T10:60:00", "2026-02-16T10:30:00.Z",
        "2026-02-16T10:30:00X", "16-02-2026 10:30:00", "2026-02-16_10:30:00", "20260216T103000", "10:30:00"}) {
    EXPECT_FALSE(ReadIsoTimestamp(bad, &micros)) << bad;
  }
  ASSERT_TRUE(ReadIsoInstant("1970-01-02", &micros));
  EXPECT_EQ(micros, 86'400'000'000);
}

TEST(CsvTypes, GuessTheNarrowestType) {
  auto guess = [](std::initializer_list<const char*> values) {
    CellTypeGuess type;
    for (const char* value : values) type.Add(value);
    return type.type().DisplayName();
  };
  EXPECT_EQ(guess({"1", "2"}), "Integer");
  EXPECT_EQ(guess({"1", "2.5"}), "Float");
  EXPECT_EQ(guess({"007", "8"}), "String");
  EXPECT_EQ(guess({"yes", "FALSE"}), "Boolean");
  EXPECT_EQ(guess({"2026-01-01"}), "Date");
  EXPECT_EQ(guess({"2026-01-01T10:00:00Z", "2026-01-01 10:00:00.5"}), "DateTime");
  EXPECT_EQ(guess({"2026-01-01", "2026-01-01 10:00"}), "DateTime");
  EXPECT_EQ(guess({"2026-01-01T10:00:00Z", "yesterday"}), "String");
  EXPECT_EQ(guess({"123456789012345678901"}), "String");
  EXPECT_EQ(guess({}), "String");
}

TEST(Utf8, AcceptsOnlyWellFormedText) {
  EXPECT_TRUE(IsValidUtf8("plain text that is longer than one step of the fast way, äöü €, 𝄞"));
  for (const char* bad :
       {"\x80", "\xc0\xaf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "abc\xe9", "\xe2\x82"}) {
    EXPECT_FALSE(IsValidUtf8(bad));
    EXPECT_FALSE(IsValidUtf8(std::string(100, 'x') + bad));
  }
}

// The quick readers either say the same as the careful ones or leave it to them.
TEST(Digits, AgreeWithTheCarefulReaders) {
  for (const char* text : {"",
                           "-",
                           ".",
                           "-.",
                           "0",
                           "-0",
                           "7",
                           "+7",
                           "007",
                           "12345678",
                           "123456789",
                           "-9223372036854775808",
                           "1.5",
                           "1.",
                           ".5",
                           "-.25",
                           "1.5.2",
                           "1e5",
                           "499.99",
                           "123456789012345678",
                           "1234567890123456789",
                           "0.1234567890123456789",
                           "9007199254740993",
                           "12a",
                           "1 ",
                           " 1",
                           "1,2",
                           "0x1"}) {
    const std::string padded = text + std::string(64, '8');
    const std::string_view cell = std::string_view(padded).substr(0, std::string_view(text).size());
    int64_t integer = 0, careful_integer = 0;
    double real = 0, careful_real = 0;
    if (ReadPlainInteger(cell, &integer)) {
      EXPECT_TRUE(ReadInteger(cell, &careful_integer)) << text;
      EXPECT_EQ(integer, careful_integer) << text;
    }
    if (ReadPlainFloat(cell, &real)) {
      EXPECT_TRUE(ReadFloat(cell, &careful_real)) << text;
      EXPECT_EQ(real, careful_real) << text;
    }
  }
  int64_t integer;
  double real;
  const std::string number = "-499.25" + std::string(64, ' ');
  EXPECT_TRUE(ReadPlainFloat(std::string_view(number).substr(0, 7), &real) && real == -499.25);
  EXPECT_TRUE(ReadPlainInteger(std::string_view(number).substr(0, 4), &integer) && integer == -499);
}

/// Passes the value and says what is wrong with it.
std::string_view Check(const std::string& text) {
  const std::string padded = text + std::string(64, ' ');
  JsonCursor cursor(std::string_view(padded).substr(0, text.size()));
  if (cursor.SkipValue()) cursor.AtEnd();
  return JsonErrorText(cursor.error());
}

TEST(JsonCursor, ChecksWhatItPasses) {
  for (const char* good : {"{}", "[]", R"({"a":[1,-2.5e+3,true,null,"x\"y"],"b":{"c":{}}})", " 1 ", "\"\"", "-0.1"}) {
    EXPECT_EQ(Check(good), "") << good;
  }
  for (const char* bad : {"{\"a\":}", "[1,]", "{\"a\" 1}", "01", "1.", "tru", "{,}", "[1 2]", "{\"a\":1,}", "-"}) {
    EXPECT_EQ(Check(bad), "it is not valid JSON") << bad;
  }
  EXPECT_EQ(Check("[1,2"), "a bracket is opened and never closed");
  EXPECT_EQ(Check("\"abc"), "a quote is opened and never closed");
  EXPECT_EQ(Check("\"a\nb\""), "a text holds a control character");
  EXPECT_EQ(Check("{} {}"), "more text follows the object");
  EXPECT_EQ(Check(std::string(65, '[') + std::string(65, ']')), "it is nested deeper than 64 levels");
  EXPECT_EQ(Check(std::string(64, '[') + std::string(64, ']')), "");
}

TEST(JsonCursor, UnescapesStrings) {
  std::string value;
  ASSERT_TRUE(UnescapeJson(R"(a\n\"\\\/\u00e4\ud834\udd1e\ud834x)", &value));
  EXPECT_EQ(value, "a\n\"\\/ä𝄞\xEF\xBF\xBDx");
  for (const char* bad : {"\\", "\\x", "\\u12", "\\u12g4"}) EXPECT_FALSE(UnescapeJson(bad, &value)) << bad;
}

TEST(JsonCursor, ReadsNumbersUpToTheEndOfTheText) {
  const std::string digits = "1234567890123456789012345678901234567890";
  for (size_t length = 1; length <= digits.size(); ++length) {
    const std::string padded = digits + std::string(64, '7');
    JsonCursor cursor(std::string_view(padded).substr(0, length));
    JsonNumber number;
    ASSERT_TRUE(cursor.ReadNumber(&number));
    EXPECT_EQ(number.text, digits.substr(0, length));
    EXPECT_EQ(number.exact, length <= 18);
    EXPECT_EQ(number.exact ? std::to_string(number.mantissa) : digits.substr(0, length), digits.substr(0, length));
    EXPECT_TRUE(cursor.AtEnd());
  }
}

/// The rows and the bad records of a decoder that reads all of `records`, or a new decoder for each of them.
std::string Decode(const std::vector<std::string>& records, bool one_by_one) {
  const Schema schema{{{"a", TypeKind::kInteger}, {"b", TypeKind::kFloat}, {"s", TypeKind::kString}}};
  std::string out;
  auto decoder = std::make_unique<JsonDecoder>(schema);
  const auto finish = [&] {
    const auto rows = *decoder->Finish();
    for (int64_t i = 0; i < rows->num_rows(); ++i) {
      AppendJsonRow(*rows, i, JsonStyle::kDialect, &out);
      out += '\n';
    }
  };
  for (const std::string& record : records) {
    const std::string padded = record + std::string(64, '"');
    const std::string reason = decoder->Append(std::string_view(padded).substr(0, record.size()));
    if (!reason.empty()) out += reason + '\n';
    finish();
    if (one_by_one) decoder = std::make_unique<JsonDecoder>(schema);
  }
  return out;
}

// What is foretold from the records before must not change what a record says.
TEST(JsonDecoder, ReadsEveryRecordAsIfItWereAlone) {
  std::vector<std::string> records;
  for (int round = 0; round < 3; ++round) {
    for (const char* record : {R"({"a":1,"b":2.5,"s":"x"})",
                               R"({"a":2,"b":-0.25,"s":"y"})",
                               R"({"a":3,"s":"z","b":1e3})",
                               R"({"b":4,"a":5,"s":""})",
                               R"({"a":6})",
                               R"({"a":7,"x":[1,{"a":2}],"b":8})",
                               R"({ "a": 9, "b": 10 })",
                               R"({"a":1"b":2})",
                               R"({,"a":1})",
                               R"({"a":1,})",
                               R"({"a":1,"b":2.5,"s":"x"}})",
                               R"({"a":1,"b":2.5,"s":"x")",
                               R"({"a":1,"a":2,"b":3})",
                               R"({"a":"x"})",
                               R"({"a":1,"b":2.5,"s":"x\ny"})",
                               R"({"\u0061":11,"b":null})",
                               "{}",
                               R"({"a":123456789012345678901,"b":2})",
                               R"({"a":-9223372036854775808,"b":123456789012345678901})",
                               R"({"a":01})",
                               R"({"a":1.0})",
                               R"({"a":1,"b":2.5,"s":"longer than sixteen bytes, with a \" inside"})",
                               R"({"a":1,"b":2.5,"s")",
                               R"({"a":1,"b":2.5,"s":)",
                               R"({"a":1,"a field with a name of more than sixty-four bytes, of )"
                               R"(which there are few":2,"b":3})"}) {
      records.push_back(record);
    }
    for (int i = 0; i < 1500; ++i) records.push_back(fmt::format(R"({{"a":{},"k{}":1,"b":{}}})", i, i * 3 + round, i));
  }
  EXPECT_EQ(Decode(records, false), Decode(records, true));
}

std::vector<std::string> Records(std::string_view text) {
  JsonRecords records(MakeMemoryWindow(text), SniffJsonLayout(text));
  std::vector<std::string> found;
  while (true) {
    auto record = records.Next();
    EXPECT_TRUE(record.ok());
    if (!record.ok() || record->kind == JsonRecords::Kind::kEnd) return found;
    found.push_back(std::to_string(record->line) + ":" + std::string(record->text) +
                    (record->kind == JsonRecords::Kind::kCutOff ? " cut" : ""));
  }
}

TEST(JsonRecords, FindRecordsOfAllLayouts) {
  EXPECT_THAT(Records("{\"a\":1}\n\n{\"a\":2}"), ElementsAre("1:{\"a\":1}", "3:{\"a\":2}"));
  EXPECT_THAT(Records("[{\"a\":1},\n{\"a\":\"]}\"}]\n"), ElementsAre("1:{\"a\":1}", "2:{\"a\":\"]}\"}"));
  EXPECT_THAT(Records("{\n\"a\":1}{\"a\":2}"), ElementsAre("1:{\n\"a\":1}", "2:{\"a\":2}"));
  EXPECT_THAT(Records("[1, [2], \"x\"]"), ElementsAre("1:1", "1:[2]", "1:\"x\""));
  EXPECT_THAT(Records("[{\"a\":1},{\"a\""), ElementsAre("1:{\"a\":1}", "1:{\"a\" cut"));
  EXPECT_THAT(Records("{\"a\":1},{}][{\"a\":2},{}]"), ElementsAre("1:{\"a\":1}", "1:{}", "1:[{\"a\":2},{}]"));
  EXPECT_THAT(Records("[]"), ElementsAre());
  EXPECT_THAT(Records(""), ElementsAre());
}

}  // namespace
}  // namespace velo::formats
