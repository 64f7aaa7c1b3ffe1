#include "engine/state/key_encoding.h"

namespace velo::state {
namespace {

void AppendBigEndian(uint64_t value, int bytes, std::string* key) {
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) key->push_back(static_cast<char>(value >> shift));
}

bool TakeBigEndian(std::string_view* key, size_t bytes, uint64_t* value) {
  if (key->size() < bytes) return false;
  *value = 0;
  for (size_t i = 0; i < bytes; ++i) *value = (*value << 8) | static_cast<unsigned char>((*key)[i]);
  key->remove_prefix(bytes);
  return true;
}

}  // namespace

void AppendName(std::string_view name, std::string* key) {
  key->append(name);
  key->push_back('\0');
}

void AppendUint32(uint32_t value, std::string* key) { AppendBigEndian(value, 4, key); }
void AppendUint64(uint64_t value, std::string* key) { AppendBigEndian(value, 8, key); }

bool TakeName(std::string_view* key, std::string* name) {
  size_t end = key->find('\0');
  if (end == std::string_view::npos) return false;
  name->assign(key->substr(0, end));
  key->remove_prefix(end + 1);
  return true;
}

bool TakeUint32(std::string_view* key, uint32_t* value) {
  uint64_t wide = 0;
  if (!TakeBigEndian(key, 4, &wide)) return false;
  *value = static_cast<uint32_t>(wide);
  return true;
}

bool TakeUint64(std::string_view* key, uint64_t* value) { return TakeBigEndian(key, 8, value); }

std::string EndOfPrefix(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && static_cast<unsigned char>(end.back()) == 0xff) end.pop_back();
  if (!end.empty()) ++end.back();
  return end;
}

}  // namespace velo::state
