#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace velo::state {

/// Keys compare byte by byte, so numbers are written big endian and names end in a zero byte: all keys of one name are
/// neighbours, and within them the numbers count upwards.
void AppendName(std::string_view name, std::string* key);
void AppendUint32(uint32_t value, std::string* key);
void AppendUint64(uint64_t value, std::string* key);

/// The readers take what they read off the front of `key` and return false when it is too short.
bool TakeName(std::string_view* key, std::string* name);
bool TakeUint32(std::string_view* key, uint32_t* value);
bool TakeUint64(std::string_view* key, uint64_t* value);

/// Returns the smallest key greater than every key that starts with `prefix`. REQUIRES: some byte below 0xff.
std::string EndOfPrefix(std::string_view prefix);

}  // namespace velo::state
