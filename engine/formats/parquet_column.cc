#include "engine/formats/parquet_column.h"

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/type.h>
#include <parquet/schema.h>

#include <algorithm>
#include <cstring>

#include "engine/formats/parquet_values.h"
#include "engine/types/arrow_status.h"

namespace velo::formats {
namespace {

/// Codes that are worked on together: they stay in the first cache.
constexpr int64_t kBlock = 1024;
constexpr size_t kWide = 32;  ///< Short texts are copied so many bytes at once.

}  // namespace

ParquetColumn::ParquetColumn(std::shared_ptr<const ParquetBytes> bytes, std::shared_ptr<parquet::FileMetaData> metadata,
                             ColumnPlan plan)
    : file_(bytes),
      plan_(std::move(plan)),
      name_(metadata->schema()->Column(plan_.leaf)->name()),
      pages_(std::move(bytes), std::move(metadata), plan_.leaf) {}

std::optional<ColumnPlan> ParquetColumn::PlanFor(const parquet::ColumnDescriptor& column, const arrow::DataType& type,
                                                 const SqlType& wanted) {
  ColumnPlan plan;
  switch (column.physical_type()) {
    case parquet::Type::INT32:
      if (type.id() == arrow::Type::INT32 && wanted.kind() == TypeKind::kInteger) {
        plan.form = ValueForm::kInt32Wider;
        plan.type = arrow::int64();
        return plan;
      }
      if (type.id() != arrow::Type::DATE32) return std::nullopt;
      plan.form = ValueForm::kInt32;
      plan.type = arrow::date32();
      return plan;
    case parquet::Type::INT64:
      if (type.id() != arrow::Type::INT64 && type.id() != arrow::Type::TIMESTAMP) return std::nullopt;
      plan.form = ValueForm::kInt64;
      plan.type = type.id() == arrow::Type::INT64
                      ? arrow::int64()
                      : arrow::timestamp(static_cast<const arrow::TimestampType&>(type).unit(),
                                         static_cast<const arrow::TimestampType&>(type).timezone());
      return plan;
    case parquet::Type::FLOAT:
      if (type.id() != arrow::Type::FLOAT || wanted.kind() != TypeKind::kFloat) return std::nullopt;
      plan.form = ValueForm::kFloatWider;
      plan.type = arrow::float64();
      return plan;
    case parquet::Type::DOUBLE:
      if (type.id() != arrow::Type::DOUBLE) return std::nullopt;
      plan.form = ValueForm::kDouble;
      plan.type = arrow::float64();
      return plan;
    case parquet::Type::BYTE_ARRAY:
      plan.form = ValueForm::kBytes;
      if (type.id() == arrow::Type::STRING || type.id() == arrow::Type::LARGE_STRING) {
        plan.type = arrow::utf8();
      } else if (type.id() == arrow::Type::BINARY) {
        plan.type = arrow::binary();
      } else {
        return std::nullopt;
      }
      return plan;
    default:
      return std::nullopt;
  }
}

Status ParquetColumn::Damaged(std::string_view reason) const {
  return DamagedParquet(file_->path(), fmt::format("{} in column '{}'", reason, name_));
}

void ParquetColumn::Start(int group) {
  pages_.Start(group);
  page_begin_ = 0;
  has_page_ = false;
  read_ = test_ = {};
}

Status ParquetColumn::NextPage() {
  if (has_page_) page_begin_ += pages_.rows();
  read_ = test_ = {};
  has_page_ = false;
  VELO_RETURN_IF_ERROR(pages_.Next());
  has_page_ = true;
  return Status::OK();
}

// Goes on to the page of a row.
Status ParquetColumn::GoTo(int64_t row) {
  while (!has_page_ || row >= page_begin_ + pages_.rows()) VELO_RETURN_IF_ERROR(NextPage());
  return Status::OK();
}

// Moves a cursor on to a row of the page.
Status ParquetColumn::MoveTo(int64_t row, const DataPageContent& page, Cursor* cursor) {
  int64_t values = row - cursor->row;
  if (page.present != nullptr) {
    const uint8_t* const from = page.present + cursor->row;
    values = std::count(from, from + values, uint8_t{1});
  }
  VELO_RETURN_IF_ERROR(Pass(values, page, cursor));
  cursor->row = row;
  cursor->value += values;
  return Status::OK();
}

Status ParquetColumn::Pass(int64_t values, const DataPageContent& page, Cursor* cursor) {
  if (values == 0) return Status::OK();
  if (page.is_coded) {
    VELO_RETURN_IF_ERROR(BeginCodes(page, cursor));
    return cursor->codes.Skip(values) ? Status::OK() : Damaged("too few codes");
  }
  if (plan_.form != ValueForm::kBytes) return Status::OK();
  for (int64_t i = 0; i < values; ++i) {
    const auto text = TextAt(page.values, cursor->byte);
    if (!text) return Damaged("a text beyond its page");
    cursor->byte += 4 + text->size();
  }
  return Status::OK();
}

// Codes are preceded by a byte that tells their width.
Status ParquetColumn::BeginCodes(const DataPageContent& page, Cursor* cursor) {
  if (cursor->reads_codes) return Status::OK();
  if (page.values.empty() || page.values[0] > RunReader::kMaxWidth) return Damaged("codes of an impossible width");
  cursor->codes = RunReader(page.values.subspan(1), page.values[0]);
  cursor->reads_codes = true;
  return Status::OK();
}

Status ParquetColumn::KnowDictionary() {
  if (known_dictionary_ == pages_.dictionary_number()) return Status::OK();
  const std::span<const uint8_t> bytes = pages_.dictionary();
  const int64_t size = pages_.dictionary_size();
  if (plan_.form != ValueForm::kBytes) {
    if (static_cast<size_t>(size) > bytes.size() / FileWidth(plan_.form)) return Damaged("a dictionary cut off");
  } else {
    if (bytes.size() > INT32_MAX) return Damaged("a dictionary of more than 2 GiB");
    std::vector<int32_t> offsets{0};
    std::string texts;
    size_t at = 0;
    longest_ = 0;
    for (int64_t i = 0; i < size; ++i) {
      const auto text = TextAt(bytes, at);
      if (!text) return Damaged("a dictionary cut off");
      at += 4 + text->size();
      texts.append(*text);
      longest_ = std::max(longest_, static_cast<int64_t>(text->size()));
      offsets.push_back(static_cast<int32_t>(texts.size()));
    }
    // Texts are copied at full width.
    texts.append(PageMemory::kSlack, '\0');
    dictionary_ = arrow::MakeArray(arrow::ArrayData::Make(
        plan_.type, size,
        {nullptr, arrow::Buffer::FromVector(std::move(offsets)), arrow::Buffer::FromString(std::move(texts))}, 0));
  }
  known_dictionary_ = pages_.dictionary_number();
  return Status::OK();
}

Result<std::shared_ptr<arrow::Array>> ParquetColumn::Read(int64_t row, int64_t count) {
  Filling filling;
  VELO_RETURN_IF_ERROR(GoTo(row));
  VELO_RETURN_IF_ERROR(StartFilling(count, &filling));
  while (count > 0) {
    VELO_RETURN_IF_ERROR(GoTo(row));
    VELO_ASSIGN_OR_RETURN(const DataPageContent* page, pages_.Content());
    VELO_RETURN_IF_ERROR(MoveTo(row - page_begin_, *page, &read_));
    const int64_t here = std::min(count, page_begin_ + pages_.rows() - row);
    VELO_RETURN_IF_ERROR(Fill(*page, here, &filling));
    row += here;
    count -= here;
  }
  return Finish(std::move(filling));
}

Result<std::shared_ptr<arrow::Array>> ParquetColumn::Gather(std::span<const uint32_t> rows) {
  Filling filling;
  VELO_RETURN_IF_ERROR(GoTo(rows.front()));
  VELO_RETURN_IF_ERROR(StartFilling(static_cast<int64_t>(rows.size()), &filling));
  while (!rows.empty()) {
    VELO_RETURN_IF_ERROR(GoTo(rows.front()));
    VELO_ASSIGN_OR_RETURN(const DataPageContent* page, pages_.Content());
    const int64_t end = page_begin_ + pages_.rows();
    const auto here = static_cast<size_t>(
        std::partition_point(rows.begin(), rows.end(), [&](uint32_t row) { return row < end; }) - rows.begin());
    VELO_RETURN_IF_ERROR(FillAt(*page, rows.first(here), &filling));
    rows = rows.subspan(here);
  }
  return Finish(std::move(filling));
}

Status ParquetColumn::StartFilling(int64_t rows, Filling* filling) {
  filling->rows = rows;
  filling->as_codes = plan_.may_be_codes && pages_.is_coded();
  if (plan_.form == ValueForm::kBytes && !filling->as_codes) {
    VELO_RETURN_IF_ARROW_ERROR(filling->offsets.Reserve(rows + 1));
    filling->offsets.UnsafeAppend(0);
    return Status::OK();
  }
  const int64_t width = filling->as_codes ? 4 : static_cast<int64_t>(ArrayWidth(plan_.form));
  VELO_ASSIGN_OR_RETURN_ARROW(filling->values, arrow::AllocateBuffer(rows * width));
  return Status::OK();
}

// The next rows of the page.
Status ParquetColumn::Fill(const DataPageContent& page, int64_t count, Filling* filling) {
  int64_t values = count;
  const uint8_t* const present = page.present == nullptr ? nullptr : page.present + read_.row;
  if (present != nullptr) values = std::count(present, present + count, uint8_t{1});
  VELO_RETURN_IF_ERROR(FillValues(page, nullptr, values, filling));
  Spread(present, count, values, filling);
  read_.row += count;
  read_.value += values;
  return Status::OK();
}

// Chosen rows of the page.
Status ParquetColumn::FillAt(const DataPageContent& page, std::span<const uint32_t> rows, Filling* filling) {
  places_.clear();
  const auto count = static_cast<int64_t>(rows.size());
  const int64_t end = rows.back() - page_begin_ + 1;
  std::vector<uint8_t> present;
  int64_t passed = end - read_.row;  // Values.
  if (page.present == nullptr) {
    for (const uint32_t row : rows) places_.push_back(static_cast<uint32_t>(row - page_begin_ - read_.row));
  } else {
    passed = 0;
    int64_t at = read_.row;
    for (const uint32_t row : rows) {
      for (; at < row - page_begin_; ++at) passed += page.present[at];
      present.push_back(page.present[at]);
      if (page.present[at] != 0) places_.push_back(static_cast<uint32_t>(passed));
    }
    passed += page.present[at];
  }
  const auto values = static_cast<int64_t>(places_.size());
  VELO_RETURN_IF_ERROR(FillValues(page, places_.data(), values, filling));
  Spread(present.empty() ? nullptr : present.data(), count, values, filling);
  // The last row may have no value, but those before it that were not taken.
  VELO_RETURN_IF_ERROR(Pass(passed - (values == 0 ? 0 : int64_t{places_.back()} + 1), page, &read_));
  read_.row = end;
  read_.value += passed;
  return Status::OK();
}

// Puts values, the next `count` ones or those at `places` from the next one on, one after the other.
Status ParquetColumn::FillValues(const DataPageContent& page, const uint32_t* places, int64_t count, Filling* filling) {
  if (count == 0) return Status::OK();
  if (page.is_coded) {
    VELO_RETURN_IF_ERROR(BeginCodes(page, &read_));
    VELO_RETURN_IF_ERROR(KnowDictionary());
    if (filling->as_codes) {
      auto* const out = reinterpret_cast<uint32_t*>(filling->values->mutable_data()) + filling->done;
      return ReadCodes(places, count, out);
    }
    if (places != nullptr) {
      codes_.resize(static_cast<size_t>(count));
      VELO_RETURN_IF_ERROR(ReadCodes(places, count, codes_.data()));
      return FillFromDictionary(codes_.data(), count, filling);
    }
    codes_.resize(kBlock);
    const int64_t first = filling->done;
    for (int64_t from = 0; from < count; from += kBlock) {
      const int64_t part = std::min(kBlock, count - from);
      VELO_RETURN_IF_ERROR(ReadCodes(nullptr, part, codes_.data()));
      VELO_RETURN_IF_ERROR(FillFromDictionary(codes_.data(), part, filling));
      filling->done += part;
    }
    filling->done = first;
    return Status::OK();
  }
  if (plan_.form == ValueForm::kBytes) {
    if (filling->as_codes) VELO_RETURN_IF_ERROR(BecomeBytes(filling));
    return FillPlainBytes(page, places, count, filling);
  }
  const int64_t last = read_.value + (places == nullptr ? count : int64_t{places[count - 1]} + 1);
  if (static_cast<size_t>(last) > page.values.size() / FileWidth(plan_.form)) return Damaged("too few values");
  VisitFixed(plan_.form, [&](auto file, auto array) {
    using File = decltype(file);
    using Array = decltype(array);
    Array* const out = reinterpret_cast<Array*>(filling->values->mutable_data()) + filling->done;
    const uint8_t* const from = page.values.data() + read_.value * static_cast<int64_t>(sizeof(File));
    if (places != nullptr) {
      for (int64_t i = 0; i < count; ++i) out[i] = static_cast<Array>(ValueAt<File>(from, places[i]));
    } else if constexpr (std::is_same_v<File, Array>) {
      std::memcpy(out, from, static_cast<size_t>(count) * sizeof(File));
    } else {
      for (int64_t i = 0; i < count; ++i) out[i] = static_cast<Array>(ValueAt<File>(from, i));
    }
  });
  return Status::OK();
}

// The next codes of the page, or those at `places`.
Status ParquetColumn::ReadCodes(const uint32_t* places, int64_t count, uint32_t* out) {
  const bool are_there =
      places == nullptr ? read_.codes.Read(out, count) : read_.codes.Gather({places, static_cast<size_t>(count)}, out);
  if (!are_there) return Damaged("too few codes");
  if (!AreBelow(out, count, pages_.dictionary_size())) return Damaged("a code that is not in the dictionary");
  return Status::OK();
}

Status ParquetColumn::FillFromDictionary(const uint32_t* codes, int64_t count, Filling* filling) {
  if (plan_.form == ValueForm::kBytes) return FillTexts(codes, count, filling);
  VisitFixed(plan_.form, [&](auto file, auto array) {
    using Array = decltype(array);
    Array* const out = reinterpret_cast<Array*>(filling->values->mutable_data()) + filling->done;
    const uint8_t* const values = pages_.dictionary().data();
    for (int64_t i = 0; i < count; ++i) out[i] = static_cast<Array>(ValueAt<decltype(file)>(values, codes[i]));
  });
  return Status::OK();
}

// Texts of the dictionary.
Status ParquetColumn::FillTexts(const uint32_t* codes, int64_t count, Filling* filling) const {
  const auto& texts = static_cast<const arrow::BinaryArray&>(*dictionary_);
  const int32_t* const begins = texts.raw_value_offsets();
  int64_t size = filling->bytes.length();
  if (size + count * longest_ > INT32_MAX) {
    int64_t told = size;
    for (int64_t i = 0; i < count; ++i) told += begins[codes[i] + 1] - begins[codes[i]];
    if (told > INT32_MAX) return Damaged("more than 2 GiB of text");
  }
  VELO_RETURN_IF_ARROW_ERROR(filling->offsets.Reserve(count));
  // Room for the longest text each is much more than is needed where few are long.
  const bool is_wide = longest_ <= static_cast<int64_t>(kWide);
  if (is_wide) VELO_RETURN_IF_ARROW_ERROR(filling->bytes.Reserve(count * longest_ + static_cast<int64_t>(kWide)));
  for (int64_t i = 0; i < count; ++i) {
    const int32_t begin = begins[codes[i]], length = begins[codes[i] + 1] - begin;
    const uint8_t* const text = texts.value_data()->data() + begin;
    if (is_wide) {
      std::memcpy(filling->bytes.mutable_data() + size, text, kWide);
      filling->bytes.UnsafeAdvance(length);
    } else {
      VELO_RETURN_IF_ARROW_ERROR(filling->bytes.Append(text, length));
    }
    size += length;
    filling->offsets.UnsafeAppend(static_cast<int32_t>(size));
  }
  return Status::OK();
}

// Texts in a page: each is preceded by four bytes with its size.
Status ParquetColumn::FillPlainBytes(const DataPageContent& page, const uint32_t* places, int64_t count,
                                     Filling* filling) {
  VELO_RETURN_IF_ARROW_ERROR(filling->offsets.Reserve(count));
  if (places == nullptr) {
    VELO_ASSIGN_OR_RETURN(const int64_t filled, FillEqualTexts(page.values, count, filling));
    count -= filled;
  }
  const size_t begin = read_.byte, end = page.values.size();
  const int64_t before = filling->bytes.length();
  int64_t size = before;
  const int64_t values = places == nullptr ? count : int64_t{places[count - 1]} + 1;
  // First the sizes, then the texts.
  size_t at = begin;
  for (int64_t i = 0, taken = 0; i < values; ++i) {
    const auto text = TextAt(page.values, at);
    if (!text) return Damaged("a text beyond its page");
    at += 4 + text->size();
    if (places != nullptr && places[taken] != i) continue;
    ++taken;
    size += static_cast<int64_t>(text->size());
    if (size > INT32_MAX) return Damaged("more than 2 GiB of text");
    filling->offsets.UnsafeAppend(static_cast<int32_t>(size));
  }
  VELO_RETURN_IF_ARROW_ERROR(filling->bytes.Reserve(size - before + static_cast<int64_t>(kWide)));
  uint8_t* to = filling->bytes.mutable_data() + before;
  at = begin;
  for (int64_t i = 0, taken = 0; i < values; ++i) {
    const std::string_view text = *TextAt(page.values, at);
    at += 4 + text.size();
    if (places != nullptr && places[taken] != i) continue;
    ++taken;
    if (text.size() <= kWide && end - at >= kWide) {
      std::memcpy(to, text.data(), kWide);
    } else {
      std::memcpy(to, text.data(), text.size());
    }
    to += text.size();
  }
  filling->bytes.UnsafeAdvance(size - before);
  read_.byte = at;
  return Status::OK();
}

// Fills in the next texts as far as they are of one size, as times are: nothing has to be known of one for the next to
// be found. Returns how many.
Result<int64_t> ParquetColumn::FillEqualTexts(std::span<const uint8_t> bytes, int64_t count, Filling* filling) {
  const auto first = TextAt(bytes, read_.byte);
  if (!first || first->size() > kWide) return 0;
  const size_t size = first->size(), step = 4 + size;
  // The last ones cannot be copied at full width.
  const size_t left = bytes.size() - read_.byte, most = left < 4 + kWide ? 0 : (left - 4 - kWide) / step + 1;
  const int64_t before = filling->bytes.length(), room = (INT32_MAX - before) / static_cast<int64_t>(kWide);
  count = std::min({count, static_cast<int64_t>(most), room});
  VELO_RETURN_IF_ARROW_ERROR(filling->bytes.Reserve(count * static_cast<int64_t>(size) + static_cast<int64_t>(kWide)));
  const uint8_t* at = bytes.data() + read_.byte;
  uint8_t* to = filling->bytes.mutable_data() + before;
  int32_t* const ends = filling->offsets.mutable_data() + filling->offsets.length();
  auto end = static_cast<int32_t>(before);
  int64_t filled = 0;
  for (; filled < count; ++filled) {
    uint32_t told;
    std::memcpy(&told, at, sizeof(told));
    if (told != size) break;
    std::memcpy(to, at + 4, kWide);
    at += step;
    to += size;
    ends[filled] = end += static_cast<int32_t>(size);
  }
  filling->bytes.UnsafeAdvance(filled * static_cast<int64_t>(size));
  filling->offsets.UnsafeAdvance(filled);
  read_.byte += static_cast<size_t>(filled) * step;
  return filled;
}

// A page without codes came among those with codes: the codes so far become texts.
Status ParquetColumn::BecomeBytes(Filling* filling) {
  const auto codes = std::move(filling->values);
  filling->as_codes = false;
  VELO_RETURN_IF_ARROW_ERROR(filling->offsets.Reserve(filling->rows + 1));
  filling->offsets.UnsafeAppend(0);
  VELO_RETURN_IF_ERROR(KnowDictionary());
  const auto* const at = reinterpret_cast<const uint32_t*>(codes->data());
  for (int64_t i = 0; i < filling->done; ++i) {
    const bool is_null = filling->validity != nullptr && filling->validity->data()[i] == 0;
    if (is_null) {
      filling->offsets.UnsafeAppend(static_cast<int32_t>(filling->bytes.length()));
    } else {
      VELO_RETURN_IF_ERROR(FillTexts(at + i, 1, filling));
    }
  }
  return Status::OK();
}

// Moves the values that were put one after the other to the rows that have one, and counts these rows in. Until it is
// finished, validity is a byte per row.
void ParquetColumn::Spread(const uint8_t* present, int64_t count, int64_t values, Filling* filling) {
  const int64_t first = filling->done;
  filling->done += count;
  if (present == nullptr || values == count) {
    if (filling->validity != nullptr) std::memset(filling->validity->mutable_data() + first, 1, count);
    return;
  }
  if (filling->validity == nullptr) {
    filling->validity = *arrow::AllocateBuffer(filling->rows);
    std::memset(filling->validity->mutable_data(), 1, static_cast<size_t>(first));
  }
  std::memcpy(filling->validity->mutable_data() + first, present, static_cast<size_t>(count));
  filling->nulls += count - values;
  const auto spread = [&](auto* out) {
    for (int64_t row = count - 1, value = values; row >= 0; --row) {
      out[row] = present[row] != 0 ? out[--value] : std::decay_t<decltype(*out)>{};
    }
  };
  if (filling->as_codes) {
    spread(reinterpret_cast<int32_t*>(filling->values->mutable_data()) + first);
  } else if (plan_.form == ValueForm::kBytes) {
    // Offsets have one more at the front; a row without a value ends where the one before it does.
    filling->offsets.UnsafeAdvance(count - values);
    int32_t* const ends = filling->offsets.mutable_data() + first + 1;
    for (int64_t row = count - 1, value = values; row >= 0; --row) {
      ends[row] = ends[value - 1];
      value -= present[row];
    }
  } else {
    VisitFixed(plan_.form, [&](auto, auto array) {
      spread(reinterpret_cast<decltype(array)*>(filling->values->mutable_data()) + first);
    });
  }
}

Result<std::shared_ptr<arrow::Array>> ParquetColumn::Finish(Filling filling) {
  std::shared_ptr<arrow::Buffer> validity;
  if (filling.nulls > 0) {
    VELO_ASSIGN_OR_RETURN_ARROW(validity, arrow::AllocateEmptyBitmap(filling.rows));
    const uint8_t* const bytes = filling.validity->data();
    uint8_t* const bits = validity->mutable_data();
    for (int64_t i = 0; i < filling.rows; ++i) bits[i / 8] |= static_cast<uint8_t>(bytes[i] << (i % 8));
  }
  std::shared_ptr<arrow::ArrayData> data;
  if (filling.as_codes) {
    // Pages whose rows are all NULL need no dictionary.
    VELO_RETURN_IF_ERROR(KnowDictionary());
    data = arrow::ArrayData::Make(arrow::dictionary(arrow::int32(), plan_.type), filling.rows,
                                  {validity, filling.values}, filling.nulls);
    data->dictionary = dictionary_->data();
  } else if (plan_.form == ValueForm::kBytes) {
    VELO_ASSIGN_OR_RETURN_ARROW(auto offsets, filling.offsets.Finish(/*shrink_to_fit=*/false));
    VELO_ASSIGN_OR_RETURN_ARROW(auto bytes, filling.bytes.Finish(/*shrink_to_fit=*/false));
    data = arrow::ArrayData::Make(plan_.type, filling.rows, {validity, std::move(offsets), std::move(bytes)},
                                  filling.nulls);
  } else {
    data = arrow::ArrayData::Make(plan_.type, filling.rows, {validity, filling.values}, filling.nulls);
  }
  return arrow::MakeArray(data);
}

}  // namespace velo::formats
