#include "engine/plan/explain_join.h"

#include "engine/plan/binder/window_binder.h"

namespace velo {
namespace {

std::string KeysText(const JoinNode& node) {
  std::string text;
  for (size_t i = 0; i < node.left_keys.size(); ++i) {
    const std::string& left = node.left_keys[i]->text;
    const std::string& right = node.right_keys[i]->text;
    text += (text.empty() ? "" : ", ") + (left == right ? left : left + " = " + right);
  }
  return text.empty() ? "no key" : "key " + text;
}

/// Where the right row may be, in time, as seen from the left one.
std::string BoundText(const JoinNode& node) {
  if (!node.bound.has_value()) return "";
  const int64_t lower = node.bound->lower_ms, upper = node.bound->upper_ms;
  const auto distance = [](int64_t milliseconds) {
    return plan::DescribeDuration(std::abs(milliseconds)) + (milliseconds < 0 ? " before" : " after");
  };
  if (lower == 0 && upper == 0) return ", at the same time";
  if (lower == 0) return fmt::format(", the right row up to {} the left one", distance(upper));
  if (upper == 0) return fmt::format(", the right row up to {} the left one", distance(lower));
  return fmt::format(", the right row from {} to {} the left one", distance(lower), distance(upper));
}

std::string LimitsText(const JoinNode& node) {
  std::string text;
  if (node.max_rows_per_key > 0) text += fmt::format(", at most {} rows per key", node.max_rows_per_key);
  if (node.max_rows > 0) text += fmt::format(", at most {} rows of each side", node.max_rows);
  return text;
}

std::string StateText(const JoinNode& node) {
  switch (node.method) {
    case JoinMethod::kInterval:
      if (node.retention_ms < 0) return "all rows of both sides" + LimitsText(node);
      return fmt::format("rows of the last {} of each side", plan::DescribeDuration(node.retention_ms)) +
             LimitsText(node);
    case JoinMethod::kLookup:
      return node.inputs[1]->bounded ? "all rows of the right" : "the rows the right table holds";
    case JoinMethod::kTable:
      return node.bounded ? "all rows of both sides" : "the rows both tables hold, as long as the query runs";
  }
  return "";
}

}  // namespace

std::string DescribeJoin(const JoinNode& node) {
  std::string text = fmt::format("{}, {}{}", node.description, KeysText(node), BoundText(node));
  if (node.residual != nullptr) text += fmt::format(", where {}", node.residual->text);
  if (node.method == JoinMethod::kLookup) text += ", the right is read first";
  if (node.method == JoinMethod::kTable) text += ", a change of either side changes the result";
  return text + ", state: " + StateText(node);
}

std::string DescribeUnnest(const UnnestNode& node) {
  return fmt::format("one row per element of {}{}", node.array->text.empty() ? "an array" : node.array->text,
                     node.keeps_empty ? ", rows without elements stay" : "");
}

}  // namespace velo
