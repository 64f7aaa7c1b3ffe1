#pragma once

#include <string>
#include <string_view>

#include "engine/formats/byte_window.h"

namespace velo::formats {

/// Turns UTF-16 or Latin-1 (as Windows-1252, which is what such files really are) into UTF-8, piece by piece. Halves of
/// surrogate pairs without their other half become U+FFFD.
class Transcoder {
 public:
  explicit Transcoder(Encoding encoding) : encoding_(encoding) {}
  void Append(std::string_view bytes, std::string* utf8);
  /// Call once at the end of the input.
  void Finish(std::string* utf8);

 private:
  void AppendUnit(uint16_t unit, std::string* utf8);

  Encoding encoding_;
  std::string odd_byte_;
  uint16_t high_surrogate_ = 0;
};

}  // namespace velo::formats
