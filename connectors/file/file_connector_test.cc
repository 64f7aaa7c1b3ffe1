#include "connectors/file/file_connector.h"

#include <arrow/io/file.h>
#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <parquet/arrow/writer.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "connectors/file/file_paths.h"
#include "connectors/file/file_sink.h"
#include "engine/types/value_text.h"

namespace velo {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

const std::string kData = std::string(VELO_SOURCE_DIR) + "/tests/data/";

class FileConnectorTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "velo_files_XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string Write(const std::string& name, const std::string& text) {
    const fs::path path = fs::path(folder_) / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
    return path.string();
  }

  struct Rows {
    std::vector<std::string> json;  ///< One object per row.
    std::vector<std::string> bad;   ///< "line@offset reason"
    size_t readers = 0;
    ReadProgress progress;
  };

  /// Reads all rows; `columns` empty: all payload columns.
  Rows Read(const std::string& uri, const PropertyMap& properties = {}, ReadOptions options = {}) {
    Rows result;
    auto source = connector_->OpenSource(uri, properties);
    EXPECT_TRUE(source.ok()) << source.status().ToString();
    if (!source.ok()) return result;
    if (options.columns.empty()) options.columns = (*source)->schema().Names();
    auto readers = (*source)->OpenReaders(options);
    EXPECT_TRUE(readers.ok()) << readers.status().ToString();
    result.readers = readers->size();
    for (auto& reader : *readers) {
      while (true) {
        auto outcome = reader->Read();
        EXPECT_TRUE(outcome.ok()) << outcome.status().ToString();
        if (!outcome.ok() || outcome->state != ReadOutcome::State::kRows) break;
        for (int64_t row = 0; row < outcome->batch.columns->num_rows(); ++row) {
          AppendJsonRow(*outcome->batch.columns, row, JsonStyle::kExact, &result.json.emplace_back());
        }
      }
      for (const BadRecord& bad : reader->TakeBadRecords()) {
        result.bad.push_back(fmt::format("{}@{} {}", bad.line, bad.byte_offset, bad.reason));
      }
      result.progress.rows += reader->Progress().rows;
      result.progress.bad_records += reader->Progress().bad_records;
    }
    return result;
  }

  std::vector<std::string> Types(const std::string& uri, const PropertyMap& properties = {}) {
    std::vector<std::string> types;
    auto source = connector_->OpenSource(uri, properties);
    EXPECT_TRUE(source.ok()) << source.status().ToString();
    if (!source.ok()) return types;
    for (const Column& column : (*source)->schema().columns) {
      types.push_back(column.name + " " + column.type.DisplayName());
    }
    return types;
  }

  Status Failure(const std::string& uri, const PropertyMap& properties = {}) {
    auto report = connector_->Connect(uri, properties);
    EXPECT_FALSE(report.ok());
    return report.status();
  }

  std::unique_ptr<Connector> connector_ = MakeFileConnector();
  std::string folder_;
};

TEST_F(FileConnectorTest, ReadsCsvWithTypesOfTheJourney) {
  EXPECT_THAT(Types("file://" + kData + "csv/trades.csv"),
              ElementsAre("symbol String", "price Float", "qty Integer", "ts DateTime"));
  Rows rows = Read("file://" + kData + "csv/trades.csv");
  ASSERT_THAT(rows.json, SizeIs(3));
  EXPECT_EQ(rows.json[0], R"({"symbol":"AAPL","price":152.34,"qty":5000,"ts":"2026-02-16T10:30:00.000Z"})");
  auto report = connector_->Describe("file://" + kData + "csv/trades.csv", {}, 1000);
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->event_time_candidates.at(0).field, "ts");
  EXPECT_EQ(report->event_time_candidates.at(0).format, "iso8601");
  EXPECT_THAT(report->key_candidates, ElementsAre("symbol"));
}

TEST_F(FileConnectorTest, ConvertsOnlyWantedColumnsInTheirOrder) {
  Rows rows = Read(kData + "csv/trades.csv", {}, {.columns = {"qty", "_offset", "symbol", "_partition", "_topic"}});
  EXPECT_EQ(rows.json.at(1),
            R"({"qty":120,"_offset":1,"symbol":"MSFT","_partition":0,"_topic":")" + kData + R"(csv/trades.csv"})");
}

TEST_F(FileConnectorTest, ReadsCompressedFiles) {
  const Rows plain = Read(kData + "csv/trades.csv");
  EXPECT_EQ(Read(kData + "csv/trades.csv.gz").json, plain.json);
  EXPECT_EQ(Read(kData + "csv/trades.csv.zst").json, plain.json);
  Write("broken.csv.gz",
        std::ifstream(kData + "csv/trades.csv.gz").rdbuf() ? std::string("\x1f\x8b\x08\x00 nonsense") : "");
  EXPECT_EQ(Failure(folder_ + "/broken.csv.gz").error().code, "UNSUPPORTED");
}

TEST_F(FileConnectorTest, KeepsRaggedRowsAsBadRecords) {
  Rows rows = Read(kData + "csv/ragged.csv");
  EXPECT_THAT(rows.json, ElementsAre(R"({"id":1,"name":"ann","score":10})", R"({"id":4,"name":"dee","score":40})",
                                     R"({"id":5,"name":"eve","score":50})"));
  EXPECT_THAT(rows.bad, ElementsAre("3@23 it has 2 cells instead of 3", "4@29 it has 4 cells instead of 3"));
  EXPECT_EQ(rows.progress.bad_records, 2);
  Rows numbered = Read(kData + "csv/ragged.csv", {}, {.columns = {"_offset"}});
  EXPECT_THAT(numbered.json, ElementsAre(R"({"_offset":0})", R"({"_offset":3})", R"({"_offset":4})"));
}

TEST_F(FileConnectorTest, FailsAtTheFirstBadRecordWhenAsked) {
  auto source = connector_->OpenSource(kData + "csv/ragged.csv", {{"on_error", "fail"}});
  ASSERT_TRUE(source.ok());
  auto readers = (*source)->OpenReaders({.columns = {"id"}});
  auto outcome = readers->front()->Read();
  ASSERT_FALSE(outcome.ok());
  EXPECT_THAT(outcome.status().error().message, HasSubstr("line 3"));
}

TEST_F(FileConnectorTest, InfersTypesOfCells) {
  EXPECT_THAT(Types(kData + "csv/mixed.csv"), ElementsAre("code String", "amount Float", "flag Boolean", "day Date"));
  EXPECT_THAT(Read(kData + "csv/mixed.csv").json,
              ElementsAre(R"({"code":"007","amount":1.0,"flag":true,"day":"2026-01-01"})",
                          R"({"code":"010","amount":2.5,"flag":false,"day":"2026-01-31"})",
                          R"({"code":null,"amount":null,"flag":null,"day":null})",
                          R"({"code":"x,y","amount":3.0,"flag":true,"day":"2026-02-28"})"));
}

TEST_F(FileConnectorTest, ReadsQuotedLineEndsAndDoubledQuotes) {
  Rows rows = Read(kData + "csv/quoted.csv");
  EXPECT_THAT(rows.bad, IsEmpty());
  EXPECT_THAT(rows.json, ElementsAre(R"({"id":1,"text":"two\nlines"})", R"({"id":2,"text":"say \"hi\", ok"})",
                                     R"({"id":3,"text":"plain"})", R"({"id":4,"text":"windows\r\nline"})"));
  auto preview = connector_->Peek(kData + "csv/quoted.csv", {}, {.limit = 2});
  ASSERT_TRUE(preview.ok());
  EXPECT_EQ(preview->meta.at(0).line, 2);
  EXPECT_EQ(preview->meta.at(1).line, 4);
}

TEST_F(FileConnectorTest, AQuoteThatIsNeverClosedCostsOneLine) {
  Rows rows = Read(kData + "csv/stray_quote.csv");
  EXPECT_THAT(rows.json, ElementsAre(R"({"id":1,"text":"5\" pipe"})", R"({"id":3,"text":"fine"})"));
  EXPECT_THAT(rows.bad, ElementsAre("3@18 a quote is opened and never closed"));
}

TEST_F(FileConnectorTest, ReadsOtherEncodings) {
  EXPECT_THAT(Read(kData + "csv/bom.csv").json, ElementsAre(R"({"id":1,"name":"äpfel"})"));
  EXPECT_THAT(Read(kData + "csv/utf16.csv").json, ElementsAre(R"({"id":1,"name":"äpfel"})"));
  EXPECT_THAT(Read(kData + "csv/latin1.csv").json,
              ElementsAre(R"({"id":1,"name":"café"})", R"({"id":2,"name":"plain"})"));
  auto report = connector_->Connect(kData + "csv/latin1.csv", {});
  ASSERT_TRUE(report.ok());
  EXPECT_THAT(report->assumptions, Contains(HasSubstr("Latin-1")));
  EXPECT_THAT(report->details, Contains(Pair("encoding", "latin-1")));
}

TEST_F(FileConnectorTest, InvalidBytesBehindTheSampleMakeBadRecords) {
  std::string text = "id,name\n";
  for (int i = 0; i < 40000; ++i) text += std::to_string(i) + ",plain\n";
  const std::string path = Write("late.csv", text + "40000,caf\xe9\n40001,ok\n");
  Rows rows = Read(path);
  EXPECT_THAT(rows.json, SizeIs(40001));
  ASSERT_THAT(rows.bad, SizeIs(1));
  EXPECT_THAT(rows.bad[0], HasSubstr("40002@"));
  EXPECT_THAT(rows.bad[0], HasSubstr("not UTF-8"));
}

TEST_F(FileConnectorTest, CellsThatDoNotFitBehindTheSampleMakeBadRecords) {
  std::string text = "id,v\n";
  for (int i = 0; i < 400000; ++i) text += i == 47000 ? "47000,x\n" : std::to_string(i) + ",1\n";
  Rows rows = Read(Write("late.csv", text), {}, {.columns = {"id", "v"}});
  EXPECT_EQ(rows.json.size() + rows.bad.size(), 400000u);
  ASSERT_THAT(rows.bad, SizeIs(1));
  EXPECT_THAT(rows.bad[0], HasSubstr("47002@"));
  EXPECT_THAT(rows.bad[0], HasSubstr("'x' in column 'v' is no Integer"));
}

TEST_F(FileConnectorTest, SniffsHeaderAndDelimiter) {
  EXPECT_THAT(Types(kData + "csv/no_header.csv"), ElementsAre("column_0 Integer", "column_1 Float", "column_2 String"));
  EXPECT_THAT(Types(kData + "csv/no_header.csv", {{"columns", "id, price:DOUBLE, tag"}}),
              ElementsAre("id Integer", "price Float", "tag String"));
  EXPECT_THAT(Types(kData + "csv/duplicate_names.csv"),
              ElementsAre("a Integer", "a_2 Integer", "column_2 Integer", "b Integer"));
  EXPECT_THAT(Types(kData + "csv/pipes.txt"), ElementsAre("a Integer", "b String", "c Integer"));
  EXPECT_THAT(Types(kData + "csv/values.tsv"), ElementsAre("id Integer", "name String"));
  EXPECT_THAT(Types(kData + "csv/header_only.csv"), ElementsAre("a String", "b String", "c String"));
  EXPECT_THAT(Read(kData + "csv/header_only.csv").json, IsEmpty());
}

TEST_F(FileConnectorTest, HonoursOptions) {
  EXPECT_THAT(Read(kData + "csv/commented.csv", {{"comment", "#"}}).json,
              ElementsAre(R"({"id":1,"v":10})", R"({"id":2,"v":20})"));
  EXPECT_THAT(Read(kData + "csv/title.csv", {{"skip_lines", "1"}}).json, ElementsAre(R"({"id":1,"v":10})"));
  const std::string dirty = Write("dirty.csv", "id,v\n1,NA\n2,3\n3,-\n");
  EXPECT_THAT(Types(dirty), ElementsAre("id Integer", "v String"));
  EXPECT_THAT(Read(dirty, {{"null_values", "NA,-"}}).json,
              ElementsAre(R"({"id":1,"v":null})", R"({"id":2,"v":3})", R"({"id":3,"v":null})"));
  EXPECT_THAT(Read(dirty, {{"max_records", "2"}}).json, SizeIs(2));
  EXPECT_THAT(Read(dirty, {{"header", "false"}}).json, SizeIs(4));
  const std::string escaped = Write("escaped.csv", "id,v\n1,\"a\\\"b,c\"\n");
  EXPECT_THAT(Read(escaped, {{"escape", "\\"}}).json, ElementsAre(R"({"id":1,"v":"a\"b,c"})"));
  EXPECT_THAT(Read(dirty, {{"use_mmap", "true"}}).json, SizeIs(3));
}

TEST_F(FileConnectorTest, RefusesUnknownOptionsAndValues) {
  Status status = Failure(kData + "csv/trades.csv", {{"delimeter", ";"}});
  EXPECT_EQ(status.error().code, "VALIDATION_ERROR");
  EXPECT_THAT(status.error().hint, HasSubstr("delimiter"));
  EXPECT_EQ(Failure(kData + "csv/trades.csv", {{"header", "maybe"}}).error().code, "VALIDATION_ERROR");
  EXPECT_EQ(Failure(kData + "csv/trades.csv", {{"format", "xml"}}).error().code, "UNSUPPORTED");
  EXPECT_TRUE(connector_->Connect(kData + "csv/trades.csv", {{"event.time.field", "ts"}}).ok());
}

TEST_F(FileConnectorTest, SaysWhatIsWrongWithAFile) {
  EXPECT_THAT(Failure(kData + "csv/empty.csv").error().message, HasSubstr("is empty"));
  EXPECT_THAT(Failure(kData + "csv/binary.csv").error().message, HasSubstr("binary"));
  EXPECT_THAT(Failure(kData + "csv/picture.csv").error().message, HasSubstr("PNG image"));
  EXPECT_THAT(Failure(kData + "json/scalars.json").error().message, HasSubstr("no JSON objects"));
  EXPECT_EQ(Failure(Write("a.parquet", "PAR1 nonsense")).error().code, "UNSUPPORTED");
  EXPECT_EQ(Failure(Write("b.parquet", "a,b\n1,2\n")).error().code, "UNSUPPORTED");
}

TEST_F(FileConnectorTest, MissingFilesNameNearOnes) {
  Status status = Failure("file://" + kData + "csv/trade.csv");
  EXPECT_EQ(status.error().code, "SOURCE_NOT_FOUND");
  EXPECT_THAT(status.error().details, Contains(Pair("near", kData + "csv/trades.csv")));
  EXPECT_EQ(Failure(kData + "nowhere/x.csv").error().code, "SOURCE_NOT_FOUND");
  EXPECT_EQ(Failure(kData + "csv/*.xyz").error().code, "SOURCE_NOT_FOUND");
}

TEST_F(FileConnectorTest, RefusesDevicesAndSystemFiles) {
  EXPECT_EQ(Failure("file:///dev/zero").error().code, "FORBIDDEN");
  EXPECT_EQ(Failure("file:///proc/cpuinfo").error().code, "FORBIDDEN");
  const std::string pipe = folder_ + "/pipe.csv";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(Failure(pipe).error().code, "FORBIDDEN");
  fs::create_symlink("/proc/cpuinfo", folder_ + "/link.csv");
  EXPECT_EQ(Failure(folder_ + "/link.csv").error().code, "FORBIDDEN");
}

TEST_F(FileConnectorTest, FindsFilesByGlobAndFolder) {
  Write("a.csv", "x\n1\n");
  Write("b.csv", "x\n2\n");
  Write("c.txt", "x\n3\n");
  Write("deep/er/d.csv", "x\n4\n");
  Write(".hidden.csv", "x\n5\n");
  auto names = [&](const std::string& pattern, bool recursive = false) {
    std::vector<std::string> found;
    auto files = FindFiles(folder_ + pattern, recursive);
    EXPECT_TRUE(files.ok()) << files.status().ToString();
    if (files.ok()) {
      for (const auto& file : *files) found.push_back(fs::path(file.path).filename().string());
    }
    return found;
  };
  EXPECT_THAT(names("/*.csv"), ElementsAre("a.csv", "b.csv"));
  EXPECT_THAT(names("/?.{csv,txt}"), ElementsAre("a.csv", "b.csv", "c.txt"));
  EXPECT_THAT(names("/[b-c].*"), ElementsAre("b.csv", "c.txt"));
  EXPECT_THAT(names("/**/*.csv"), ElementsAre("a.csv", "b.csv", "d.csv"));
  EXPECT_THAT(names(""), ElementsAre("a.csv", "b.csv", "c.txt"));
  EXPECT_THAT(names("", true), ElementsAre("a.csv", "b.csv", "c.txt", "d.csv"));
}

TEST_F(FileConnectorTest, JoinsTheColumnsOfAllFiles) {
  Write("1.csv", "id,v\n1,10\n");
  Write("2.csv", "v,id,w\n2.5,2,x\n");
  EXPECT_THAT(Types(folder_ + "/*.csv"), ElementsAre("id Integer", "v Float", "w String"));
  EXPECT_THAT(Read(folder_ + "/*.csv").json,
              ElementsAre(R"({"id":1,"v":10.0,"w":null})", R"({"id":2,"v":2.5,"w":"x"})"));
}

TEST_F(FileConnectorTest, ReadsJsonLinesArraysAndConcatenatedObjects) {
  EXPECT_THAT(Types(kData + "json/lines.jsonl"),
              ElementsAre("symbol String", "price Float", "qty Integer", "ts DateTime"));
  EXPECT_THAT(
      Read(kData + "json/lines.jsonl", {}, {.columns = {"qty", "price", "symbol"}}).json,
      ElementsAre(R"({"qty":5000,"price":152.34,"symbol":"AAPL"})", R"({"qty":120,"price":410.0,"symbol":"MSFT"})",
                  R"({"qty":null,"price":null,"symbol":"GOOG"})"));
  EXPECT_THAT(
      Read(kData + "json/array.json").json,
      ElementsAre(R"({"id":1,"tags":["a","b"],"at":{"city":"Oslo","pos":{"lat":59.9,"lon":10.7}}})",
                  R"({"id":2,"tags":[],"at":{"city":"Rome","pos":null}})", R"({"id":3,"tags":null,"at":null})"));
  EXPECT_THAT(Read(kData + "json/concatenated.json").json,
              ElementsAre(R"({"id":1,"v":"a}{"})", R"({"id":2,"v":"b"})", R"({"id":3,"v":"\"c\""})"));
}

TEST_F(FileConnectorTest, WidensMixedJsonTypes) {
  EXPECT_THAT(Types(kData + "json/mixed.jsonl"), ElementsAre("a Float", "b String", "c Decimal", "d Date"));
  EXPECT_THAT(Read(kData + "json/mixed.jsonl").json, ElementsAre(R"({"a":1.0,"b":"1","c":"1.500","d":"2026-02-16"})",
                                                                 R"({"a":2.5,"b":"x","c":"20.125","d":"2026-02-17"})",
                                                                 R"({"a":3.0,"b":"[1,2]","c":"-3.000","d":null})"));
}

TEST_F(FileConnectorTest, KeepsBadJsonRecords) {
  Rows rows = Read(kData + "json/bad_lines.jsonl", {{"columns", "id:INTEGER,v:INTEGER"}});
  EXPECT_THAT(rows.json, ElementsAre(R"({"id":1,"v":1})", R"({"id":6,"v":6})"));
  EXPECT_THAT(rows.bad,
              ElementsAre("2@15 it is not valid JSON", "3@29 it is no JSON object", "4@35 more text follows the object",
                          "5@59 the value of 'id' is no Integer", "6@79 it holds bytes that are not UTF-8"));
  Rows cut = Read(kData + "json/cut_off.json");
  EXPECT_THAT(cut.json, SizeIs(2));
  EXPECT_THAT(cut.bad, ElementsAre("1@19 the file ends in the middle of the record"));
}

TEST_F(FileConnectorTest, DeepJsonIsABadRecord) {
  std::string deep = "{\"id\":2,\"v\":";
  for (int i = 0; i < 500; ++i) deep += "[";
  for (int i = 0; i < 500; ++i) deep += "]";
  Rows rows = Read(Write("deep.jsonl", "{\"id\":1,\"v\":[[1]]}\n" + deep + "}\n{\"id\":3,\"v\":[]}\n"), {},
                   {.columns = {"id"}});
  EXPECT_THAT(rows.json, Contains(R"({"id":1})"));
  EXPECT_THAT(rows.json, Contains(R"({"id":3})"));
}

TEST_F(FileConnectorTest, HugeLinesAreBadRecords) {
  std::string text = "{\"id\":1}\n{\"id\":2,\"v\":\"";
  text.append((64 << 20) + 1000, 'x');
  text += "\"}\n{\"id\":3}\n";
  Rows rows = Read(Write("huge.jsonl", text), {}, {.columns = {"id"}});
  EXPECT_THAT(rows.json, ElementsAre(R"({"id":1})", R"({"id":3})"));
  ASSERT_THAT(rows.bad, SizeIs(1));
  EXPECT_THAT(rows.bad[0], HasSubstr("2@9 the record is longer than 64 MiB"));
}

TEST_F(FileConnectorTest, ReadsLargeFilesInParallelWithoutLosingRows) {
  std::string csv = "id,text,v\n", json;
  int64_t rows = 0;
  while (csv.size() < (40u << 20)) {
    csv += fmt::format("{},\"quoted, {}\nsecond line of the cell\",{}\n", rows, rows, rows % 100);
    json += fmt::format("{{\"id\":{},\"text\":\"some text {} to fill the line\",\"v\":{}}}\n", rows, rows, rows % 100);
    ++rows;
  }
  while (json.size() < (40u << 20)) json += json.substr(0, json.size() / 2 / 2 == 0 ? 0 : json.find('\n') + 1);
  for (const std::string& path : {Write("big.csv", csv), Write("big.jsonl", json)}) {
    auto source = connector_->OpenSource(path, {});
    ASSERT_TRUE(source.ok());
    auto readers = (*source)->OpenReaders({.columns = {"id"}});
    ASSERT_TRUE(readers.ok());
    EXPECT_GT(readers->size(), 1u);
    int64_t count = 0;
    std::vector<bool> seen(rows, false);
    for (auto& reader : *readers) {
      while (true) {
        auto outcome = reader->Read();
        ASSERT_TRUE(outcome.ok()) << outcome.status().ToString();
        if (outcome->state != ReadOutcome::State::kRows) break;
        const auto& ids = static_cast<const arrow::Int64Array&>(*outcome->batch.columns->column(0));
        for (int64_t i = 0; i < ids.length(); ++i) seen[ids.Value(i)] = true;
        count += ids.length();
      }
      EXPECT_EQ(reader->Progress().bad_records, 0);
    }
    EXPECT_GE(count, rows);
    EXPECT_EQ(std::count(seen.begin(), seen.end(), true), rows);
  }
}

TEST_F(FileConnectorTest, SeeksBackToAPosition) {
  std::string csv = "id\n", json;
  for (int i = 0; i < 5000; ++i) {
    csv += std::to_string(i) + "\n";
    json += "{\"id\":" + std::to_string(i) + "}\n";
  }
  for (const std::string& path : {Write("p.csv", csv), Write("p.jsonl", json)}) {
    auto source = connector_->OpenSource(path, {});
    const ReadOptions options{.columns = {"id"}, .batch_rows = 1234};
    auto first = (*source)->OpenReaders(options), second = (*source)->OpenReaders(options);
    ASSERT_TRUE(first->front()->Read().ok());
    const std::string position = first->front()->Position();
    ASSERT_TRUE(second->front()->Seek(position).ok()) << position;
    auto outcome = second->front()->Read();
    ASSERT_TRUE(outcome.ok());
    EXPECT_EQ(static_cast<const arrow::Int64Array&>(*outcome->batch.columns->column(0)).Value(0), 1234);
    EXPECT_FALSE(second->front()->Seek("nonsense").ok());
  }
}

TEST_F(FileConnectorTest, PeeksAtTheEnd) {
  std::string csv = "id\n";
  for (int i = 0; i < 900000; ++i) csv += std::to_string(i) + "\n";
  auto preview = connector_->Peek(Write("tail.csv", csv), {}, {.limit = 2, .from_end = true});
  ASSERT_TRUE(preview.ok());
  std::string row;
  AppendJsonRow(*preview->rows, 1, JsonStyle::kExact, &row);
  EXPECT_EQ(row, R"({"id":899999})");
  EXPECT_EQ(preview->meta.at(1).line, 900001);
}

/// 3 row groups of two rows; ids 0 to 5, an int32 column and a nested one.
std::shared_ptr<arrow::Table> SmallTable() {
  arrow::Int64Builder ids;
  arrow::Int32Builder small;
  arrow::StringBuilder names;
  for (int i = 0; i < 6; ++i) {
    EXPECT_TRUE(ids.Append(i).ok() && names.Append("n" + std::to_string(i)).ok());
    EXPECT_TRUE(i == 2 ? small.AppendNull().ok() : small.Append(i * 10).ok());
  }
  auto schema = arrow::schema(
      {arrow::field("id", arrow::int64()), arrow::field("small", arrow::int32()), arrow::field("name", arrow::utf8())});
  return arrow::Table::Make(schema, {*ids.Finish(), *small.Finish(), *names.Finish()});
}

TEST_F(FileConnectorTest, ReadsParquetAndSkipsRowGroups) {
  const std::string path = folder_ + "/t.parquet";
  auto output = *arrow::io::FileOutputStream::Open(path);
  ASSERT_TRUE(parquet::arrow::WriteTable(*SmallTable(), arrow::default_memory_pool(), output, 2).ok());
  ASSERT_TRUE(output->Close().ok());
  EXPECT_THAT(Types(path), ElementsAre("id Integer", "small Integer", "name String"));
  Rows rows = Read(path, {}, {.columns = {"name", "small"}});
  ASSERT_THAT(rows.json, SizeIs(6));
  EXPECT_EQ(rows.json[2], R"({"name":"n2","small":null})");
  ReadOptions options{.columns = {"id"}};
  options.predicates.push_back({"id", ColumnPredicate::Op::kGreaterEqual, arrow::MakeScalar(int64_t{4})});
  EXPECT_THAT(Read(path, {}, options).json, ElementsAre(R"({"id":4})", R"({"id":5})"));
  auto report = connector_->Describe(path, {}, 0);
  ASSERT_TRUE(report.ok());
  EXPECT_TRUE(report->exact);
  EXPECT_EQ(report->format, "parquet");
}

TEST_F(FileConnectorTest, TellsTheLowestTimesOfParquet) {
  const std::string path = folder_ + "/times.parquet";
  arrow::Int64Builder millis, micros;
  for (const int64_t each : {30, 10, 0, 0, 20, 40}) {
    EXPECT_TRUE(each == 0 ? millis.AppendNull().ok() : millis.Append(each).ok());
    EXPECT_TRUE(micros.Append(each * 1000 - 1).ok());
  }
  const auto moments = (*micros.Finish())->View(arrow::timestamp(arrow::TimeUnit::MICRO));
  const auto schema =
      arrow::schema({arrow::field("t", arrow::int64()), arrow::field("at", arrow::timestamp(arrow::TimeUnit::MICRO))});
  auto output = *arrow::io::FileOutputStream::Open(path);
  const auto table = arrow::Table::Make(schema, {*millis.Finish(), *moments});
  ASSERT_TRUE(parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), output, 2).ok());
  ASSERT_TRUE(output->Close().ok());
  const auto lowest_times = [&](const std::string& column) {
    auto source = connector_->OpenSource(path, {});
    EXPECT_TRUE(source.ok());
    auto readers = (*source)->OpenReaders({.columns = {"t"}, .batch_rows = 1, .time_column = column});
    EXPECT_TRUE(readers.ok());
    std::vector<int64_t> times{(*readers)[0]->LowestTime()};
    for (int i = 0; i < 6; ++i) {
      EXPECT_TRUE((*readers)[0]->Read().ok());
      times.push_back((*readers)[0]->LowestTime());
    }
    return times;
  };
  EXPECT_THAT(lowest_times("t"), ElementsAre(10, 10, 20, 20, 20, 20, kEndOfTime));
  EXPECT_THAT(lowest_times("at"), ElementsAre(-1, -1, -1, -1, 19, 19, kEndOfTime));
  EXPECT_THAT(lowest_times(""), ElementsAre(kBeginOfTime, kBeginOfTime, kBeginOfTime, kBeginOfTime, kBeginOfTime,
                                            kBeginOfTime, kBeginOfTime));
}

TEST_F(FileConnectorTest, ReadsArrowFiles) {
  const std::string path = folder_ + "/t.arrow";
  auto output = *arrow::io::FileOutputStream::Open(path);
  auto table = SmallTable();
  auto writer = *arrow::ipc::MakeFileWriter(output, table->schema());
  ASSERT_TRUE(writer->WriteTable(*table).ok() && writer->Close().ok() && output->Close().ok());
  EXPECT_THAT(Types(path), ElementsAre("id Integer", "small Integer", "name String"));
  EXPECT_THAT(Read(path).json, SizeIs(6));
}

TEST_F(FileConnectorTest, StartsTheNextFileWhenItsTimeIsOver) {
  Timestamp now = 1'000'000;
  SinkTarget target;
  target.uri = "file://" + folder_ + "/out.csv";
  target.columns.columns = {{"v", TypeKind::kInteger}};
  target.properties = {{"rotation", "time"}, {"rotation_interval_ms", "5s"}, {"max_records_per_file", "1"}};
  auto sink = OpenFileSink(target, [&now] { return now; });
  ASSERT_TRUE(sink.ok()) << sink.status().ToString();
  const auto write = [&](int64_t value) {
    arrow::Int64Builder values;
    ASSERT_TRUE(values.Append(value).ok());
    SinkRows rows;
    rows.columns = arrow::RecordBatch::Make(target.columns.ToArrow(), 1, arrow::ArrayVector{*values.Finish()});
    ASSERT_TRUE((*sink)->Write(rows).ok());
  };
  write(1);
  now += 4'999'000;
  write(2);
  now += 1'000;
  write(3);
  ASSERT_TRUE((*sink)->Close().ok());
  const auto text_of = [&](const std::string& name) {
    std::ifstream file(folder_ + "/" + name);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  EXPECT_EQ(text_of("out.csv"), "v\n1\n2\n");
  EXPECT_EQ(text_of("out_1.csv"), "v\n3\n");
  target.properties = {{"rotation", "time"}};
  EXPECT_EQ(OpenFileSink(target).status().error().code, "E3010");
}

TEST_F(FileConnectorTest, OutputGoesOnAtAPosition) {
  SinkTarget target;
  target.columns.columns = {{"v", TypeKind::kInteger}};
  target.writer = 1;
  const auto write = [&](Sink& sink, int64_t value) {
    arrow::Int64Builder values;
    ASSERT_TRUE(values.Append(value).ok());
    SinkRows rows;
    rows.columns = arrow::RecordBatch::Make(target.columns.ToArrow(), 1, arrow::ArrayVector{*values.Finish()});
    ASSERT_TRUE(sink.Write(rows).ok());
  };
  for (const auto& [name, wanted] : {std::pair{"a b.csv", "v\n1\n3\n"}, {"{job}.jsonl", "{\"v\":1}\n{\"v\":3}\n"}}) {
    target.uri = "file://" + folder_ + "/" + name;
    target.name = "first";
    target.position.clear();
    {
      auto sink = OpenFileSink(target);
      ASSERT_TRUE(sink.ok()) << sink.status().ToString();
      write(**sink, 1);
      target.position = *(*sink)->Position();
      write(**sink, 2);
      ASSERT_TRUE((*sink)->Flush().ok());
    }
    ASSERT_TRUE(CutFileBack(target).ok());
    target.name = "second";
    auto sink = OpenFileSink(target);
    ASSERT_TRUE(sink.ok()) << sink.status().ToString();
    write(**sink, 3);
    ASSERT_TRUE((*sink)->Close().ok());
    const std::string path = target.position.substr(target.position.find(' ') + 1);
    EXPECT_EQ(*(*sink)->Position(), fmt::format("{} {}", std::string_view(wanted).size(), path));
    std::ifstream file(path);
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), wanted);
    target.position = "1000 " + path;
    EXPECT_EQ(CutFileBack(target).error().code, "CONFLICT");
  }
  for (const char* wrong : {"", "7", "7 ", "x /a", "-1 /a", " /a"}) {
    target.position = wrong;
    EXPECT_EQ(CutFileBack(target).error().code, "STATE_DAMAGED") << wrong;
  }
  target.position.clear();
  for (const char* name : {"x.parquet", "x.csv.gz", "x.csv?max_records_per_file=2", "x.json?format=json_array"}) {
    target.uri = "file://" + folder_ + "/" + name;
    EXPECT_EQ(OpenFileSink(target).status().error().code, "UNSUPPORTED") << name;
    EXPECT_FALSE(std::filesystem::exists(folder_ + "/x.csv")) << name;
  }
}

TEST_F(FileConnectorTest, ListsFilesThatContinueAnAddress) {
  Write("orders.csv", "a\n");
  Write("orders.jsonl.gz", "");
  Write("old/x.csv", "a\n");
  Write("notes.txt", "");
  Write(".orders.csv", "a\n");
  const std::string folder = "file://" + folder_ + "/";
  EXPECT_THAT(FilesThatContinue(folder + "o", 10),
              ElementsAre(folder + "old/", folder + "orders.csv", folder + "orders.jsonl.gz"));
  EXPECT_THAT(FilesThatContinue(folder + "orders", 1), ElementsAre(folder + "orders.csv"));
  EXPECT_THAT(FilesThatContinue("file:///proc/", 10), IsEmpty());
  EXPECT_THAT(FilesThatContinue("orders", 10), IsEmpty());
}

TEST_F(FileConnectorTest, ReportsAConnection) {
  auto report = connector_->Connect(kData + "csv/trades.csv", {});
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->uri, "file://" + kData + "csv/trades.csv");
  EXPECT_EQ(report->format, "csv");
  EXPECT_THAT(report->assumptions, SizeIs(1));
  EXPECT_THAT(report->details, Contains(Pair("delimiter", ",")));
  EXPECT_THAT(report->details, Contains(Pair("header", "true")));
  EXPECT_THAT(report->details, Contains(Pair("files_matched", "1")));
}

}  // namespace
}  // namespace velo
