#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe.hpp>

#include "engine/io/schema_report.h"
#include "engine/topics/topic_store.h"
#include "services/call_context.h"
#include "services/describe.h"
#include "services/sources/connections.h"

// Answers about sources that several operations share (API 2.1).
namespace velo::services {

struct ThreadContext;

struct ConnectionView {
  std::string source_id, alias, uri, type;
  std::optional<std::string> format;
  std::string status;
  bool default_ = false;
  std::optional<std::string> last_error;
  std::optional<std::string> connected_at;
};
BOOST_DESCRIBE_STRUCT(ConnectionView, (),
                      (source_id, alias, uri, type, format, status, default_, last_error, connected_at))
ConnectionView ViewConnection(const Connection& connection);

struct EventTimeView {
  std::string field, format;
  double confidence = 0;
};
BOOST_DESCRIBE_STRUCT(EventTimeView, (), (field, format, confidence))

struct FieldView {
  std::string name, type, sql_type;
  bool nullable = false;
  double null_ratio = 0, presence = 1;
  std::optional<std::string> example;
  std::vector<std::string> examples;
  int64_t distinct = 0;
  std::optional<std::string> min, max;
  std::vector<std::string> roles;
  double confidence = 1;
  bool enum_candidate = false;
  std::optional<std::string> widened_from;
  std::vector<FieldView> fields;
};
BOOST_DESCRIBE_STRUCT(FieldView, (),
                      (name, type, sql_type, nullable, null_ratio, presence, example, examples, distinct, min, max,
                       roles, confidence, enum_candidate, widened_from, fields))

struct SchemaView {
  std::string source, source_id, name;
  std::optional<std::string> topic;
  bool exact = false;
  std::string format;
  bool has_keys = false;
  int64_t records_sampled = 0, decode_failures = 0;
  std::vector<std::vector<std::string>> fields;
  std::vector<FieldView> columns;
  std::string sample_value;
  std::vector<EventTimeView> event_time_candidates;
  std::vector<std::string> key_candidates, warnings;
  std::string from;  ///< How the source is named in SQL.
  int64_t schema_version = 1;
  bool declared = false;
};
BOOST_DESCRIBE_STRUCT(SchemaView, (),
                      (source, source_id, name, topic, exact, format, has_keys, records_sampled, decode_failures,
                       fields, columns, sample_value, event_time_candidates, key_candidates, warnings, from,
                       schema_version, declared))
SchemaView ViewSchema(const SchemaReport& report, const Connection& connection, const std::string& name);

struct PartitionView {
  int32_t partition = 0;
  int64_t low_offset = 0, high_offset = 0, message_count = 0;
  std::optional<int64_t> latest_timestamp_ms;
  std::optional<std::string> latest_key;
};
BOOST_DESCRIBE_STRUCT(PartitionView, (),
                      (partition, low_offset, high_offset, message_count, latest_timestamp_ms, latest_key))

struct TopicConfig {
  int64_t retention_ms = 0, retention_bytes = 0;
};
BOOST_DESCRIBE_STRUCT(TopicConfig, (), (retention_ms, retention_bytes))

struct TopicView {
  std::string name;
  std::vector<PartitionView> partitions;
  int64_t total_messages = 0, size_bytes = 0;
  bool is_test_topic = false;
  std::vector<std::string> flags;
  std::optional<std::string> last_message_at;
  TopicConfig config;
  std::optional<std::string> event_time_column;
  std::vector<std::string> key_columns;
};
BOOST_DESCRIBE_STRUCT(TopicView, (),
                      (name, partitions, total_messages, size_bytes, is_test_topic, flags, last_message_at, config,
                       event_time_column, key_columns))
TopicView ViewTopic(const TopicInfo& topic);

/// A place to read and the item in it, worked out from what a caller gave.
struct SourceItemPlace {
  Connection connection;
  std::string name;  ///< Topic or file name as people read it.
  std::string uri;   ///< What the connector opens.
  std::string from;  ///< How it is named in FROM.
};
/// `source` is an id, alias, URI or empty (the topics); `name` a topic, or empty when the source has one item.
Result<SourceItemPlace> FindItem(CallContext& context, const std::string& source, const std::string& name);

std::optional<std::string> TextOrNone(const std::string& text);
std::optional<std::string> InstantOrNone(Timestamp at);
/// Case-insensitive substring, or a pattern when it has "*".
bool MatchesFilter(std::string_view name, std::string_view filter);
/// Puts a source into the thread's context and makes it what "it" means.
void RememberSource(ThreadContext* thread, const SourceItemPlace& place);

}  // namespace velo::services
