#include "demo/demo_world.h"

namespace velo::demo {
namespace {

constexpr TypeKind kText = TypeKind::kString;
constexpr TypeKind kNumber = TypeKind::kFloat;
constexpr TypeKind kWhole = TypeKind::kInteger;
constexpr TypeKind kTime = TypeKind::kTimestamp;

Schema Columns(std::vector<std::pair<const char*, TypeKind>> columns) {
  Schema schema;
  for (const auto& [name, kind] : columns) schema.columns.push_back({name, kind, true});
  return schema;
}

std::vector<DemoTopic> MakeTopics() {
  return {
      {"trades",
       Columns({{"symbol", kText},
                {"price", kNumber},
                {"quantity", kWhole},
                {"timestamp", kTime},
                {"side", kText},
                {"exchange", kText},
                {"trade_id", kText},
                {"order_id", kText}}),
       "symbol"},
      {"orders",
       Columns({{"order_id", kText},
                {"customer_id", kText},
                {"symbol", kText},
                {"side", kText},
                {"quantity", kWhole},
                {"total", kNumber},
                {"region", kText},
                {"channel", kText},
                {"status", kText},
                {"timestamp", kTime}}),
       "order_id"},
      {"customer-events",
       Columns({{"customer_id", kText},
                {"event_type", kText},
                {"channel", kText},
                {"region", kText},
                {"device", kText},
                {"session_id", kText},
                {"timestamp", kTime}}),
       "customer_id"},
      {"payments",
       Columns({{"payment_id", kText},
                {"order_id", kText},
                {"user_id", kText},
                {"amount", kNumber},
                {"currency", kText},
                {"method", kText},
                {"merchant", kText},
                {"location", kText},
                {"region", kText},
                {"status", kText},
                {"timestamp", kTime}}),
       "user_id"},
      {"sensor-readings",
       Columns({{"device_id", kText},
                {"sensor_type", kText},
                {"value", kNumber},
                {"unit", kText},
                {"temperature", kNumber},
                {"humidity", kNumber},
                {"battery", kNumber},
                {"location", kText},
                {"status", kText},
                {"timestamp", kTime}}),
       "device_id"},
      {"api-requests",
       Columns({{"request_id", kText},
                {"service", kText},
                {"endpoint", kText},
                {"method", kText},
                {"status_code", kWhole},
                {"latency_ms", kNumber},
                {"region", kText},
                {"user_id", kText},
                {"timestamp", kTime}}),
       "service", 2},
      {"page-views",
       Columns({{"user_id", kText},
                {"session_id", kText},
                {"page", kText},
                {"referrer", kText},
                {"device", kText},
                {"region", kText},
                {"duration_ms", kWhole},
                {"timestamp", kTime}}),
       "user_id", 2},
      {"app-logs",
       Columns({{"timestamp", kTime},
                {"level", kText},
                {"service", kText},
                {"host", kText},
                {"message", kText},
                {"trace_id", kText}}),
       "service"},
      {"agent-decisions",
       Columns({{"agent_id", kText},
                {"model", kText},
                {"decision", kText},
                {"confidence", kNumber},
                {"latency_ms", kNumber},
                {"input_tokens", kWhole},
                {"output_tokens", kWhole},
                {"outcome", kText},
                {"payment_id", kText},
                {"timestamp", kTime}}),
       "agent_id"},
  };
}

}  // namespace

const std::vector<DemoTopic>& DemoTopics() {
  static const std::vector<DemoTopic> topics = MakeTopics();
  return topics;
}

}  // namespace velo::demo
