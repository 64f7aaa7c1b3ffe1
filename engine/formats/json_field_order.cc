#include "engine/formats/json_field_order.h"

#include <algorithm>

namespace velo::formats {

size_t JsonFieldOrder::Find(std::string_view key) const {
  const auto found = places_.find(std::string(key));
  return found == places_.end() ? kNone : found->second;
}

size_t JsonFieldOrder::Add(std::string_view key, const Use& use) {
  if (nodes_.size() >= kMaxNodes) {
    nodes_.assign(kFirstField, Node());
    places_.clear();
    if (at_ != kStart) at_ = kNowhere;
  }
  nodes_.push_back({{}, {use, std::string(key)}});
  places_.emplace(key, nodes_.size() - 1);
  return nodes_.size() - 1;
}

void JsonFieldOrder::Expect(size_t node, std::string_view lead) {
  auto& next = nodes_[at_].next;
  if (!lead.empty() && lead.size() <= kPadding) {
    std::swap(next[0], next[1]);
    std::copy(lead.begin(), lead.end(), next[0].lead.begin());
    next[0].length = static_cast<uint32_t>(lead.size());
    next[0].mask = lead.size() >= kStep ? 0xFFFF : (1U << lead.size()) - 1;
    next[0].to = static_cast<uint32_t>(node * sizeof(Node));
  }
  at_ = node;
}

}  // namespace velo::formats
