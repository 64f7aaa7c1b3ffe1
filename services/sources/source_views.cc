#include "services/sources/source_views.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "services/call_context.h"
#include "services/threads/thread_context.h"
#include "services/workspace.h"

namespace velo::services {
namespace {

FieldView ViewField(const FieldReport& field) {
  FieldView view;
  view.name = field.name;
  view.type = field.type.DisplayName();
  view.sql_type = field.type.ToString();
  view.nullable = field.nullable;
  view.null_ratio = field.null_ratio;
  view.presence = field.presence;
  view.examples = field.examples;
  if (!field.examples.empty()) view.example = field.examples.front();
  view.distinct = field.distinct;
  view.min = TextOrNone(field.min);
  view.max = TextOrNone(field.max);
  view.roles = field.roles;
  view.confidence = field.confidence;
  view.enum_candidate = field.enum_candidate;
  view.widened_from = TextOrNone(field.widened_from);
  for (const FieldReport& inner : field.fields) view.fields.push_back(ViewField(inner));
  return view;
}

bool MatchesPattern(std::string_view name, std::string_view pattern) {
  if (pattern.empty()) return name.empty();
  if (pattern.front() == '*') {
    return MatchesPattern(name, pattern.substr(1)) || (!name.empty() && MatchesPattern(name.substr(1), pattern));
  }
  return !name.empty() && name.front() == pattern.front() && MatchesPattern(name.substr(1), pattern.substr(1));
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  return lower;
}

Result<SourceItemPlace> FindTopic(CallContext& context, const Connection& connection, const std::string& name) {
  TopicStore* topics = context.workspace->engine().topics();
  if (topics == nullptr) return Status::User("NOT_CONNECTED", "There are no embedded topics.", "Connect a source.");
  if (name.empty()) {
    return Status::User("VALIDATION_ERROR", "'name' is missing: which topic?", "Send the name of a topic.");
  }
  VELO_ASSIGN_OR_RETURN(TopicInfo topic, topics->Describe(name));
  return SourceItemPlace{connection, topic.name, "topic://" + topic.name, topic.name};
}

}  // namespace

std::optional<std::string> TextOrNone(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

std::optional<std::string> InstantOrNone(Timestamp at) {
  return at == 0 ? std::nullopt : std::optional(FormatInstant(at));
}

bool MatchesFilter(std::string_view name, std::string_view filter) {
  if (filter.empty()) return true;
  std::string lower = Lower(name), wanted = Lower(filter.substr(0, 256));
  if (wanted.find('*') == std::string::npos) return lower.find(wanted) != std::string::npos;
  // Several stars in a row mean one; it also keeps matching cheap.
  wanted.erase(std::unique(wanted.begin(), wanted.end(), [](char a, char b) { return a == '*' && b == '*'; }),
               wanted.end());
  return MatchesPattern(lower, wanted);
}

ConnectionView ViewConnection(const Connection& connection) {
  ConnectionView view;
  view.source_id = connection.id;
  view.alias = connection.alias;
  view.uri = connection.uri;
  view.type = connection.type;
  view.format = TextOrNone(connection.format);
  view.status = connection.status;
  view.default_ = connection.is_default;
  view.last_error = TextOrNone(connection.last_error);
  view.connected_at = InstantOrNone(connection.connected_at);
  return view;
}

SchemaView ViewSchema(const SchemaReport& report, const Connection& connection, const std::string& name) {
  SchemaView view;
  view.source = connection.alias;
  view.source_id = connection.id;
  view.name = name;
  view.exact = report.exact;
  view.format = report.format;
  view.has_keys = report.has_keys;
  view.records_sampled = report.records_sampled;
  view.decode_failures = report.decode_failures;
  for (const FieldReport& field : report.fields) {
    view.fields.push_back({field.name, field.type.DisplayName()});
    view.columns.push_back(ViewField(field));
  }
  view.sample_value = report.sample_value;
  for (const EventTimeCandidate& candidate : report.event_time_candidates) {
    view.event_time_candidates.push_back({candidate.field, candidate.format, candidate.confidence});
  }
  view.key_candidates = report.key_candidates;
  view.warnings = report.warnings;
  return view;
}

TopicView ViewTopic(const TopicInfo& topic) {
  TopicView view;
  view.name = topic.name;
  Timestamp newest = 0;
  for (const TopicPartitionInfo& partition : topic.partitions) {
    PartitionView shown{partition.partition, partition.low_offset, partition.high_offset,
                        partition.high_offset - partition.low_offset};
    if (partition.latest_timestamp > 0) shown.latest_timestamp_ms = partition.latest_timestamp / kMicrosPerMilli;
    shown.latest_key = TextOrNone(partition.latest_key);
    newest = std::max(newest, partition.latest_timestamp);
    view.partitions.push_back(std::move(shown));
  }
  view.total_messages = topic.total_messages();
  view.size_bytes = topic.size_bytes;
  view.is_test_topic = topic.name.starts_with("test_");
  if (view.is_test_topic) view.flags.push_back("test");
  if (view.total_messages == 0) view.flags.push_back("empty");
  view.last_message_at = InstantOrNone(newest);
  view.config = {topic.options.retention_ms, topic.options.retention_bytes};
  view.event_time_column = TextOrNone(topic.event_time_column);
  view.key_columns = topic.key_columns;
  return view;
}

Result<SourceItemPlace> FindItem(CallContext& context, const std::string& source, const std::string& name) {
  Connections& connections = context.workspace->connections();
  std::string wanted = source;
  if (wanted.empty() && !name.empty()) {
    // A bare name: a topic, else the alias or URI of a connection.
    TopicStore* topics = context.workspace->engine().topics();
    bool is_topic = topics != nullptr && topics->Describe(name).ok();
    if (!is_topic && connections.Find(name, context.thread_id).ok()) wanted = name;
  }
  if (wanted.empty()) wanted = kTopicsSourceId;
  if (wanted.starts_with("topic://")) {
    VELO_ASSIGN_OR_RETURN(Connection topics, connections.Find(kTopicsSourceId, context.thread_id));
    return FindTopic(context, topics, wanted.substr(8));
  }
  bool address = wanted.find("://") != std::string::npos || wanted.find('/') != std::string::npos;
  VELO_ASSIGN_OR_RETURN(Connection connection, address ? connections.FindOrConnect(wanted, context.thread_id)
                                                       : connections.Find(wanted, context.thread_id));
  if (connection.type == "topic") return FindTopic(context, connection, name);
  SourceItemPlace place{connection, connection.alias, connection.uri, connection.uri};
  bool one_file = !name.empty() && name != connection.alias && name != connection.uri;
  if (one_file && name.find("://") != std::string::npos) place.uri = place.from = place.name = name;
  if (one_file && name.starts_with('/')) place.uri = place.from = "file://" + name, place.name = name;
  return place;
}

void RememberSource(ThreadContext* thread, const SourceItemPlace& place) {
  ContextSource source;
  source.source_id = place.connection.id;
  source.item = place.name;
  source.kind = place.connection.type == "topic" ? "topic" : "file";
  source.alias = place.connection.type == "topic" ? place.name : place.connection.alias;
  source.format = place.connection.format;
  thread->sources[source.alias] = source;
  thread->focus.source = place.from;
}

}  // namespace velo::services
