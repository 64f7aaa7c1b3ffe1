// Any bytes in any encoding become UTF-8, and the pieces they come in do not matter.

#include "engine/formats/transcoder.h"
#include "engine/formats/utf8.h"
#include "tests/fuzz/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using velo::formats::Encoding;
  if (size < 2) return 0;
  const Encoding encoding =
      std::array{Encoding::kUtf16LittleEndian, Encoding::kUtf16BigEndian, Encoding::kLatin1}[data[0] % 3];
  const size_t piece = 1 + data[1] % 7;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  std::string whole, parts;
  velo::formats::Transcoder at_once(encoding), in_pieces(encoding);
  at_once.Append(bytes, &whole);
  at_once.Finish(&whole);
  for (size_t at = 0; at < bytes.size(); at += piece) in_pieces.Append(bytes.substr(at, piece), &parts);
  in_pieces.Finish(&parts);
  velo::fuzz::Check(whole == parts, "pieces do not matter");
  velo::fuzz::Check(velo::formats::IsValidUtf8(whole), "the result is UTF-8");
  return 0;
}
