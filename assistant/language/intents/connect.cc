// "I have CSV trade data at /data/trades/*.csv, show me the schema"
#include <fmt/format.h>

#include "assistant/language/intents/intent.h"

namespace velo::language {

namespace {

std::string FileUri(const Token& token) {
  if (token.kind == Token::Kind::kUri) return token.text;
  if (token.text.starts_with("./")) return "file://" + token.text;
  if (token.text.starts_with("/")) return "file://" + token.text;
  return "file://./" + token.text;
}

std::string FormatOf(const Utterance& utterance, std::string_view uri) {
  if (utterance.Has("json lines|jsonl|json line|ndjson")) return "jsonl";
  if (utterance.Has("parquet") || uri.find(".parquet") != std::string_view::npos) return "parquet";
  if (uri.find(".jsonl") != std::string_view::npos || uri.find(".ndjson") != std::string_view::npos) return "jsonl";
  if (utterance.Has("csv") || uri.find(".csv") != std::string_view::npos) return "csv";
  if (utterance.Has("json") || uri.find(".json") != std::string_view::npos) return "json";
  return {};
}

}  // namespace

std::optional<Reply> ReadConnect(const Utterance& utterance) {
  const Token* place = nullptr;
  for (const Token& token : utterance.sentence.tokens) {
    if (token.kind == Token::Kind::kUri || token.kind == Token::Kind::kPath) place = &token;
  }
  if (place == nullptr) return std::nullopt;
  if (place->kind == Token::Kind::kUri && !place->text.starts_with("file://") && !place->text.starts_with("topic://")) {
    return std::nullopt;  // Other connectors: told by the intents that know them.
  }
  std::string uri = FileUri(*place);
  // A file that is connected already and is asked about in a query ("count rows per symbol in trades.csv").
  const SourceModel* known = utterance.NamedSource();
  bool about_schema =
      utterance.Has("schema|columns|fields|structure|describe|look like|types|whats in|what is in|in it|in there");
  bool about_rows = utterance.Has("preview|peek|sample|first rows|show me the data|rows|lines|records");
  bool opens =
      utterance.Has("connect|open|load|read|use|attach|import|have|got|ive|is here|sits|at|located|folder|file|hook");
  if (known != nullptr && !about_schema && !opens) return std::nullopt;
  std::string format = FormatOf(utterance, uri);
  ToolCall connect{"connect_source", {{"uri", uri}}};
  if (!format.empty()) connect.arguments.push_back({"format", format});
  bool topic = uri.starts_with("topic://");
  std::vector<ToolCall> calls = {connect};
  if (about_rows && !about_schema && utterance.Has("preview|peek|sample|first|show")) {
    int64_t limit = utterance.Number();
    calls.push_back({"peek_source", {{"uri", uri}, {"limit", limit > 0 && limit <= 1000 ? limit : int64_t{10}}}});
  } else if (topic) {
    calls.push_back({"inspect_topic", {{"topic", uri.substr(8)}}});
  } else {
    calls.push_back({"inspect_source", {{"name", uri}}});
  }
  Reply reply = ToolReply("connect.file", std::move(calls));
  reply.understood = {{place->raw, uri}};
  reply.follow_ups = {{"Preview the first 10 rows", "preview the first 10 rows"},
                      {"How many rows?", "how many rows are there"}};
  return reply;
}

}  // namespace velo::language
