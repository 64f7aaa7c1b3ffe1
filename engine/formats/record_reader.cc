#include "engine/formats/record_reader.h"

namespace velo::formats {
namespace {

constexpr size_t kMaxRawBytes = 4096;
constexpr size_t kMaxKept = 1000;

/// Cuts at a border between characters.
std::string_view CutText(std::string_view text, size_t limit) {
  if (text.size() <= limit) return text;
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xC0) == 0x80) --limit;
  return text.substr(0, limit);
}

}  // namespace

void RecordReader::AddBad(int64_t line, int64_t byte_offset, std::string_view raw, std::string reason) {
  ++bad_count_;
  if (bad_.size() >= 2 * kMaxKept) bad_.erase(bad_.begin(), bad_.end() - kMaxKept);
  BadRecord bad;
  bad.line = line;
  bad.byte_offset = byte_offset;
  bad.raw = CutText(raw, kMaxRawBytes);
  bad.reason = std::move(reason);
  bad_.push_back(std::move(bad));
}

}  // namespace velo::formats
