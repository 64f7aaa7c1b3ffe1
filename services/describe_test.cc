#include "services/describe.h"

#include <gtest/gtest.h>

namespace velo::services {
namespace {

enum class Mode : uint8_t { kAuto, kFileMmap };
BOOST_DESCRIBE_ENUM(Mode, kAuto, kFileMmap)

struct Inner {
  int64_t size = 3;
};
BOOST_DESCRIBE_STRUCT(Inner, (), (size))

struct Sample {
  std::string sql;
  Mode mode = Mode::kAuto;
  int64_t limit = 10;
  std::optional<bool> from_end;
  Inner inner;
  std::vector<std::string> names;
  std::vector<std::pair<std::string, std::string>> options;
  bool default_ = true;

  static std::vector<FieldRule> Rules() {
    return {{"sql", "the text", true, {}, {}, {}, {"query"}}, {"limit", "", false, 1, 1000}};
  }
};
BOOST_DESCRIBE_STRUCT(Sample, (), (sql, mode, limit, from_end, inner, names, options, default_))

Status Read(const char* text, Sample* out, bool textual = false) {
  return FromJson(Json::parse(text), ReadContext{"", textual}, out);
}

std::string Detail(const Status& status, const std::string& key) {
  for (const auto& [name, value] : status.error().details) {
    if (name == key) return value;
  }
  return "";
}

TEST(Describe, ReadsEveryKindOfField) {
  Sample sample;
  Status status = Read(R"({"sql":"SELECT 1","mode":"file_mmap","limit":5,"from_end":true,"inner":{"size":9},
                           "names":["a","b"],"options":{"header":"true","skip":2},"default":false})",
                       &sample);
  ASSERT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(sample.mode, Mode::kFileMmap);
  EXPECT_EQ(sample.limit, 5);
  EXPECT_EQ(sample.from_end, true);
  EXPECT_EQ(sample.inner.size, 9);
  EXPECT_EQ(sample.names, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(sample.options[1].second, "2");
  EXPECT_FALSE(sample.default_);
}

TEST(Describe, AbsentAndNullMeanTheDefault) {
  Sample sample;
  ASSERT_TRUE(Read(R"({"sql":"x","limit":null,"from_end":null})", &sample).ok());
  EXPECT_EQ(sample.limit, 10);
  EXPECT_FALSE(sample.from_end.has_value());
}

TEST(Describe, NamesTheClosestFieldForAnUnknownOne) {
  Sample sample;
  Status status = Read(R"({"sql":"x","limt":5})", &sample);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, "VALIDATION_ERROR");
  EXPECT_EQ(Detail(status, "unknown_fields"), "limt");
  EXPECT_EQ(Detail(status, "closest"), "limit");
  EXPECT_EQ(Detail(Read(R"({"sql":"x","inner":{"sise":1}})", &sample), "unknown_fields"), "inner.sise");
}

TEST(Describe, RefusesMissingWrongAndOutOfRange) {
  Sample sample;
  EXPECT_EQ(Detail(Read("{}", &sample), "field"), "sql");
  EXPECT_EQ(Detail(Read(R"({"sql":7})", &sample), "field"), "sql");
  EXPECT_EQ(Detail(Read(R"({"sql":""})", &sample), "field"), "sql");
  EXPECT_EQ(Detail(Read(R"({"sql":"x","limit":0})", &sample), "field"), "limit");
  EXPECT_EQ(Detail(Read(R"({"sql":"x","limit":18446744073709551615})", &sample), "field"), "limit");
  EXPECT_EQ(Detail(Read(R"({"sql":"x","limit":"5"})", &sample), "field"), "limit");
  EXPECT_EQ(Detail(Read(R"({"sql":"x","mode":"kAuto"})", &sample), "field"), "mode");
  EXPECT_FALSE(Read("[]", &sample).ok());
}

TEST(Describe, ReadsNumbersOfAnAddressAsText) {
  Sample sample;
  ASSERT_TRUE(Read(R"({"query":"x","limit":"25","from_end":"false","default":""})", &sample, true).ok());
  EXPECT_EQ(sample.limit, 25);
  EXPECT_EQ(sample.from_end, false);
  EXPECT_TRUE(sample.default_);
  EXPECT_FALSE(Read(R"({"sql":"x","limit":"25x"})", &sample, true).ok());
}

TEST(Describe, WritesFieldsInOrder) {
  Sample sample;
  sample.sql = "x";
  EXPECT_EQ(ToJson(sample).dump(), R"({"sql":"x","mode":"auto","limit":10,"from_end":null,"inner":{"size":3},)"
                                   R"("names":[],"options":{},"default":true})");
}

TEST(Describe, SchemaTellsRequiredFieldsBoundsAndDefaults) {
  Json schema = SchemaOf<Sample>(true);
  EXPECT_EQ(schema["required"].dump(), R"(["sql"])");
  EXPECT_EQ(schema["additionalProperties"], false);
  EXPECT_EQ(schema["properties"]["limit"].dump(), R"({"type":"integer","minimum":1,"maximum":1000,"default":10})");
  EXPECT_EQ(schema["properties"]["mode"]["enum"].dump(), R"(["auto","file_mmap"])");
}

}  // namespace
}  // namespace velo::services
