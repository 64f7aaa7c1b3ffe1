// What is done with the query or result at hand: run, control, chart, undo, fix.
#include <algorithm>

#include <fmt/format.h>

#include "assistant/language/edit_sql.h"
#include "assistant/language/intents/intent.h"
#include "assistant/language/lexicon.h"
#include "engine/plan/prepared_query.h"
#include "engine/sql/printer.h"

namespace velo::language {

namespace {

Reply NoQuery(std::string_view intent, const Utterance& utterance) {
  Reply reply = TextReply(intent, "There is no query yet. Say what you want to know, or paste SQL.");
  reply.follow_ups = Examples(utterance, 3);
  return reply;
}

}  // namespace

std::optional<Reply> ReadRun(const Utterance& utterance) {
  bool run = utterance.Begins(
      "run|execute|try this|try it|start it|start the query|start this|go ahead and run|show me the results|show the "
      "results|show results|see the results|run that|do it live|show me the result|give me the results|launch it|fire "
      "it");
  if (!run || utterance.content_words() > 4) return std::nullopt;
  if (utterance.Has("everything|job|tests|test")) return std::nullopt;
  if (utterance.situation.focus_sql.empty()) return NoQuery("run", utterance);
  Reply reply = ToolReply("run", {{"execute_query", {{"sql", utterance.situation.focus_sql}}}});
  reply.follow_ups = {{"Explain it", "explain this"}};
  return reply;
}

std::optional<Reply> ReadControl(const Utterance& utterance) {
  if (utterance.content_words() > 4) return std::nullopt;
  std::string action;
  if (utterance.Begins("stop|cancel|abort|halt|end it|kill it|kill the query|quit") &&
      !utterance.Has("last change|change"))
    action = "cancel";
  else if (utterance.Begins("pause|hold|freeze|wait"))
    action = "pause";
  else if (utterance.Begins("resume|continue|go on|carry on|unpause"))
    action = "resume";
  if (action.empty()) return std::nullopt;
  if (utterance.Has("job|jobs|pipeline|deployment|deployed")) return std::nullopt;
  if (utterance.situation.execution_id.empty()) return TextReply("control", "Nothing is running in this conversation.");
  return ToolReply("control",
                   {{"control_execution", {{"execution_id", utterance.situation.execution_id}, {"action", action}}}});
}

std::optional<Reply> ReadViz(const Utterance& utterance) {
  struct Chart {
    std::string_view words, type;
  };
  static constexpr Chart kCharts[] = {{"line chart|lines|line|line graph|time series", "line"},
                                      {"bar chart|bars|bar|bar graph|column chart", "bar"},
                                      {"pie chart|pie|donut", "pie"},
                                      {"as a table|table|grid", "table"},
                                      {"scatter|scatter plot", "scatter"},
                                      {"histogram", "histogram"},
                                      {"gauge", "gauge"},
                                      {"area chart|area", "area"},
                                      {"heatmap|heat map", "heatmap"},
                                      {"map", "map"}};
  bool verb = utterance.Begins(
                  "show as|show it as|show this as|show that as|make it a|make that a|make this a|plot it as|plot "
                  "as|draw it as|draw as|chart it as|plot it|as a|use a|switch to a|change to a|display as|display it "
                  "as|turn it into a|render as|view as") ||
              utterance.Has("instead|chart");
  if (!verb || utterance.content_words() > 4 || utterance.Has("window|windows|per|by")) return std::nullopt;
  for (const Chart& chart : kCharts) {
    if (!utterance.Has(chart.words)) continue;
    if (utterance.situation.focus_sql.empty() && utterance.situation.execution_id.empty())
      return NoQuery("viz", utterance);
    if (utterance.situation.focus_artifact_type != "query-results") {
      // Nothing is drawn yet: the query runs first.
      return ToolReply("viz", {{"execute_query", {{"sql", utterance.situation.focus_sql}}},
                               {"set_chart", {{"artifact_id", std::string()}, {"type", std::string(chart.type)}}}});
    }
    Reply reply = ToolReply(
        "viz",
        {{"set_chart", {{"artifact_id", utterance.situation.focus_artifact}, {"type", std::string(chart.type)}}}});
    reply.suggested_viz = std::string(chart.type);
    return reply;
  }
  return std::nullopt;
}

std::optional<Reply> ReadUndo(const Utterance& utterance) {
  bool undo = utterance.Begins(
      "undo|revert|go back|restore|take that back|no like before|like before|cancel the last change|undo that|back to "
      "the previous|previous version|roll that back|put it back");
  if (!undo || utterance.content_words() > 6) return std::nullopt;
  if (!utterance.situation.can_undo || utterance.situation.focus_artifact.empty()) {
    return TextReply("edit.undo", "There is no earlier version to go back to.");
  }
  ToolCall call{"restore_artifact", {{"artifact_id", utterance.situation.focus_artifact}}};
  if (utterance.Has("version") && utterance.Number() > 0) call.arguments.push_back({"version", utterance.Number()});
  return ToolReply("edit.undo", {call});
}

std::optional<Reply> ReadFix(const Utterance& utterance) {
  bool fix = utterance.Begins(
      "fix|why does this fail|why does it fail|why is this wrong|why is it wrong|correct the query|correct "
      "it|repair|make it valid|i get an error|it says|it fails|whats wrong|what is wrong|there is an error");
  if (!fix || utterance.content_words() > 8) return std::nullopt;
  if (utterance.situation.focus_sql.empty()) return NoQuery("fix", utterance);
  std::string sql = utterance.situation.focus_sql;
  Diagnostics diagnostics;
  ScriptReport report = AnalyseScript(sql, utterance.catalog, utterance.functions, &diagnostics);
  if (report.valid && !diagnostics.has_errors()) {
    Reply reply = TextReply("fix",
                            "The query is valid as it is. Run it to see results; if they are not what you expect, tell "
                            "me what should differ.");
    reply.follow_ups = {{"Run it", "run it"}, {"Explain it", "explain this"}};
    return reply;
  }
  std::string why;
  std::vector<Change> changes;
  // Fixes are applied from the last to the first, so that spans before them stay right.
  std::vector<TextEdit> edits;
  for (const Diagnostic& diagnostic : diagnostics.items()) {
    if (diagnostic.severity != Severity::kError) continue;
    if (why.empty()) why = diagnostic.message;
    if (!diagnostic.fixes.empty()) {
      for (const TextEdit& edit : diagnostic.fixes.front().edits) edits.push_back(edit);
      changes.push_back({"fix", diagnostic.message, diagnostic.fixes.front().title});
    }
  }
  std::sort(edits.begin(), edits.end(),
            [](const TextEdit& a, const TextEdit& b) { return a.span.offset > b.span.offset; });
  for (const TextEdit& edit : edits) {
    if (!edit.span.valid() || static_cast<size_t>(edit.span.end()) > sql.size()) continue;
    sql.replace(static_cast<size_t>(edit.span.offset), static_cast<size_t>(edit.span.length), edit.text);
  }
  Diagnostics after;
  ScriptReport repaired = AnalyseScript(sql, utterance.catalog, utterance.functions, &after);
  if (edits.empty() || !repaired.valid || after.has_errors()) {
    std::string hint;
    for (const Diagnostic& diagnostic : diagnostics.items()) {
      if (hint.empty() && !diagnostic.hint.empty()) hint = " " + diagnostic.hint + ".";
    }
    return TextReply("fix", fmt::format("The query fails because of this: {}.{}", why, hint));
  }
  Reply reply;
  reply.intent = "fix";
  reply.mode = "fix";
  reply.confidence = 0.9;
  reply.sql = sql;
  for (const Token& token : utterance.sentence.tokens) reply.words_used.push_back(token.begin);
  reply.explanation = fmt::format("Fixed: {}.", why);
  reply.changes = std::move(changes);
  reply.follow_ups = {{"Run it", "run it"}};
  return reply;
}

}  // namespace velo::language
