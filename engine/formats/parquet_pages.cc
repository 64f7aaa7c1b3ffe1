#include "engine/formats/parquet_pages.h"

#include <arrow/io/memory.h>
#include <arrow/util/compression.h>
#include <fcntl.h>
#include <parquet/properties.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <tuple>
#include <utility>
#include <vector>

#include "engine/formats/snappy_block.h"

namespace velo::formats {
namespace {

static_assert(kSnappySlack <= PageMemory::kSlack);

/// Codes and levels of all widths are read eight bytes at a time, so what they are read from may end anywhere.
bool IsCoded(parquet::Encoding::type encoding) {
  return encoding == parquet::Encoding::PLAIN_DICTIONARY || encoding == parquet::Encoding::RLE_DICTIONARY;
}

bool IsKnown(parquet::Encoding::type encoding) {
  return IsCoded(encoding) || encoding == parquet::Encoding::PLAIN || encoding == parquet::Encoding::RLE;
}

bool IsKnown(parquet::Compression::type codec) {
  switch (codec) {
    case parquet::Compression::UNCOMPRESSED:
    case parquet::Compression::SNAPPY:
    case parquet::Compression::GZIP:
    case parquet::Compression::ZSTD:
    case parquet::Compression::BROTLI:
      return true;
    default:
      return false;
  }
}

/// Memory that nobody uses now. Thread safe.
class SpareMemory {
 public:
  using Block = std::pair<std::unique_ptr<uint8_t[]>, size_t>;

  static SpareMemory& Shared() {
    static SpareMemory memory;
    return memory;
  }

  /// The smallest block of at least `size` bytes that is not much larger, else a fresh one.
  Block Take(size_t size) {
    {
      std::lock_guard lock(mutex_);
      auto best = blocks_.end();
      for (auto block = blocks_.begin(); block != blocks_.end(); ++block) {
        const bool fits = block->second >= size && block->second / 4 <= size;
        if (fits && (best == blocks_.end() || block->second < best->second)) best = block;
      }
      if (best != blocks_.end()) {
        Block taken = std::move(*best);
        blocks_.erase(best);
        bytes_ -= taken.second;
        return taken;
      }
    }
    return {std::make_unique_for_overwrite<uint8_t[]>(size), size};
  }

  void Give(std::unique_ptr<uint8_t[]> bytes, size_t size) {
    std::lock_guard lock(mutex_);
    if (bytes_ + size > kMaxBytes) return;
    bytes_ += size;
    blocks_.emplace_back(std::move(bytes), size);
  }

 private:
  static constexpr size_t kMaxBytes = 16 << 20;
  std::mutex mutex_;
  std::vector<Block> blocks_;
  size_t bytes_ = 0;
};

/// Where the pages of a chunk begin.
int64_t BeginOf(const parquet::ColumnChunkMetaData& chunk) {
  const int64_t data = chunk.data_page_offset();
  if (!chunk.has_dictionary_page()) return data;
  const int64_t dictionary = chunk.dictionary_page_offset();
  return dictionary > 0 && dictionary < data ? dictionary : data;
}

}  // namespace

PageMemory::~PageMemory() { GiveBack(); }

uint8_t* PageMemory::Reserve(size_t size) {
  if (bytes_ != nullptr && capacity_ >= size + kSlack) return bytes_.get();
  GiveBack();
  // The pages that come later are often a little larger.
  std::tie(bytes_, capacity_) = SpareMemory::Shared().Take(size + size / 8 + kSlack);
  return bytes_.get();
}

void PageMemory::GiveBack() {
  if (bytes_ != nullptr) SpareMemory::Shared().Give(std::move(bytes_), std::exchange(capacity_, 0));
}

Result<std::shared_ptr<const ParquetBytes>> ParquetBytes::Open(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    return Status::User("UNSUPPORTED", fmt::format("{} cannot be opened: {}.", path, std::strerror(errno)));
  }
  return std::shared_ptr<const ParquetBytes>(new ParquetBytes(path, descriptor));
}

ParquetBytes::~ParquetBytes() { close(descriptor_); }

Status ParquetBytes::Read(int64_t offset, int64_t size, uint8_t* out) const {
  while (size > 0) {
    const ssize_t got = pread(descriptor_, out, static_cast<size_t>(size), offset);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return DamagedParquet(path_, got < 0 ? std::strerror(errno) : "it ends too early");
    offset += got;
    out += got;
    size -= got;
  }
  return Status::OK();
}

Status DamagedParquet(const std::string& path, std::string_view reason) {
  return Status::User("UNSUPPORTED", fmt::format("{} cannot be read as Parquet: {}.", path, reason),
                      "The file may be damaged or cut off; get it again.");
}

ChunkPages::ChunkPages(std::shared_ptr<const ParquetBytes> bytes, std::shared_ptr<parquet::FileMetaData> metadata,
                       int leaf)
    : bytes_(std::move(bytes)),
      metadata_(std::move(metadata)),
      leaf_(leaf),
      column_(*metadata_->schema()->Column(leaf)) {}

bool ChunkPages::CanRead(const parquet::FileMetaData& metadata, int group, int leaf) {
  const parquet::ColumnDescriptor& column = *metadata.schema()->Column(leaf);
  if (column.max_repetition_level() > 0 || column.max_definition_level() > 1) return false;
  // What these versions wrote wrongly, parquet-cpp knows to read.
  const parquet::ApplicationVersion& writer = metadata.writer_version();
  if (writer.VersionLt(parquet::ApplicationVersion::PARQUET_816_FIXED_VERSION()) ||
      writer.VersionLt(parquet::ApplicationVersion::PARQUET_CPP_10353_FIXED_VERSION())) {
    return false;
  }
  const auto chunk = metadata.RowGroup(group)->ColumnChunk(leaf);
  const auto encodings = chunk->encodings();
  return IsKnown(chunk->compression()) && chunk->file_path().empty() && chunk->crypto_metadata() == nullptr &&
         std::all_of(encodings.begin(), encodings.end(), [](auto encoding) { return IsKnown(encoding); });
}

void ChunkPages::Start(int group) {
  group_ = group;
  reader_.reset();
  page_.reset();
  rows_ = 0;
  rows_left_ = metadata_->RowGroup(group)->num_rows();
  has_content_ = false;
  dictionary_ = {};
  dictionary_size_ = 0;
  ++dictionary_number_;  // Where there is none, an empty one.
}

Status ChunkPages::Damaged(std::string_view reason) const {
  return DamagedParquet(bytes_->path(), fmt::format("{} in column '{}', row group {}", reason, column_.name(), group_));
}

Status ChunkPages::Open() {
  const auto chunk = metadata_->RowGroup(group_)->ColumnChunk(leaf_);
  const int64_t begin = BeginOf(*chunk), size = chunk->total_compressed_size();
  if (begin < 0 || size < 0 || size > INT32_MAX) return Damaged("impossible sizes");
  uint8_t* const bytes = chunk_memory_.Reserve(static_cast<size_t>(size));
  VELO_RETURN_IF_ERROR(bytes_->Read(begin, size, bytes));
  codec_ = chunk->compression();
  // Data pages come as they are, to be decompressed when they are wanted.
  reader_ = parquet::PageReader::Open(
      std::make_shared<arrow::io::BufferReader>(std::make_shared<arrow::Buffer>(bytes, size)), chunk->num_values(),
      parquet::Compression::UNCOMPRESSED, parquet::default_reader_properties(), column_);
  if (codec_ == parquet::Compression::UNCOMPRESSED || codec_ == parquet::Compression::SNAPPY) return Status::OK();
  // The header of a dictionary page, which alone tells its size, is not shown: where the compressed bytes do not tell
  // either, parquet-cpp decompresses it.
  // Some writers do not note that there is one.
  const auto encodings = chunk->encodings();
  if (std::none_of(encodings.begin(), encodings.end(), [](auto encoding) { return IsCoded(encoding); })) {
    return Status::OK();
  }
  const auto pages =
      parquet::PageReader::Open(std::make_shared<arrow::io::BufferReader>(std::make_shared<arrow::Buffer>(bytes, size)),
                                chunk->num_values(), codec_, parquet::default_reader_properties(), column_);
  const auto first = pages->NextPage();
  if (first != nullptr && first->type() == parquet::PageType::DICTIONARY_PAGE) {
    std::memcpy(dictionary_memory_.Reserve(static_cast<size_t>(first->size())), first->data(),
                static_cast<size_t>(first->size()));
    dictionary_ = {dictionary_memory_.data(), static_cast<size_t>(first->size())};
  }
  return Status::OK();
}

Status ChunkPages::Next() {
  if (reader_ == nullptr) VELO_RETURN_IF_ERROR(Open());
  has_content_ = false;
  while (true) {
    page_ = reader_->NextPage();
    if (page_ == nullptr) return Damaged("rows are missing");
    switch (page_->type()) {
      case parquet::PageType::DICTIONARY_PAGE:
        VELO_RETURN_IF_ERROR(NoteDictionary(*page_));
        break;
      case parquet::PageType::DATA_PAGE:
      case parquet::PageType::DATA_PAGE_V2:
        VELO_RETURN_IF_ERROR(NoteData(*page_));
        if (rows_ > 0) return Status::OK();
        break;
      default:
        break;
    }
  }
}

Status ChunkPages::NoteDictionary(const parquet::Page& page) {
  const auto& dictionary = static_cast<const parquet::DictionaryPage&>(page);
  if (dictionary_size_ > 0) return Damaged("two dictionaries");
  if (dictionary.encoding() != parquet::Encoding::PLAIN && !IsCoded(dictionary.encoding())) {
    return Damaged("a dictionary of an unknown form");
  }
  if (dictionary.num_values() < 0) return Damaged("impossible sizes");
  dictionary_size_ = dictionary.num_values();
  ++dictionary_number_;
  const std::span<const uint8_t> packed{page.data(), static_cast<size_t>(page.size())};
  if (codec_ == parquet::Compression::UNCOMPRESSED) {
    dictionary_ = packed;  // They lie in the chunk's bytes, which stay.
  } else if (codec_ == parquet::Compression::SNAPPY) {
    const auto size = SnappySize(packed);
    if (!size) return Damaged("a page that cannot be decompressed");
    uint8_t* const out = dictionary_memory_.Reserve(*size);
    VELO_RETURN_IF_ERROR(Decompress(packed, *size, out));
    dictionary_ = {out, *size};
  }
  return Status::OK();
}

Status ChunkPages::NoteData(const parquet::Page& page) {
  const auto& data = static_cast<const parquet::DataPage&>(page);
  if (data.num_values() < 0 || data.num_values() > rows_left_) return Damaged("a page with too many rows");
  rows_ = data.num_values();
  rows_left_ -= rows_;
  is_coded_ = IsCoded(data.encoding());
  if (!is_coded_ && data.encoding() != parquet::Encoding::PLAIN) return Damaged("a page of an unannounced form");
  return Status::OK();
}

Status ChunkPages::Decompress(std::span<const uint8_t> packed, size_t size, uint8_t* out) const {
  if (codec_ == parquet::Compression::SNAPPY) {
    return DecompressSnappy(packed, out, size) ? Status::OK() : Damaged("a page that cannot be decompressed");
  }
  const auto codec = arrow::util::Codec::Create(codec_ == parquet::Compression::GZIP   ? arrow::Compression::GZIP
                                                : codec_ == parquet::Compression::ZSTD ? arrow::Compression::ZSTD
                                                                                       : arrow::Compression::BROTLI);
  if (!codec.ok()) return Damaged(codec.status().message());
  const auto written =
      (*codec)->Decompress(static_cast<int64_t>(packed.size()), packed.data(), static_cast<int64_t>(size), out);
  if (!written.ok() || *written != static_cast<int64_t>(size)) return Damaged("a page that cannot be decompressed");
  return Status::OK();
}

Result<const DataPageContent*> ChunkPages::Content() {
  if (has_content_) return &content_;
  const auto& data = static_cast<const parquet::DataPage&>(*page_);
  std::span<const uint8_t> bytes{page_->data(), static_cast<size_t>(page_->size())};
  const bool is_v2 = page_->type() == parquet::PageType::DATA_PAGE_V2;
  size_t plain = 0;  // Bytes at the front that are never compressed.
  bool is_packed = codec_ != parquet::Compression::UNCOMPRESSED;
  if (is_v2) {
    const auto& v2 = static_cast<const parquet::DataPageV2&>(data);
    if (v2.definition_levels_byte_length() < 0 || v2.repetition_levels_byte_length() != 0 ||
        static_cast<size_t>(v2.definition_levels_byte_length()) > bytes.size()) {
      return Damaged("impossible levels");
    }
    plain = static_cast<size_t>(v2.definition_levels_byte_length());
    is_packed &= v2.is_compressed();
  }
  if (is_packed) {
    const int64_t told = data.uncompressed_size();
    if (told < static_cast<int64_t>(plain) || told > INT32_MAX) return Damaged("impossible sizes");
    const auto size = static_cast<size_t>(told);
    const std::span<const uint8_t> packed = bytes.subspan(plain);
    if (codec_ == parquet::Compression::SNAPPY && size > plain && SnappySize(packed) != size - plain) {
      return Damaged("a page that cannot be decompressed");
    }
    uint8_t* const out = page_memory_.Reserve(size);
    std::memcpy(out, bytes.data(), plain);
    // A page without values may be without compressed bytes as well.
    if (size > plain) VELO_RETURN_IF_ERROR(Decompress(packed, size - plain, out + plain));
    bytes = {out, size};
  }
  content_ = {};
  content_.value_count = rows_;
  content_.is_coded = is_coded_;
  VELO_ASSIGN_OR_RETURN(content_.values, Levels(bytes, is_v2));
  has_content_ = true;
  return &content_;
}

// Reads the definition levels at the front of a page; returns what comes after them.
Result<std::span<const uint8_t>> ChunkPages::Levels(std::span<const uint8_t> bytes, bool is_v2) {
  if (column_.max_definition_level() == 0) {
    // Levels of version 2 that say nothing are allowed.
    if (is_v2) {
      bytes = bytes.subspan(
          static_cast<size_t>(static_cast<const parquet::DataPageV2&>(*page_).definition_levels_byte_length()));
    }
    return bytes;
  }
  size_t size = 0;
  if (is_v2) {
    size = static_cast<size_t>(static_cast<const parquet::DataPageV2&>(*page_).definition_levels_byte_length());
  } else {
    if (static_cast<const parquet::DataPageV1&>(*page_).definition_level_encoding() != parquet::Encoding::RLE) {
      return Damaged("levels of an unannounced form");
    }
    if (bytes.size() < 4) return Damaged("impossible levels");
    uint32_t told;
    std::memcpy(&told, bytes.data(), 4);
    bytes = bytes.subspan(4);
    size = told;
  }
  if (size > bytes.size()) return Damaged("impossible levels");
  VELO_RETURN_IF_ERROR(ReadPresence(bytes.first(size)));
  return bytes.subspan(size);
}

Status ChunkPages::ReadPresence(std::span<const uint8_t> levels) {
  RunReader runs(levels, 1);
  uint32_t level = 0;
  if (runs.NextAreEqual(rows_, &level) && level == 1) return Status::OK();
  runs = RunReader(levels, 1);
  uint8_t* const present = present_memory_.Reserve(static_cast<size_t>(rows_));
  constexpr int64_t kBlock = 1024;
  uint32_t block[kBlock];
  int64_t values = 0;
  for (int64_t from = 0; from < rows_; from += kBlock) {
    const int64_t count = std::min(kBlock, rows_ - from);
    if (!runs.Read(block, count)) return Damaged("impossible levels");
    for (int64_t i = 0; i < count; ++i) {
      // Runs of equal levels take a whole byte each.
      if (block[i] > 1) return Damaged("impossible levels");
      present[from + i] = static_cast<uint8_t>(block[i]);
      values += block[i];
    }
  }
  content_.value_count = values;
  if (values < rows_) content_.present = present;
  return Status::OK();
}

}  // namespace velo::formats
