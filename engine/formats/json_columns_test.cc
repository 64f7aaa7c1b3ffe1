#include "engine/formats/json_columns.h"

#include <arrow/record_batch.h>
#include <gtest/gtest.h>

#include <random>

#include "engine/formats/byte_window.h"
#include "engine/formats/iso_time.h"
#include "engine/formats/json_records.h"
#include "engine/types/value_text.h"

namespace velo::formats {
namespace {

const Schema& Columns() {
  static const Schema columns{{{"i", TypeKind::kInteger},
                               {"f", TypeKind::kFloat},
                               {"s", TypeKind::kString},
                               {"t", TypeKind::kTimestamp},
                               {"b", TypeKind::kBoolean},
                               {"d", TypeKind::kDate},
                               {"l", SqlType::Array(TypeKind::kInteger)},
                               {"m", SqlType::Decimal(12, 2)},
                               {"long name of a column, longer than one step", TypeKind::kInteger}}};
  return columns;
}

void Print(JsonDecoder& decoder, std::vector<std::string>* out) {
  const auto rows = *decoder.Finish();
  EXPECT_TRUE(rows->ValidateFull().ok());
  for (int64_t i = 0; i < rows->num_rows(); ++i) AppendJsonRow(*rows, i, JsonStyle::kExact, &out->emplace_back());
}

/// Row or reason of each record, read by a decoder that has seen no other one: by the careful way alone.
std::vector<std::string> OneByOne(const std::vector<std::string>& records) {
  std::vector<std::string> out;
  for (const std::string& record : records) {
    JsonDecoder decoder(Columns());
    const std::string padded = record + std::string(64, '"');
    const std::string reason = decoder.Append(std::string_view(padded).substr(0, record.size()));
    if (!reason.empty()) out.push_back(reason);
    Print(decoder, &out);
  }
  return out;
}

/// The same of one decoder for all; `batch` records at once. With `as_lines` the ends of the records are its business.
std::vector<std::string> Together(const std::vector<std::string>& records, bool as_lines, size_t batch) {
  std::string text;
  for (const std::string& record : records) text += record + "\n";
  const size_t length = text.size();
  text.append(64, '"');
  std::string_view lines = std::string_view(text).substr(0, length);
  std::vector<std::string> out, reasons;
  JsonDecoder decoder(Columns());
  for (size_t i = 0; i < records.size(); ++i) {
    size_t passed = records[i].size();
    const std::string& reason = as_lines ? decoder.AppendLine(lines, &passed) : decoder.Append(lines.substr(0, passed));
    EXPECT_EQ(passed, records[i].size()) << records[i];
    if (passed != records[i].size()) return out;
    lines.remove_prefix(passed + 1);
    // A place for the row, or the reason.
    out.push_back(reason);
    if ((i + 1) % batch != 0 && i + 1 < records.size()) continue;
    std::vector<std::string> rows;
    Print(decoder, &rows);
    size_t next = 0;
    for (size_t place = i / batch * batch; place <= i; ++place) {
      if (out[place].empty() && next < rows.size()) out[place] = rows[next++];
    }
    EXPECT_EQ(next, rows.size());
  }
  return out;
}

void ExpectSame(const std::vector<std::string>& records) {
  const std::vector<std::string> careful = OneByOne(records);
  ASSERT_EQ(careful.size(), records.size());
  for (const bool as_lines : {false, true}) {
    for (const size_t batch : {size_t{1}, size_t{7}, records.size()}) {
      const std::vector<std::string> together = Together(records, as_lines, batch);
      ASSERT_EQ(together.size(), careful.size());
      for (size_t i = 0; i < records.size(); ++i) ASSERT_EQ(together[i], careful[i]) << records[i];
    }
  }
}

/// Records as programs write them, with now and then something that they do not write.
class RecordMaker {
 public:
  explicit RecordMaker(unsigned seed) : random_(seed) {}

  std::string Make() {
    std::string record = "{";
    const bool shuffled = OneIn(20);
    for (size_t i = 0; i < std::size(kKeys); ++i) {
      if (OneIn(15)) continue;
      const std::string_view key = shuffled ? kKeys[Below(std::size(kKeys))] : kKeys[i];
      if (record.size() > 1) record += OneIn(100) ? " , " : ",";
      record += fmt::format("\"{}\":{}", key, OneIn(50) ? " " : "");
      record += OneIn(20) ? Odd() : Usual(key);
    }
    record += "}";
    if (OneIn(30)) record += OneIn(2) ? "\r" : " ";
    if (OneIn(4)) Damage(&record);
    return record;
  }

 private:
  static constexpr std::string_view kKeys[] = {
      "i", "skipped", "f", "s",       "skipped text", "t",     "b",
      "d", "l",       "m", "\\u0066", "other",        "inner", "long name of a column, longer than one step"};

  size_t Below(size_t bound) { return random_() % bound; }
  bool OneIn(size_t count) { return Below(count) == 0; }
  std::string Digits(size_t most) {
    std::string digits;
    for (size_t count = Below(most) + 1; count > 0; --count) digits += static_cast<char>('0' + Below(10));
    return digits;
  }
  std::string Text(size_t most) {
    static constexpr std::string_view kLetters[] = {"a", "b", " ", "0",   "ä",    "𝄞",      "{",
                                                    "}", ",", ":", "\\n", "\\\"", "\\u00e4"};
    std::string text;
    for (size_t count = Below(most); count > 0; --count) text += kLetters[OneIn(8) ? Below(std::size(kLetters)) : 0];
    return text;
  }

  std::string Usual(std::string_view key) {
    switch (key.front()) {
      case 'i':
      case 'o':
        return (OneIn(4) ? "-" : "") + std::to_string(std::stoull(Digits(18)));
      case 'f':
      case 'm':
        return (OneIn(4) ? "-" : "") + std::to_string(std::stoull(Digits(9))) + "." + Digits(9);
      case 't':
        return fmt::format("\"20{:02}-{:02}-{:02}{}{:02}:{:02}:{:02}{}{}\"", Below(3), Below(13), Below(32),
                           OneIn(2) ? 'T' : ' ', Below(25), Below(61), Below(60), OneIn(2) ? "" : "." + Digits(7),
                           OneIn(2) ? "Z" : "");
      case 'b':
        return OneIn(2) ? "true" : "false";
      case 'd':
        return fmt::format("\"2026-{:02}-{:02}\"", Below(13), Below(32));
      case 'l':
        return OneIn(2) ? std::to_string(Below(10000)) : fmt::format("[{},{}]", Below(10), Below(10));
      default:
        return "\"" + Text(OneIn(5) ? 70 : 14) + "\"";
    }
  }
  std::string Odd() {
    static constexpr std::string_view kValues[] = {"null",
                                                   "true",
                                                   "fals",
                                                   "nul",
                                                   "0",
                                                   "-0",
                                                   "00",
                                                   "01",
                                                   "-",
                                                   "1.",
                                                   ".5",
                                                   "1e5",
                                                   "1E-3",
                                                   "1.5e",
                                                   "12345678901234567890",
                                                   "9223372036854775807",
                                                   "-9223372036854775808",
                                                   "123456789012345.6789012345678901234",
                                                   "0.1234567890123456789",
                                                   "{}",
                                                   "[]",
                                                   "[1,]",
                                                   R"({"i":1,"s":[{"t":null}]})",
                                                   "\"",
                                                   "\"\\",
                                                   "\"\t\"",
                                                   "\"\xC3\"",
                                                   "\"\xff\"",
                                                   "",
                                                   "\"12.25\"",
                                                   "\"2026-01-02\"",
                                                   "\"2026-01-02 03:04\"",
                                                   "\"2026-01-02 03:04:05+02:00\"",
                                                   "[[[[",
                                                   "}",
                                                   "1 2",
                                                   "Infinity"};
    return std::string(kValues[Below(std::size(kValues))]);
  }
  void Damage(std::string* record) {
    const size_t at = 1 + Below(record->size() - 1);
    static constexpr std::string_view kBytes = "\"\\{}[],:0-e. \x01\x7f\x80\xC3";
    switch (Below(3)) {
      case 0:
        (*record)[at] = kBytes[Below(kBytes.size())];
        break;
      case 1:
        record->erase(at, 1 + Below(3));
        break;
      default:
        record->insert(at, 1, kBytes[Below(kBytes.size())]);
    }
  }

  std::mt19937 random_;
};

TEST(JsonDecoder, WalksAsTheCursorReads) {
  for (unsigned seed = 0; seed < 40; ++seed) {
    RecordMaker maker(seed);
    std::vector<std::string> records;
    for (int i = 0; i < 60; ++i) records.push_back(maker.Make());
    ExpectSame(records);
    if (HasFatalFailure()) return;
  }
}

TEST(JsonDecoder, NoticesARecordCutOffAnywhere) {
  const std::string record =
      R"({"i":1234,"skipped":"a text of more than 16 bytes","f":-12.5,"s":"ä","t":"2026-01-02 03:04:05.678","other":99})";
  std::vector<std::string> records(3, record);
  for (size_t length = 1; length < record.size(); ++length) {
    records.push_back(record.substr(0, length));
    records.push_back(record);
  }
  ExpectSame(records);
}

TEST(JsonDecoder, MakesRoomForManyRowsAndLargeTexts) {
  std::vector<std::string> records;
  for (int i = 0; i < 3000; ++i) {
    records.push_back(fmt::format(R"({{"i":{},"s":"{}"}})", i, std::string(i % 100 == 7 ? 5000 : i % 40, 'x')));
    if (i % 3 == 0) records.back() = "{}";
  }
  ExpectSame(records);
}

// The reader sees the same records wherever the blocks of the file end.
TEST(JsonRecords, GiveTheLinesOfAllBlocks) {
  std::string text;
  std::vector<std::string> records;
  for (int i = 0; i < 40000; ++i) {
    const std::string filling(static_cast<size_t>(i % 17 == 0 ? 3000 : i % 90), 'x');
    records.push_back(fmt::format(R"({{"i":{},"s":"{}"}})", i, filling));
    text += records.back() + (i % 1000 == 500 ? "\r\n\n" : "\n");
  }
  text.pop_back();
  JsonRecords lines(MakeMemoryWindow(text), JsonLayout::kLines);
  JsonDecoder decoder(Columns());
  int64_t line = 1, offset = 0;
  for (size_t i = 0; i < records.size(); ++i) {
    JsonRecords::Record record;
    if (const std::string_view whole = lines.Lines(); !whole.empty()) {
      size_t length;
      ASSERT_EQ(decoder.AppendLine(whole, &length), "");
      record = lines.PassLine(length);
    } else {
      record = *lines.Next();
    }
    const bool is_odd = i % 1000 == 500;
    ASSERT_EQ(record.text, records[i] + (is_odd ? "\r" : ""));
    ASSERT_EQ(record.line, line);
    ASSERT_EQ(record.offset, offset);
    line += is_odd ? 2 : 1;
    offset += static_cast<int64_t>(records[i].size()) + (is_odd ? 3 : 1);
  }
  EXPECT_EQ(lines.Next()->kind, JsonRecords::Kind::kEnd);
  EXPECT_EQ(lines.lines(), line - 2);
}

TEST(IsoInstantReader, ReadsWhatOthersRead) {
  IsoInstantReader reader;
  for (const std::string text : {"2026-02-16 10:30:00",
                                 "2026-02-16T10:30:00.25",
                                 "2026-02-16T10:30:00.250Z",
                                 "2026-02-16 23:59:59.999999",
                                 "2026-02-16 24:00:00",
                                 "2026-02-16 10:60:00",
                                 "2026-02-16 10:30:60",
                                 "2026-02-16 10:30:0",
                                 "2026-02-16 1a:30:00",
                                 "2026-02-16 10:30:00.",
                                 "2026-02-16 10:30:00.1234567",
                                 "2026-02-16 10:30:00Z",
                                 "2026-02-16 10:30:00+02:00",
                                 "2026-02-29 00:00:00",
                                 "2024-02-29 00:00:00",
                                 "2026-02-16",
                                 "2026-02-16 10:30",
                                 " 2026-02-16 10:30:00 ",
                                 "",
                                 "2026-13-01 00:00:00",
                                 "2026-02-16 10-30-00",
                                 "2026-02-16x10:30:00",
                                 "2026-02-16 10:30:00.1Z2",
                                 "2026-02-16 10:30:00,250",
                                 "2026-02-16 10:30:00.25Z "}) {
    const std::string padded = text + "00000000000000000000000000000000";
    int64_t careful = 0, quick = 0;
    const bool good = ReadIsoInstant(text, &careful);
    ASSERT_EQ(reader.Read(std::string_view(padded).substr(0, text.size()), &quick), good) << text;
    ASSERT_EQ(good ? quick : careful, careful) << text;
  }
}

}  // namespace
}  // namespace velo::formats
