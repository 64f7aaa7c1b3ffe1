#include <algorithm>

#include <fmt/format.h>

#include "services/operation_binding.h"
#include "services/register_all.h"
#include "services/sources/source_views.h"
#include "services/workspace.h"

namespace velo::services {
namespace {

struct TopicsParams {
  std::string filter;
  bool include_internal = false;
  int64_t limit = 50;
  std::string cursor;

  static std::vector<FieldRule> Rules() {
    return {{"filter", "part of a name, or a pattern with *", false, {}, {}, {}, {}, 256},
            {"limit", "", false, 1, 500}};
  }
};
BOOST_DESCRIBE_STRUCT(TopicsParams, (), (filter, include_internal, limit, cursor))

struct TopicsAnswer {
  std::vector<TopicView> topics;
  std::optional<std::string> next_cursor;
  int64_t total = 0;
};
BOOST_DESCRIBE_STRUCT(TopicsAnswer, (), (topics, next_cursor, total))

ArtifactDraft Draw(const TopicsAnswer& answer) {
  Json items = Json::array();
  for (const TopicView& topic : answer.topics) {
    items.push_back({{"name", topic.name},
                     {"kind", "topic"},
                     {"partitions", topic.partitions.size()},
                     {"message_count", topic.total_messages},
                     {"size_bytes", topic.size_bytes},
                     {"modified_at", ToJson(topic.last_message_at)},
                     {"format", "columnar"},
                     {"flags", topic.flags}});
  }
  Json data = {{"source_id", kTopicsSourceId}, {"items", items}, {"total", answer.total}, {"groups", Json::array()}};
  return {"topic-list", "Topics", data.dump(), "", answer.topics.empty() ? "empty" : "ready"};
}

Result<Outcome<TopicsAnswer>> ListTopics(const TopicsParams& params, CallContext& context) {
  Outcome<TopicsAnswer> outcome;
  TopicStore* store = context.workspace->engine().topics();
  std::vector<TopicInfo> topics;
  if (store != nullptr) topics = store->List();
  std::erase_if(topics, [&](const TopicInfo& topic) { return !MatchesFilter(topic.name, params.filter); });
  std::sort(topics.begin(), topics.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  VELO_ASSIGN_OR_RETURN(size_t first, ReadCursor(params.cursor));
  TopicsAnswer& answer = outcome.answer;
  answer.total = static_cast<int64_t>(topics.size());
  for (size_t i = first; i < topics.size() && i < first + static_cast<size_t>(params.limit); ++i) {
    answer.topics.push_back(ViewTopic(topics[i]));
  }
  if (first + answer.topics.size() < topics.size()) answer.next_cursor = std::to_string(first + answer.topics.size());
  outcome.summary = fmt::format("{} topic{}", answer.total, answer.total == 1 ? "" : "s");
  outcome.artifacts.push_back(Draw(answer));
  return outcome;
}

struct TopicParams {
  std::string name;
  static std::vector<FieldRule> Rules() { return {{"name", "name of the topic", true, {}, {}, {}, {}, 256}}; }
};
BOOST_DESCRIBE_STRUCT(TopicParams, (), (name))

Result<Outcome<TopicView>> GetTopic(const TopicParams& params, CallContext& context) {
  TopicStore* store = context.workspace->engine().topics();
  if (store == nullptr) return Status::User("TOPIC_NOT_FOUND", "There are no embedded topics.", "");
  VELO_ASSIGN_OR_RETURN(TopicInfo topic, store->Describe(params.name));
  Outcome<TopicView> outcome;
  outcome.answer = ViewTopic(topic);
  outcome.summary = fmt::format("{}: {} messages", topic.name, outcome.answer.total_messages);
  return outcome;
}

}  // namespace

void RegisterListTopics(OperationRegistry* registry) {
  AddOperation(registry,
               {.name = "list_topics",
                .title = "List topics",
                .description = "Lists the topics with their message counts, for example list_topics({}).",
                .method = "GET",
                .path = "/api/topics",
                .rate_per_minute = 30,
                .artifact = "topic-list",
                .is_tool = true},
               ListTopics);
  AddOperation(registry,
               {.name = "get_topic",
                .title = "Show a topic",
                .description = "Shows partitions and sizes of a topic.",
                .method = "GET",
                .path = "/api/topics/{name}",
                .rate_per_minute = 30},
               GetTopic);
}

}  // namespace velo::services
