#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace velo {

/// Bytes of the character that starts with `first`.
inline size_t CharacterBytes(unsigned char first) { return first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4; }
/// Number of characters (code points).
int64_t CountCharacters(std::string_view text);
/// Byte offset of the character with the given 0-based index; the size of the text when there are fewer.
size_t CharacterOffset(std::string_view text, int64_t index);
/// First code point and its encoding. REQUIRES for FirstCodePoint: the text is not empty.
uint32_t FirstCodePoint(std::string_view text);
void AppendCodePoint(uint32_t code_point, std::string* out);

}  // namespace velo
