#include "engine/formats/json_field_order.h"

namespace velo::formats {

size_t JsonFieldOrder::Find(std::string_view key) const {
  const auto found = places_.find(std::string(key));
  return found == places_.end() ? kNone : found->second;
}

size_t JsonFieldOrder::Add(std::string_view key, int column) {
  if (nodes_.size() >= kMaxNodes) {
    nodes_.assign(kFirstField, Node());
    places_.clear();
    if (at_ != kStart) at_ = kNowhere;
  }
  nodes_.push_back({{std::string(key), column}, {}});
  places_.emplace(key, nodes_.size() - 1);
  return nodes_.size() - 1;
}

void JsonFieldOrder::Expect(size_t node, std::string_view lead) {
  auto& next = nodes_[at_].next;
  if (lead.size() <= kMaxLead) {
    std::swap(next[0], next[1]);
    next[0].lead.assign(lead);
    next[0].lead.resize((lead.size() + kStep - 1) / kStep * kStep);
    next[0].length = lead.size();
    next[0].to = node;
  }
  at_ = node;
}

}  // namespace velo::formats
