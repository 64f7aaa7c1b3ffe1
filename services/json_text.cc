#include "services/json_text.h"

#include <nlohmann/json.hpp>

namespace velo::services {
namespace {

constexpr int kDeepest = 64;

bool TooDeep(std::string_view text) {
  int depth = 0;
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      if (c == '"') quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kDeepest) return true;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

}  // namespace

Result<Json> ParseOutsideJson(std::string_view text) {
  // Checked before parsing: handling a deep tree takes stack in proportion to its depth.
  if (TooDeep(text)) return Status::User("VALIDATION_ERROR", "The JSON nests deeper than 64 levels.", "");
  Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) {
    return Status::User("VALIDATION_ERROR", "The body is not JSON.", "Send one JSON object in UTF-8.");
  }
  return json;
}

std::string DumpJson(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace velo::services
