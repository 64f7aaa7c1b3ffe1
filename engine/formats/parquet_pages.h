#pragma once

#include <parquet/column_page.h>
#include <parquet/column_reader.h>
#include <parquet/metadata.h>

#include <memory>
#include <span>
#include <string>

#include "engine/base/status.h"
#include "engine/formats/parquet_runs.h"

namespace velo::formats {

/// Memory that is used again and again, with room for reads and writes at full width after its end. What one gives back
/// the next one gets, because the system clears fresh memory page by page.
class PageMemory {
 public:
  static constexpr size_t kSlack = 64;
  PageMemory() = default;
  ~PageMemory();
  PageMemory(const PageMemory&) = delete;
  PageMemory& operator=(const PageMemory&) = delete;

  /// At least `size` bytes; what was in it before is lost.
  uint8_t* Reserve(size_t size);
  uint8_t* data() { return bytes_.get(); }

 private:
  void GiveBack();

  std::unique_ptr<uint8_t[]> bytes_;
  size_t capacity_ = 0;
};

/// The bytes of a file that is open for reading. Thread safe.
class ParquetBytes {
 public:
  static Result<std::shared_ptr<const ParquetBytes>> Open(const std::string& path);
  ~ParquetBytes();
  ParquetBytes(const ParquetBytes&) = delete;
  ParquetBytes& operator=(const ParquetBytes&) = delete;

  const std::string& path() const { return path_; }
  Status Read(int64_t offset, int64_t size, uint8_t* out) const;

 private:
  ParquetBytes(std::string path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}
  const std::string path_;
  const int descriptor_;
};

Status DamagedParquet(const std::string& path, std::string_view reason);

/// A data page that has been unpacked.
struct DataPageContent {
  std::span<const uint8_t> values;
  bool is_coded = false;  ///< The values are codes of the dictionary: a byte with their width, and runs.
  /// One per row, 1 where there is a value; null when all rows have one.
  const uint8_t* present = nullptr;
  int64_t value_count = 0;
};

/// Reads the pages of one flat column of a row group, in order. A page is decompressed only when its content is wanted.
/// parquet-cpp reads the headers and throws at what it does not like: callers stand inside WithoutExceptions.
class ChunkPages {
 public:
  ChunkPages(std::shared_ptr<const ParquetBytes> bytes, std::shared_ptr<parquet::FileMetaData> metadata, int leaf);

  /// Whether this class understands the column in these row groups; the rest is left to parquet-cpp.
  static bool CanRead(const parquet::FileMetaData& metadata, int group, int leaf);

  /// Goes to the chunk of a row group. Nothing is read before it is wanted.
  void Start(int group);
  /// Goes to the next page. REQUIRES: there are rows left.
  Status Next();
  /// Rows of the page.
  int64_t rows() const { return rows_; }
  int64_t rows_left() const { return rows_left_; }  ///< After this page.
  /// Whether the page holds codes.
  bool is_coded() const { return is_coded_; }
  Result<const DataPageContent*> Content();

  /// Content of the dictionary page, known once the first page with codes has come; its number of values.
  std::span<const uint8_t> dictionary() const { return dictionary_; }
  int64_t dictionary_size() const { return dictionary_size_; }
  /// Counts the dictionaries that were read: another number, another dictionary.
  int64_t dictionary_number() const { return dictionary_number_; }

 private:
  Status Open();
  Status NoteDictionary(const parquet::Page& page);
  Status NoteData(const parquet::Page& page);
  Status Decompress(std::span<const uint8_t> packed, size_t size, uint8_t* out) const;
  Result<std::span<const uint8_t>> Levels(std::span<const uint8_t> bytes, bool is_v2);
  Status ReadPresence(std::span<const uint8_t> levels);
  Status Damaged(std::string_view reason) const;

  const std::shared_ptr<const ParquetBytes> bytes_;
  const std::shared_ptr<parquet::FileMetaData> metadata_;
  const int leaf_;
  const parquet::ColumnDescriptor& column_;

  int group_ = -1;
  parquet::Compression::type codec_ = parquet::Compression::UNCOMPRESSED;
  PageMemory chunk_memory_, page_memory_, dictionary_memory_, present_memory_;
  std::unique_ptr<parquet::PageReader> reader_;
  std::shared_ptr<parquet::Page> page_;
  bool is_coded_ = false;
  int64_t rows_ = 0, rows_left_ = 0;
  bool has_content_ = false;
  DataPageContent content_;
  std::span<const uint8_t> dictionary_;
  int64_t dictionary_size_ = 0;
  int64_t dictionary_number_ = 0;
};

}  // namespace velo::formats
