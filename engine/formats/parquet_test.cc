// Our own reading of Parquet pages beside parquet-cpp's, over files of all encodings and codecs that it writes.
#include <arrow/array/concatenate.h>
#include <arrow/builder.h>
#include <arrow/io/file.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/table.h>
#include <gtest/gtest.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/writer.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "engine/formats/columnar_format.h"
#include "engine/formats/columnar_rows.h"
#include "engine/formats/parquet_runs.h"
#include "engine/formats/snappy_block.h"
#include "engine/types/cast.h"

namespace velo::formats {
namespace {

using Random = std::mt19937_64;

/// How a test file is written.
struct Shape {
  parquet::Compression::type codec = parquet::Compression::SNAPPY;
  parquet::ParquetDataPageVersion version = parquet::ParquetDataPageVersion::V1;
  bool dictionary = true;
  int64_t dictionary_bytes = 1 << 20;  ///< After which a column goes on without.
  int64_t page_bytes = 1 << 20;
  int64_t group_rows = 1 << 20;
  int64_t batch_rows = 1024;  ///< Pages end at ends of batches.
};

std::string PathOf(const std::string& name) {
  return (std::filesystem::temp_directory_path() / fmt::format("velo_parquet_{}_{}", getpid(), name)).string();
}

/// Takes away what the tests have written.
class RemoveFiles : public ::testing::Environment {
  void TearDown() override {
    for (int i = 0; i < 100; ++i) std::filesystem::remove(PathOf(fmt::format("{}.parquet", i)));
    std::filesystem::remove(PathOf("damaged.parquet"));
  }
};
const auto* const kRemoveFiles = ::testing::AddGlobalTestEnvironment(new RemoveFiles);

InputFile WriteFile(const arrow::Table& table, const Shape& shape) {
  // What is known of a file is kept by its path, size and time.
  static int written_files = 0;
  const std::string path = PathOf(fmt::format("{}.parquet", ++written_files % 100));
  auto out = *arrow::io::FileOutputStream::Open(path);
  parquet::WriterProperties::Builder properties;
  properties.compression(shape.codec)->data_page_version(shape.version)->data_pagesize(shape.page_bytes);
  properties.dictionary_pagesize_limit(shape.dictionary_bytes)->write_batch_size(shape.batch_rows);
  if (!shape.dictionary) properties.disable_dictionary();
  const auto written = parquet::arrow::WriteTable(table, arrow::default_memory_pool(), out, shape.group_rows,
                                                  properties.build(), parquet::default_arrow_writer_properties());
  EXPECT_TRUE(written.ok()) << written.message();
  EXPECT_TRUE(out->Close().ok());
  return {.path = path, .size = static_cast<int64_t>(std::filesystem::file_size(path))};
}

template <typename Builder, typename ValueOf>
std::shared_ptr<arrow::Array> Column(int64_t rows, double nulls, Random& random, ValueOf value_of,
                                     Builder builder = Builder()) {
  std::uniform_real_distribution<double> share(0, 1);
  for (int64_t i = 0; i < rows; ++i) {
    const auto status = share(random) < nulls ? builder.AppendNull() : builder.Append(value_of(i));
    EXPECT_TRUE(status.ok());
  }
  return *builder.Finish();
}

/// Columns of all kinds. `nulls`: their share. `distinct`: about how many different values.
std::shared_ptr<arrow::Table> MakeTable(int64_t rows, double nulls, uint64_t distinct, Random& random) {
  const auto any = [&](int64_t) { return static_cast<int64_t>(random() % distinct) - 3; };
  const auto text = [&](int64_t) {
    const uint64_t value = random() % distinct;
    return value == 0 ? std::string() : std::string(value % 70, 'x') + std::to_string(value);
  };
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  const auto add = [&](const std::string& name, std::shared_ptr<arrow::Array> array) {
    fields.push_back(arrow::field(name, array->type()));
    arrays.push_back(std::move(array));
  };
  using arrow::timestamp, arrow::TimeUnit;
  const auto pool = arrow::default_memory_pool();
  add("small", Column<arrow::Int32Builder>(rows, nulls, random, any));
  add("large", Column<arrow::Int64Builder>(rows, nulls, random, [&](int64_t i) { return any(i) << 33; }));
  add("real", Column<arrow::DoubleBuilder>(rows, nulls, random, [&](int64_t i) {
        return i % 97 == 5 ? std::numeric_limits<double>::quiet_NaN() : static_cast<double>(any(i)) / 4;
      }));
  add("single", Column<arrow::FloatBuilder>(rows, nulls, random, [&](int64_t i) { return any(i) / 8.0F; }));
  add("text", Column<arrow::StringBuilder>(rows, nulls, random, text));
  add("bytes", Column<arrow::BinaryBuilder>(rows, nulls, random, text));
  // Texts of one size, and now and then another one.
  add("clock", Column<arrow::StringBuilder>(rows, nulls, random, [&](int64_t i) {
        return i % 500 == 499 ? std::string(i % 41, 'y') : fmt::format("{:023}", random() % distinct);
      }));
  add("wide_text", Column<arrow::LargeStringBuilder>(rows, nulls, random, text));
  add("flag", Column<arrow::BooleanBuilder>(rows, nulls, random, [&](int64_t i) { return any(i) % 2 == 0; }));
  add("tiny", Column<arrow::Int8Builder>(rows, nulls, random, [&](int64_t i) { return any(i) % 100; }));
  add("natural", Column<arrow::UInt32Builder>(rows, nulls, random, [&](int64_t) { return random() % distinct; }));
  add("day", Column<arrow::Date32Builder>(rows, nulls, random, any));
  for (const auto unit : {TimeUnit::SECOND, TimeUnit::MILLI, TimeUnit::MICRO, TimeUnit::NANO}) {
    add(fmt::format("at_{}", static_cast<int>(unit)),
        Column(
            rows, nulls, random, [&](int64_t i) { return any(i) * 1'000'000; },
            arrow::TimestampBuilder(timestamp(unit), pool)));
  }
  add("time", Column(
                  rows, nulls, random, [&](int64_t) { return random() % distinct % 86'400'000; },
                  arrow::Time64Builder(arrow::time64(TimeUnit::MICRO), pool)));
  add("money", Column(
                   rows, nulls, random, [&](int64_t i) { return arrow::Decimal128(any(i)); },
                   arrow::Decimal128Builder(arrow::decimal128(18, 2), pool)));
  arrow::ListBuilder lists(pool, std::make_shared<arrow::Int64Builder>());
  for (int64_t i = 0; i < rows; ++i) {
    EXPECT_TRUE(lists.Append().ok());
    for (int64_t k = i % 3; k > 0; --k)
      EXPECT_TRUE(static_cast<arrow::Int64Builder*>(lists.value_builder())->Append(i).ok());
  }
  add("list", *lists.Finish());
  return arrow::Table::Make(arrow::schema(fields), arrays, rows);
}

/// All rows of a column, as plain values.
std::shared_ptr<arrow::Array> Plain(const arrow::ArrayVector& parts, const SqlType& type) {
  arrow::ArrayVector plain;
  for (const auto& part : parts) {
    plain.push_back(part->type_id() == arrow::Type::DICTIONARY
                        ? *CastValues(*part, *SqlType::FromArrow(*part->type()), type, false)
                        : part);
  }
  if (plain.empty()) return *arrow::MakeEmptyArray(type.ToArrow());
  return *arrow::Concatenate(plain);
}

struct Read {
  Status status;
  arrow::ArrayVector columns;
  int64_t left_out = 0;
};

Read ReadAll(RecordReader& reader, const PieceOptions& options, int64_t max_rows) {
  Read read;
  std::vector<arrow::ArrayVector> parts(options.columns.columns.size());
  while (true) {
    const Result<DecodedRows> decoded = reader.Read(max_rows);
    read.status = decoded.status();
    if (!decoded.ok()) return read;
    if (decoded->rows == nullptr) break;
    EXPECT_TRUE(decoded->rows->ValidateFull().ok()) << decoded->rows->ValidateFull().message();
    EXPECT_LE(decoded->rows->num_rows(), max_rows);
    read.left_out += decoded->left_out;
    for (size_t c = 0; c < parts.size(); ++c) {
      if (decoded->rows->num_rows() > 0) parts[c].push_back(decoded->rows->column(static_cast<int>(c)));
    }
  }
  for (size_t c = 0; c < parts.size(); ++c) {
    read.columns.push_back(Plain(parts[c], options.columns.columns[c].type));
  }
  return read;
}

/// What parquet-cpp reads, brought into the types of the dialect.
Read ReadByArrow(const InputFile& file, const PieceOptions& options) {
  auto reader = *parquet::arrow::OpenFile(*arrow::io::ReadableFile::Open(file.path), arrow::default_memory_pool());
  std::shared_ptr<arrow::RecordBatchReader> rows = *reader->GetRecordBatchReader();
  const auto columnar = MakeColumnarReader({.path = file.path, .what = "Parquet", .options = options, .rows = rows});
  return ReadAll(*columnar, options, 1 << 20);
}

void ExpectSame(const Read& ours, const Read& theirs, const Schema& schema, const std::string& what) {
  ASSERT_TRUE(ours.status.ok()) << what << ": " << ours.status.error().message;
  ASSERT_TRUE(theirs.status.ok()) << theirs.status.error().message;
  for (size_t c = 0; c < schema.columns.size(); ++c) {
    EXPECT_TRUE(ours.columns[c]->Equals(*theirs.columns[c], arrow::EqualOptions().nans_equal(true)))
        << what << ", column " << schema.columns[c].name << "\n"
        << ours.columns[c]->Slice(0, 20)->ToString() << "\n"
        << theirs.columns[c]->Slice(0, 20)->ToString();
  }
}

PieceOptions EverythingOf(const Format& format, const InputFile& file, bool as_codes) {
  const auto inferred = format.Infer(file);
  EXPECT_TRUE(inferred.ok());
  PieceOptions options;
  options.columns = inferred->schema;
  if (as_codes) options.dictionary_columns = {"text", "wide_text", "bytes"};
  return options;
}

std::vector<Shape> AllShapes() {
  std::vector<Shape> shapes;
  for (const auto codec : {parquet::Compression::UNCOMPRESSED, parquet::Compression::SNAPPY, parquet::Compression::GZIP,
                           parquet::Compression::ZSTD, parquet::Compression::BROTLI, parquet::Compression::LZ4}) {
    for (const auto version : {parquet::ParquetDataPageVersion::V1, parquet::ParquetDataPageVersion::V2}) {
      for (const bool dictionary : {true, false}) shapes.push_back({codec, version, dictionary});
    }
  }
  // A dictionary that is given up, small pages, and both with small row groups.
  shapes.push_back({.dictionary_bytes = 500, .page_bytes = 4000});
  shapes.push_back({.page_bytes = 100, .batch_rows = 7});
  shapes.push_back({.dictionary_bytes = 300, .page_bytes = 100, .group_rows = 333, .batch_rows = 10});
  shapes.push_back(
      {.version = parquet::ParquetDataPageVersion::V2, .page_bytes = 900, .group_rows = 1000, .batch_rows = 64});
  return shapes;
}

TEST(Parquet, ReadsWhatArrowReads) {
  Random random(7);
  const auto format = MakeParquetFormat();
  for (const Shape& shape : AllShapes()) {
    for (const double nulls : {0.0, 0.3, 1.0}) {
      const uint64_t distinct = random() % 2 == 0 ? 40 : 100'000;
      const auto full = MakeTable(random() % 1200, nulls, distinct, random);
      // The last columns are parquet-cpp's, and are read beside ours; or there are only ours.
      const auto table = random() % 2 == 0 ? full : *full->SelectColumns({0, 1, 2, 3, 4, 5, 6, 7, 11, 12, 13, 14});
      const InputFile file = WriteFile(*table, shape);
      for (const bool as_codes : {false, true}) {
        PieceOptions options = EverythingOf(*format, file, as_codes);
        const auto theirs = ReadByArrow(file, options);
        for (const int64_t max_rows : {INT64_C(32768), INT64_C(7)}) {
          const auto reader = format->OpenPiece({file}, options);
          ASSERT_TRUE(reader.ok());
          ExpectSame(ReadAll(**reader, options, max_rows), theirs, options.columns,
                     fmt::format("codec {}, version {}, dictionary {}, nulls {}, distinct {}, rows {}, at once {}",
                                 static_cast<int>(shape.codec), static_cast<int>(shape.version), shape.dictionary,
                                 nulls, distinct, table->num_rows(), max_rows));
        }
        if (HasFailure()) return;
      }
    }
  }
}

TEST(Parquet, GoesOnWhereAnotherReaderStopped) {
  Random random(3);
  const auto format = MakeParquetFormat();
  const InputFile file =
      WriteFile(*MakeTable(2000, 0.2, 50, random), {.page_bytes = 700, .group_rows = 600, .batch_rows = 50});
  PieceOptions options = EverythingOf(*format, file, true);
  const auto all = ReadByArrow(file, options);
  for (const int64_t from : {0, 1, 599, 600, 601, 1250, 1999, 2000}) {
    const auto reader = *format->OpenPiece({file}, options);
    ASSERT_TRUE(reader->Seek({.records = from}).ok());
    EXPECT_EQ(reader->position().records, from);
    const Read rest = ReadAll(*reader, options, 111);
    ASSERT_TRUE(rest.status.ok());
    for (size_t c = 0; c < rest.columns.size(); ++c) {
      EXPECT_TRUE(rest.columns[c]->Equals(*all.columns[c]->Slice(from), arrow::EqualOptions().nans_equal(true)))
          << from;
    }
    EXPECT_EQ(reader->position().records, 2000);
  }
}

/// The rows that fulfil all conditions, by the values themselves.
std::vector<int64_t> Matching(const Read& all, const Schema& schema, const std::vector<ColumnPredicate>& conditions) {
  std::vector<int64_t> rows;
  for (int64_t row = 0; row < all.columns[0]->length(); ++row) {
    bool matches = true;
    for (const ColumnPredicate& condition : conditions) {
      const auto value = *all.columns[static_cast<size_t>(schema.Find(condition.column))]->GetScalar(row);
      const auto test = [&](const auto& a, const auto& b) {
        switch (condition.op) {
          case ColumnPredicate::Op::kEqual:
            return a == b;
          case ColumnPredicate::Op::kLess:
            return a < b;
          case ColumnPredicate::Op::kLessEqual:
            return a <= b;
          case ColumnPredicate::Op::kGreater:
            return a > b;
          case ColumnPredicate::Op::kGreaterEqual:
            return a >= b;
        }
        return false;
      };
      const auto compare = [&]<typename Scalar>(Scalar) {
        return test(static_cast<const Scalar&>(*value).value, static_cast<const Scalar&>(*condition.value).value);
      };
      if (!value->is_valid) {
        matches = false;
      } else if (value->type->id() == arrow::Type::STRING) {
        matches &= test(static_cast<const arrow::StringScalar&>(*value).view(),
                        static_cast<const arrow::StringScalar&>(*condition.value).view());
      } else if (value->type->id() == arrow::Type::DOUBLE) {
        matches &= compare(arrow::DoubleScalar());
      } else {
        matches &= compare(arrow::Int64Scalar());
      }
    }
    if (matches) rows.push_back(row);
  }
  return rows;
}

std::vector<ColumnPredicate> RandomConditions(Random& random, int64_t distinct) {
  std::vector<ColumnPredicate> conditions;
  const char* const names[] = {"small", "large", "real", "single", "text"};
  for (uint64_t count = 1 + random() % 3; count > 0; --count) {
    const std::string name = names[random() % 5];
    const auto value = static_cast<int64_t>(random() % static_cast<uint64_t>(distinct));
    std::shared_ptr<arrow::Scalar> scalar = arrow::MakeScalar(value);
    if (name == "large") scalar = arrow::MakeScalar(value << 33);
    if (name == "real") scalar = arrow::MakeScalar(static_cast<double>(value) / 4);
    if (name == "single") scalar = arrow::MakeScalar(static_cast<double>(value) / 8);
    if (name == "text") scalar = arrow::MakeScalar(std::string(static_cast<size_t>(value % 5), 'x'));
    conditions.push_back({name, static_cast<ColumnPredicate::Op>(random() % 5), scalar});
  }
  return conditions;
}

TEST(Parquet, LeavesOutWhatFailsAndCountsIt) {
  Random random(11);
  const auto format = MakeParquetFormat();
  const auto shapes = AllShapes();
  for (int round = 0; round < 80; ++round) {
    const int64_t distinct = random() % 2 == 0 ? 12 : 5000;
    const auto full = MakeTable(random() % 3000, random() % 2 == 0 ? 0 : 0.2, static_cast<uint64_t>(distinct), random);
    // Lists, and all that parquet-cpp has to read, would have every row read.
    const auto table = *full->SelectColumns({0, 1, 2, 3, 4, 5, 6, 11});
    Shape shape = shapes[random() % shapes.size()];
    if (shape.codec == parquet::Compression::LZ4) shape.codec = parquet::Compression::SNAPPY;
    const InputFile file = WriteFile(*table, shape);
    PieceOptions options = EverythingOf(*format, file, random() % 2 == 0);
    const auto all = ReadByArrow(file, options);
    options.predicates = RandomConditions(random, distinct);
    const std::vector<int64_t> rows = Matching(all, options.columns, options.predicates);
    options.leaves_out_rows = true;
    // Row groups that cannot match are not even counted.
    int64_t given = 0, left_out = 0;
    std::vector<arrow::ArrayVector> parts(options.columns.columns.size());
    const int64_t max_rows = random() % 2 == 0 ? 32768 : 1 + static_cast<int64_t>(random() % 20);
    auto reader = *format->OpenPiece({file}, options);
    while (true) {
      const auto decoded = reader->Read(max_rows);
      ASSERT_TRUE(decoded.ok()) << decoded.status().error().message;
      if (decoded->rows == nullptr) break;
      given += decoded->rows->num_rows();
      left_out += decoded->left_out;
      ASSERT_EQ(reader->position().records, given + left_out);
      for (size_t c = 0; c < parts.size() && decoded->rows->num_rows() > 0; ++c) {
        parts[c].push_back(decoded->rows->column(static_cast<int>(c)));
      }
      if (random() % 10 == 0) {
        // Another one goes on from here.
        auto other = *format->OpenPiece({file}, options);
        ASSERT_TRUE(other->Seek(reader->position()).ok());
        reader = std::move(other);
      }
    }
    ASSERT_LE(given + left_out, table->num_rows());
    ASSERT_EQ(given, static_cast<int64_t>(rows.size())) << "round " << round;
    for (size_t c = 0; c < parts.size(); ++c) {
      const auto ours = Plain(parts[c], options.columns.columns[c].type);
      for (size_t i = 0; i < rows.size(); ++i) {
        const auto at = static_cast<int64_t>(i);
        ASSERT_TRUE(ours->RangeEquals(*all.columns[c], at, at + 1, rows[i], arrow::EqualOptions().nans_equal(true)))
            << "round " << round << ", column " << options.columns.columns[c].name << ", row " << rows[i];
      }
    }
  }
}

TEST(Parquet, DamagedPagesAreRefusedOrReadAsSomething) {
  Random random(5);
  const auto format = MakeParquetFormat();
  int refused = 0;
  for (int round = 0; round < 300; ++round) {
    const Shape shape = AllShapes()[random() % AllShapes().size()];
    const auto full = MakeTable(1 + random() % 300, random() % 2 == 0 ? 0 : 0.3, random() % 2 == 0 ? 12 : 5000, random);
    const auto table = *full->SelectColumns({0, 1, 2, 3, 4, 5, 6, 7, 11});
    const InputFile file = WriteFile(*table, shape);
    PieceOptions options = EverythingOf(*format, file, random() % 2 == 0);
    if (random() % 2 == 0) {
      options.predicates = RandomConditions(random, 12);
      options.leaves_out_rows = true;
    }
    std::string bytes;
    {
      std::ifstream in(file.path, std::ios::binary);
      bytes.assign(std::istreambuf_iterator<char>(in), {});
    }
    uint32_t footer = 0;
    std::memcpy(&footer, bytes.data() + bytes.size() - 8, 4);
    const size_t pages = bytes.size() - 8 - footer;
    for (uint64_t damage = 1 + random() % 4; damage > 0; --damage) {
      bytes[4 + random() % (pages - 4)] = static_cast<char>(random() % 3 == 0 ? 0xff : random());
    }
    InputFile damaged = file;
    damaged.path = PathOf("damaged.parquet");
    std::ofstream(damaged.path, std::ios::binary) << bytes;
    const auto fresh = MakeParquetFormat();
    const auto reader = fresh->OpenPiece({damaged}, options);
    if (!reader.ok()) continue;
    while (true) {
      const auto decoded = (*reader)->Read(32768);
      if (!decoded.ok()) ++refused;
      if (!decoded.ok() || decoded->rows == nullptr) break;
      EXPECT_TRUE(decoded->rows->Validate().ok());
    }
  }
  EXPECT_GT(refused, 30);
}

/// Codes of a width, packed and in runs.
TEST(ParquetRuns, ReadsAllWidths) {
  Random random(1);
  for (int width = 0; width <= RunReader::kMaxWidth; ++width) {
    std::vector<uint32_t> values;
    std::vector<uint8_t> bytes;
    const auto put = [&](uint64_t value) {
      for (; value >= 0x80; value >>= 7) bytes.push_back(static_cast<uint8_t>(value | 0x80));
      bytes.push_back(static_cast<uint8_t>(value));
    };
    const uint64_t mask = (uint64_t{1} << width) - 1;
    for (int run = 0; run < 12; ++run) {
      if (random() % 2 == 0) {
        const uint64_t count = random() % 40, value = random() & mask;
        put(count << 1);
        for (int byte = 0; byte < (width + 7) / 8; ++byte) bytes.push_back(static_cast<uint8_t>(value >> (8 * byte)));
        values.insert(values.end(), count, static_cast<uint32_t>(value));
        continue;
      }
      const uint64_t groups = random() % 9;
      put(groups << 1 | 1);
      std::vector<bool> bits;
      for (uint64_t i = 0; i < groups * 8; ++i) {
        values.push_back(static_cast<uint32_t>(random() & mask));
        for (int bit = 0; bit < width; ++bit) bits.push_back((values.back() >> bit & 1) != 0);
      }
      const size_t begin = bytes.size();
      bytes.resize(begin + bits.size() / 8);
      for (size_t bit = 0; bit < bits.size(); ++bit) {
        bytes[begin + bit / 8] |= static_cast<uint8_t>(static_cast<int>(bits[bit]) << (bit % 8));
      }
    }
    // In portions, with gaps.
    RunReader reader(bytes, width);
    for (size_t at = 0; at < values.size();) {
      const size_t count = std::min<size_t>(values.size() - at, random() % 20);
      std::vector<uint32_t> read(count);
      if (random() % 3 == 0) {
        ASSERT_TRUE(reader.Skip(static_cast<int64_t>(count)));
      } else if (random() % 2 == 0) {
        ASSERT_TRUE(reader.Read(read.data(), static_cast<int64_t>(count)));
        ASSERT_TRUE(std::equal(read.begin(), read.end(), values.begin() + static_cast<int64_t>(at))) << width;
      } else if (count > 0) {
        std::vector<uint32_t> places;
        for (size_t i = 0; i < count; ++i) {
          if (random() % 2 == 0 || i + 1 == count) places.push_back(static_cast<uint32_t>(i));
        }
        ASSERT_TRUE(reader.Gather(places, read.data()));
        for (size_t i = 0; i < places.size(); ++i) ASSERT_EQ(read[i], values[at + places[i]]) << width;
      }
      at += count;
    }
    uint32_t beyond = 0;
    EXPECT_FALSE(RunReader(reader).Read(&beyond, 1));
    EXPECT_FALSE(reader.Skip(1));
  }
}

TEST(SnappyBlock, ReadsEveryElement) {
  const auto unpack = [](std::vector<uint8_t> block, size_t size) -> std::string {
    std::vector<uint8_t> out(size + kSnappySlack);
    if (!DecompressSnappy(block, out.data(), size)) return "damaged";
    return {out.begin(), out.begin() + static_cast<int64_t>(size)};
  };
  EXPECT_EQ(unpack({0}, 0), "");
  EXPECT_EQ(unpack({3, 2 << 2, 'a', 'b', 'c'}, 3), "abc");
  // Copies with one, two and four bytes of distance; one that repeats itself.
  EXPECT_EQ(unpack({8, 3 << 2, 'a', 'b', 'c', 'd', 1, 4}, 8), "abcdabcd");
  EXPECT_EQ(unpack({6, 1 << 2, 'a', 'b', (3 << 2) | 2, 2, 0}, 6), "ababab");
  EXPECT_EQ(unpack({6, 1 << 2, 'a', 'b', (3 << 2) | 3, 1, 0, 0, 0}, 6), "abbbbb");
  // Too far back, too long, too short, cut off.
  EXPECT_EQ(unpack({6, 1 << 2, 'a', 'b', (3 << 2) | 2, 3, 0}, 6), "damaged");
  EXPECT_EQ(unpack({6, 1 << 2, 'a', 'b', (3 << 2) | 2, 0, 0}, 6), "damaged");
  EXPECT_EQ(unpack({5, 1 << 2, 'a', 'b', (3 << 2) | 2, 2, 0}, 5), "damaged");
  EXPECT_EQ(unpack({7, 1 << 2, 'a', 'b', (3 << 2) | 2, 2, 0}, 7), "damaged");
  EXPECT_EQ(unpack({6, 1 << 2, 'a', 'b', (3 << 2) | 2, 2}, 6), "damaged");
  EXPECT_EQ(unpack({3, 60 << 2}, 3), "damaged");
  EXPECT_FALSE(SnappySize(std::vector<uint8_t>{0xff, 0xff, 0xff, 0xff, 0x0f}).has_value());
  EXPECT_FALSE(SnappySize(std::vector<uint8_t>{0x80}).has_value());
  EXPECT_FALSE(SnappySize(std::vector<uint8_t>{}).has_value());
}

/// A block of random elements of all kinds and sizes, and what it comes to.
std::pair<std::vector<uint8_t>, std::string> RandomSnappyBlock(std::mt19937* random, int elements) {
  std::vector<uint8_t> block;
  std::string content;
  const auto number = [&](size_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) block.push_back(static_cast<uint8_t>(value >> (8 * i)));
  };
  const auto below = [&](size_t limit) { return static_cast<size_t>((*random)()) % limit; };
  for (int i = 0; i < elements; ++i) {
    const size_t kind = content.empty() ? 0 : below(4);
    if (kind == 0) {
      const size_t length = 1 + below(below(3) == 0 ? 400 : below(2) == 0 ? 20 : 4);
      if (length <= 60) {
        number((length - 1) << 2, 1);
      } else {
        const int follow = length <= 256 ? 1 : 2;
        number(static_cast<size_t>(59 + follow) << 2, 1);
        number(length - 1, follow);
      }
      for (size_t at = 0; at < length; ++at) {
        content.push_back(static_cast<char>((*random)()));
        block.push_back(static_cast<uint8_t>(content.back()));
      }
      continue;
    }
    const size_t length = kind == 1 ? 4 + below(8) : 1 + below(64);
    const size_t distance = 1 + below(std::min<size_t>(content.size(), below(2) == 0 ? 20 : kind == 1 ? 2047 : 65535));
    if (kind == 1) {
      number(1 | (length - 4) << 2 | (distance >> 8) << 5, 1);
      number(distance, 1);
    } else {
      number(kind | (length - 1) << 2, 1);
      number(distance, kind == 2 ? 2 : 4);
    }
    for (size_t at = 0; at < length; ++at) content.push_back(content[content.size() - distance]);
  }
  std::vector<uint8_t> size;
  size_t left = content.size();
  for (; left >= 0x80; left >>= 7) size.push_back(static_cast<uint8_t>(left | 0x80));
  size.push_back(static_cast<uint8_t>(left));
  block.insert(block.begin(), size.begin(), size.end());
  return {block, content};
}

TEST(SnappyBlock, ReadsLongBlocksAndSurvivesDamage) {
  std::mt19937 random(11);
  for (int round = 0; round < 400; ++round) {
    auto [block, content] = RandomSnappyBlock(&random, 1 + round);
    std::vector<uint8_t> out(content.size() + kSnappySlack);
    for (const auto decompress : {DecompressSnappy, DecompressSnappyAnywhere}) {
      std::fill(out.begin(), out.end(), uint8_t{0});
      ASSERT_TRUE(decompress(block, out.data(), content.size())) << round;
      ASSERT_EQ(std::string(out.begin(), out.begin() + static_cast<int64_t>(content.size())), content) << round;
      // Cut off it has too little; with other bytes it may still be a block. Sanitizers see to what is touched.
      ASSERT_FALSE(decompress(std::span(block).first(block.size() - 1), out.data(), content.size())) << round;
      std::vector<uint8_t> damaged = block;
      for (int change = 0; change < 20; ++change) {
        damaged[random() % damaged.size()] = static_cast<uint8_t>(random());
        decompress(damaged, out.data(), content.size());
      }
    }
  }
}

}  // namespace
}  // namespace velo::formats
