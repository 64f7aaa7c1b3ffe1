#include <arrow/record_batch.h>

#include "engine/topics/topic_sink.h"
#include "engine/topics/topic_store.h"

namespace velo {
namespace {

constexpr std::string_view kScheme = "topic";

Result<std::string> TopicName(const std::string& uri) {
  const std::string prefix = std::string(kScheme) + "://";
  if (UriScheme(uri) != kScheme) {
    return Status::User("E3004", fmt::format("'{}' is no topic address.", uri), "Write topic://name.");
  }
  return uri.substr(prefix.size());
}

SourceItem ItemOf(const TopicInfo& info) {
  SourceItem item;
  item.name = info.name;
  item.kind = "topic";
  item.size_bytes = info.size_bytes;
  item.rows = info.total_messages();
  item.partitions = static_cast<int32_t>(info.partitions.size());
  item.format = "columnar";
  for (const TopicPartitionInfo& partition : info.partitions) {
    item.modified_at = std::max(item.modified_at, partition.latest_timestamp);
  }
  if (item.rows == 0) item.flags.emplace_back("empty");
  return item;
}

class TopicConnector : public Connector {
 public:
  explicit TopicConnector(TopicStore* store) : store_(store) {}

  std::string_view scheme() const override { return kScheme; }

  const std::vector<ConnectorOption>& options() const override {
    static const std::vector<ConnectorOption> options{
        {"partitions", "integer", "1", "Partitions of the topic when it is made.", {}, false},
        {"retention", "duration", "1h", "How long messages are kept when the topic is made.", {}, false},
        {"retention_bytes", "integer", "268435456", "How many bytes are kept when the topic is made.", {}, false}};
    return options;
  }

  Result<ConnectionReport> Connect(const std::string& uri, const PropertyMap&) override {
    VELO_ASSIGN_OR_RETURN(std::string name, TopicName(uri));
    ConnectionReport report;
    report.uri = uri;
    report.type = kScheme;
    report.streaming = true;
    if (name.empty()) {
      for (const TopicInfo& info : store_->List()) report.items.push_back(ItemOf(info));
    } else {
      VELO_ASSIGN_OR_RETURN(TopicInfo info, store_->Describe(name));
      report.items.push_back(ItemOf(info));
    }
    for (const SourceItem& item : report.items) report.total_bytes += item.size_bytes;
    report.details.emplace_back("topic_count", std::to_string(report.items.size()));
    return report;
  }

  Result<SchemaReport> Describe(const std::string& uri, const PropertyMap&, int64_t max_records) override {
    VELO_ASSIGN_OR_RETURN(std::string name, TopicName(uri));
    VELO_ASSIGN_OR_RETURN(TopicInfo info, store_->Describe(name));
    VELO_ASSIGN_OR_RETURN(Preview newest, store_->Peek(name, {.limit = max_records, .from_end = true}));
    VELO_ASSIGN_OR_RETURN(SchemaReport report, DescribeSample(*newest.rows, info.schema));
    report.format = "columnar";
    report.exact = true;
    for (FieldReport& field : report.fields) field.confidence = 1;
    for (const MessageMeta& meta : newest.meta) report.has_keys = report.has_keys || meta.key.has_value();
    PreferDeclared(info, &report);
    return report;
  }

  Result<Preview> Peek(const std::string& uri, const PropertyMap&, const PreviewRequest& request) override {
    VELO_ASSIGN_OR_RETURN(std::string name, TopicName(uri));
    return store_->Peek(name, request);
  }

  Result<std::unique_ptr<Source>> OpenSource(const std::string& uri, const PropertyMap&) override {
    VELO_ASSIGN_OR_RETURN(std::string name, TopicName(uri));
    return store_->OpenSource(name);
  }

  Result<std::unique_ptr<Sink>> OpenSink(const SinkTarget& target) override {
    VELO_ASSIGN_OR_RETURN(const std::string name, TopicName(target.uri));
    return topics::OpenTopicSink(store_, name, target);
  }

  Status CutBack(const SinkTarget& target) override {
    VELO_ASSIGN_OR_RETURN(const std::string name, TopicName(target.uri));
    VELO_ASSIGN_OR_RETURN(const topics::SinkPosition position, topics::SinkPosition::Parse(target.position));
    return store_->CutBack(name, position.offsets, target.writer);
  }

 private:
  /// What the topic declares comes before what the sample suggests.
  static void PreferDeclared(const TopicInfo& info, SchemaReport* report) {
    if (!info.key_columns.empty()) report->key_candidates = info.key_columns;
    if (info.event_time_column.empty()) return;
    auto& candidates = report->event_time_candidates;
    std::erase_if(candidates, [&](const auto& candidate) { return candidate.field == info.event_time_column; });
    const int column = info.schema.Find(info.event_time_column);
    const bool integer = column >= 0 && info.schema.columns[column].type.kind() == TypeKind::kInteger;
    candidates.insert(candidates.begin(), {info.event_time_column, integer ? "epoch_millis" : "iso8601", 1});
  }

  TopicStore* store_;
};

}  // namespace

std::unique_ptr<Connector> MakeTopicConnector(TopicStore* store) { return std::make_unique<TopicConnector>(store); }

}  // namespace velo
