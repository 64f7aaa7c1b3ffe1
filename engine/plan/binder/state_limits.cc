#include "engine/plan/binder/state_limits.h"

#include <charconv>

#include "engine/sql/parser.h"

namespace velo::plan {

namespace {

void Refuse(const BindingContext& context, const sql::Property& property, std::string_view wanted) {
  context.diagnostics
      ->Error("E3010", property.value_span, fmt::format("'{}' is no value for '{}'", property.value, property.key))
      .hint = fmt::format("give {}", wanted);
}

// Sets `count` to the value of `key`; a limit is a whole number, 0 for none.
void ReadCount(const BindingContext& context, std::string_view key, int64_t* count) {
  const sql::Property* property = context.FindProperty(key);
  if (property == nullptr) return;
  const std::string& text = property->value;
  int64_t number = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 0) {
    return Refuse(context, *property, "a whole number is expected, 0 for no limit");
  }
  *count = number;
}

void ReadDuration(const BindingContext& context, std::string_view key, int64_t* milliseconds) {
  const sql::Property* property = context.FindProperty(key);
  if (property == nullptr) return;
  sql::Duration duration;
  if (!sql::ParseDuration(property->value, &duration) || duration.TotalMilliseconds() < 0) {
    return Refuse(context, *property, "a length of time such as '10 minutes' is expected");
  }
  *milliseconds = duration.TotalMilliseconds();
}

}  // namespace

void BindGroupLimits(const BindingContext& context, AggregateNode* node) {
  if (!node->window.has_value()) {
    ReadCount(context, "max.groups", &node->max_groups);
    ReadDuration(context, "group.ttl", &node->group_ttl_ms);
  }
  ReadDuration(context, "emit.interval", &node->emit_interval_ms);
  if (node->emit_interval_ms > 0 && node->window.has_value() && node->window->type == WindowType::kSession) {
    context.diagnostics->Error("E3090", context.FindProperty("emit.interval")->key_span,
                               "emit.interval is not available for SESSION windows");
  }
  const sql::Property* action = context.FindProperty("group.limit.action");
  if (action == nullptr) return;
  if (action->value != "error" && action->value != "evict") return Refuse(context, *action, "evict or error");
  node->fails_at_max_groups = action->value == "error";
}

void BindWindowLimits(const BindingContext& context, WindowSpec* window) {
  ReadDuration(context, "late.data.update.retention", &window->late_retention_ms);
  if (window->type == WindowType::kSession) ReadDuration(context, "session.max.duration", &window->session_max_ms);
}

int64_t DistinctEntries(const BindingContext& context, int64_t standard) {
  int64_t entries = standard;
  ReadCount(context, "distinct.max_entries", &entries);
  return entries > 0 ? entries : standard;
}

}  // namespace velo::plan
