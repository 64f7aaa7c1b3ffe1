// Any bytes as a CSV file; the first one chooses the encoding.

#include "engine/formats/csv_format.h"
#include "tests/fuzz/read_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr size_t kLongest = 8192;
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, std::min(size, kLongest) - 1);
  static const auto* const format = velo::formats::MakeCsvFormat({}).release();
  velo::fuzz::CheckFile(bytes, *format, static_cast<velo::formats::Encoding>(data[0] % 8 < 5 ? 0 : data[0] % 4));
  return 0;
}
