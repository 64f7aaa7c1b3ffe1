#include "assistant/language/intents/shared_key.h"

#include <tuple>
#include <utility>

namespace velo::language {

const FieldModel* FieldNamed(const SourceModel& source, std::string_view joined) {
  for (const FieldModel& field : source.fields) {
    if (field.joined == joined) return &field;
  }
  return nullptr;
}

SharedKey SharedColumn(const FieldModel& left, const SourceModel& right) {
  const FieldModel* same = FieldNamed(right, left.joined);
  return same == nullptr ? SharedKey() : SharedKey{left.name, same->name, {}};
}

SharedKey FindSharedKey(const SourceModel& left, const SourceModel& right) {
  std::vector<std::pair<std::string, std::string>> ids, others;
  for (const FieldModel& field : left.fields) {
    const FieldModel* same = FieldNamed(right, field.joined);
    if (same == nullptr || field.is_time() || (field.is_numeric() && !field.is_id())) continue;
    (field.is_id() ? ids : others).emplace_back(field.name, same->name);
  }
  for (const auto& [one, other, swapped] : {std::tuple(&left, &right, false), std::tuple(&right, &left, true)}) {
    const FieldModel* foreign = FieldNamed(*one, other->singular + "id");
    const FieldModel* own = FieldNamed(*other, "id");
    if (foreign == nullptr || own == nullptr) continue;
    ids.emplace_back(swapped ? own->name : foreign->name, swapped ? foreign->name : own->name);
  }
  const std::vector<std::pair<std::string, std::string>>& best = ids.empty() ? others : ids;
  SharedKey key;
  for (const auto& [one, other] : best) {
    const std::string joined = Joined(one);
    const bool own = joined == left.singular + "id" || joined == right.singular + "id" || joined == left.singular ||
                     joined == right.singular;
    if (best.size() > 1 && !own) continue;
    return {one, other, {}};
  }
  for (const auto& [one, other] : best) key.possible.push_back(one);
  return key;
}

}  // namespace velo::language
