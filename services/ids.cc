#include "services/ids.h"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <mutex>
#include <random>

namespace velo::services {
namespace {

uint32_t RandomWord() {
  static std::mutex mutex;
  static std::random_device device;
  std::lock_guard lock(mutex);
  return device();
}

}  // namespace

std::string NewId(std::string_view prefix, Timestamp now) {
  constexpr std::string_view kAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";
  // 13 characters hold 65 bits: 41 of milliseconds, then 24 random ones.
  uint64_t time = static_cast<uint64_t>(now / kMicrosPerMilli) & ((1ULL << 41) - 1);
  unsigned __int128 bits = (static_cast<unsigned __int128>(time) << 24) | (RandomWord() & 0xFFFFFF);
  std::string text(13, '0');
  for (int i = 12; i >= 0; --i) {
    text[i] = kAlphabet[static_cast<size_t>(bits & 31)];
    bits >>= 5;
  }
  return std::string(prefix) + "_" + text;
}

bool IsValidId(std::string_view id) {
  return !id.empty() && id.size() <= 64 &&
         std::all_of(id.begin(), id.end(), [](unsigned char c) { return std::isalnum(c) || c == '_' || c == '-'; });
}

std::string RandomToken(int bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (int i = 0; i < bytes; ++i) {
    uint32_t word = RandomWord();
    text += kDigits[word & 15];
    text += kDigits[(word >> 4) & 15];
  }
  return text;
}

}  // namespace velo::services
