#include "engine/io/field_roles.h"

#include <algorithm>
#include <cctype>

namespace velo {
namespace {

enum class Family : uint8_t { kText, kNumber, kAny };

struct RoleNames {
  const char* role;
  Family family;
  std::vector<std::string_view> names;      ///< The whole name.
  std::vector<std::string_view> last_word;  ///< Or its last word.
};

const std::vector<RoleNames>& Roles() {
  static const std::vector<RoleNames> roles{
      {"symbol",
       Family::kText,
       {"symbol", "ticker", "ticker_symbol", "instrument", "stock", "sym", "security", "isin"},
       {"symbol", "ticker"}},
      {"price", Family::kNumber, {"price", "px", "last", "close", "rate"}, {"price", "px"}},
      {"quantity",
       Family::kNumber,
       {"quantity", "qty", "shares", "volume", "units", "lots", "size"},
       {"quantity", "qty", "volume", "shares"}},
      {"amount", Family::kNumber, {"amount", "total", "sum", "revenue", "cost"}, {"amount", "total", "revenue"}},
      {"user",
       Family::kAny,
       {"user_id", "customer_id", "account_id", "client_id", "member_id", "uid", "visitor_id", "user", "customer"},
       {}},
      {"region",
       Family::kText,
       {"region", "area", "zone", "state", "country", "market", "territory", "city", "location"},
       {"region", "country", "city", "location"}},
      {"latitude", Family::kNumber, {"lat", "latitude"}, {"lat", "latitude"}},
      {"longitude", Family::kNumber, {"lon", "lng", "long", "longitude"}, {"lon", "lng", "longitude"}},
      {"latency", Family::kNumber, {"latency", "duration", "response_time", "elapsed"}, {}},
      {"status", Family::kAny, {"status", "state", "status_code", "http_status", "level", "severity"}, {"status"}},
  };
  return roles;
}

bool Fits(Family family, const SqlType& type) {
  switch (family) {
    case Family::kText:
      return type.kind() == TypeKind::kString;
    case Family::kNumber:
      return type.is_numeric();
    case Family::kAny:
      return type.kind() == TypeKind::kString || type.is_numeric();
  }
  return false;
}

bool Contains(const std::vector<std::string_view>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::string_view LastWord(std::string_view name) {
  const size_t cut = name.rfind('_');
  return cut == std::string_view::npos ? name : name.substr(cut + 1);
}

}  // namespace

std::string NormalizeFieldName(std::string_view name) {
  std::string words;
  for (size_t i = 0; i < name.size(); ++i) {
    const unsigned char letter = static_cast<unsigned char>(name[i]);
    const bool word_starts = std::isupper(letter) && i > 0 &&
                             (std::islower(static_cast<unsigned char>(name[i - 1])) ||
                              (std::isupper(static_cast<unsigned char>(name[i - 1])) && i + 1 < name.size() &&
                               std::islower(static_cast<unsigned char>(name[i + 1]))));
    const bool separator = !std::isalnum(letter) && letter < 0x80;
    if ((word_starts || separator) && !words.empty() && words.back() != '_') words.push_back('_');
    if (!separator) words.push_back(static_cast<char>(std::tolower(letter)));
  }
  while (!words.empty() && words.back() == '_') words.pop_back();
  return words;
}

std::vector<std::string> GuessRoles(std::string_view name, const SqlType& type) {
  const std::string words = NormalizeFieldName(name);
  std::vector<std::string> found;
  for (const RoleNames& role : Roles()) {
    if (Fits(role.family, type) && (Contains(role.names, words) || Contains(role.last_word, LastWord(words)))) {
      found.emplace_back(role.role);
    }
  }
  if (found.empty() && type.is_numeric() && words.ends_with("_ms")) found.emplace_back("latency");
  const std::string_view last = LastWord(words);
  if ((last == "id" || last == "uuid" || last == "guid" || last == "key") && Fits(Family::kAny, type)) {
    found.emplace_back("id");
  }
  return found;
}

bool HasTimeLikeName(std::string_view name) {
  static const std::vector<std::string_view> times{"ts", "time", "timestamp", "datetime", "date",
                                                   "at", "when", "day",       "epoch",    "millis"};
  const std::string words = NormalizeFieldName(name);
  return Contains(times, LastWord(words)) || words.starts_with("timestamp") || words.starts_with("event_time") ||
         words.starts_with("event_ts");
}

}  // namespace velo
