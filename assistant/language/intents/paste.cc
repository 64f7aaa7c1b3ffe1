// SQL pasted into the conversation.
#include "assistant/language/intents/intent.h"
#include "assistant/language/normalise.h"

namespace velo::language {

std::optional<Reply> ReadPaste(const Utterance& utterance) {
  std::string sql, lead_in;
  if (!FindSql(utterance.message, &sql, &lead_in)) return std::nullopt;
  size_t first = sql.find_first_not_of(" \t\r\n"), last = sql.find_last_not_of(" \t\r\n");
  if (first == std::string::npos) return std::nullopt;
  sql = sql.substr(first, last - first + 1);
  std::string lead = ToLower(lead_in);
  bool run = lead.find("run") != std::string::npos || lead.find("execute") != std::string::npos;
  bool explain = lead.find("explain") != std::string::npos || lead.find("what does") != std::string::npos;
  std::vector<ToolCall> calls = {{"validate_sql", {{"sql", sql}}}};
  if (explain) calls.push_back({"explain_sql", {{"sql", sql}}});
  if (run) calls.push_back({"execute_query", {{"sql", sql}}});
  Reply reply = ToolReply("sql.paste", std::move(calls));
  reply.follow_ups = {{"Run it", "run it"}, {"Explain it", "explain this"}};
  return reply;
}

}  // namespace velo::language
