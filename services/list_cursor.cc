#include <charconv>

#include "services/describe.h"

namespace velo::services {

Result<size_t> ReadCursor(const std::string& cursor) {
  size_t offset = 0;
  if (cursor.empty()) return offset;
  auto [end, error] = std::from_chars(cursor.data(), cursor.data() + cursor.size(), offset);
  if (error != std::errc() || end != cursor.data() + cursor.size()) {
    return Status::User("CURSOR_EXPIRED", "This place in the list is not known any more.", "Start from the beginning.");
  }
  return offset;
}

}  // namespace velo::services
