#include "engine/functions/aggregate/group_state.h"

namespace velo {

Status Aggregator::Retract(std::span<const std::shared_ptr<arrow::Array>>, const uint32_t*, const uint8_t*, int64_t) {
  return Status::Bug("an aggregate that cannot take rows back was asked to");
}

void SaveText(std::string_view text, std::string* out) {
  const uint64_t size = text.size();
  out->append(reinterpret_cast<const char*>(&size), sizeof(size));
  out->append(text);
}

Status LoadText(std::string_view* in, std::string* text) {
  std::vector<char> bytes;
  VELO_RETURN_IF_ERROR(LoadNumbers(in, &bytes));
  text->assign(bytes.begin(), bytes.end());
  return Status::OK();
}

void SaveTexts(const std::vector<std::string>& texts, std::string* out) {
  SaveNumbers(std::vector<uint64_t>{texts.size()}, out);
  for (const std::string& text : texts) SaveText(text, out);
}

Status LoadTexts(std::string_view* in, std::vector<std::string>* texts) {
  std::vector<uint64_t> count;
  VELO_RETURN_IF_ERROR(LoadNumbers(in, &count));
  if (count.size() != 1) return Status::Bug("an aggregate snapshot is not what it should be");
  texts->clear();
  for (uint64_t i = 0; i < count[0]; ++i) {
    VELO_RETURN_IF_ERROR(LoadText(in, &texts->emplace_back()));
  }
  return Status::OK();
}

}  // namespace velo
