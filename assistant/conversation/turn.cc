#include "assistant/conversation/turn.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "assistant/conversation/tool_sentences.h"
#include "assistant/language/language.h"
#include "services/operation.h"
#include "services/sql/situation.h"
#include "services/store/artifact_store.h"
#include "services/store/thread_store.h"
#include "services/threads/thread_context.h"
#include "services/workspace.h"

namespace velo::conversation {

namespace {

using nlohmann::ordered_json;

constexpr int kMaxCalls = 24;  // API 3.3

std::string Dump(const ordered_json& value) { return value.dump(-1, ' ', false, ordered_json::error_handler_t::replace); }

ordered_json ArgumentsJson(const language::ToolCall& call) {
  ordered_json object = ordered_json::object();
  for (const auto& [name, value] : call.arguments) {
    std::visit([&, key = name](const auto& plain) { object[key] = plain; }, value);
  }
  return object;
}

std::string TextArgument(const language::ToolCall& call, std::string_view name) {
  for (const auto& [key, value] : call.arguments) {
    if (key == name && std::holds_alternative<std::string>(value)) return std::get<std::string>(value);
  }
  return {};
}

int64_t NumberArgument(const language::ToolCall& call, std::string_view name) {
  for (const auto& [key, value] : call.arguments) {
    if (key == name && std::holds_alternative<int64_t>(value)) return std::get<int64_t>(value);
  }
  return 0;
}

bool SameWords(std::string_view a, std::string_view b) {
  auto strip = [](std::string_view text) {
    std::string out;
    for (char c : text) {
      if (std::isalnum(static_cast<unsigned char>(c)) != 0) out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    return out;
  };
  return strip(a) == strip(b);
}

/// One turn while it runs.
class Turn {
 public:
  Turn(const TurnRequest& request, const services::OperationRegistry& operations, services::CallContext& context, TurnSink* sink)
      : request_(request), operations_(operations), context_(context), sink_(sink) {}

  Status Run() {
    context_.via = services::Via::kChat;
    context_.thread_id = request_.thread_id;
    context_.stopped = [sink = sink_] { return sink->stopped(); };
    if (!request_.action_tool.empty()) return RunAction();
    VELO_RETURN_IF_ERROR(TakeAbout());
    VELO_ASSIGN_OR_RETURN(language::Situation situation, services::SituationOf(context_));
    std::unique_ptr<Catalog> catalog = context_.workspace->CatalogFor(request_.thread_id);
    words_ = AnswerToQuestion(situation, catalog.get());
    language::Reply reply = language::Understand(words_, situation, catalog.get(), context_.workspace->functions());
    Think(reply);
    return Answer(std::move(reply), situation);
  }

 private:
  /// A button runs its tool as it is.
  Status RunAction() {
    if (!request_.action_artifact.empty()) context_.artifact_id = request_.action_artifact.substr(0, request_.action_artifact.find('@'));
    sink_->StepStarted();
    bool done = Invoke(request_.action_tool, request_.action_arguments_json.empty() ? "{}" : request_.action_arguments_json);
    sink_->StepFinished();
    Say();
    if (!done) Offer(failure_cures_);
    return Status::OK();
  }

  /// Makes the artifact the person looks at what "it" means.
  Status TakeAbout() {
    if (request_.about.empty()) return Status::OK();
    size_t at = request_.about.find('@');
    std::string id = request_.about.substr(0, at);
    int64_t version = at == std::string::npos ? 0 : std::strtoll(request_.about.c_str() + at + 1, nullptr, 10);
    Result<services::ArtifactRow> row = context_.workspace->artifacts().Get(id, version);
    if (!row.ok() || row->thread_id != request_.thread_id) return Status::OK();  // Gone: the focus stays.
    context_.artifact_id = id;
    if (row->type != "sql-editor") return Status::OK();
    ordered_json data = ordered_json::parse(row->data_json, nullptr, false);
    if (!data.is_object() || !data.contains("sql") || !data["sql"].is_string()) return Status::OK();
    return context_.workspace->threads().UpdateContext(request_.thread_id, [&](services::ThreadContext& thread) {
      thread.focus.artifact_id = thread.focus.sql_artifact_id = id;
      thread.focus.artifact_type = "sql-editor";
      thread.focus.sql = data["sql"].get<std::string>();
    });
  }

  /// After a question, a short reply picks one of its options: by its label, by number, or "the first".
  std::string AnswerToQuestion(const language::Situation& situation, Catalog* catalog) {
    if (situation.pending_prompt.empty() || request_.text.size() > 60) return request_.text;
    language::Reply again = language::Understand(situation.pending_prompt, situation, catalog, context_.workspace->functions());
    if (!again.question) return request_.text;
    static constexpr std::string_view kOrdinals[] = {"first", "second", "third", "fourth"};
    const auto& options = again.question->options;
    for (size_t i = 0; i < options.size(); ++i) {
      bool chosen = SameWords(request_.text, options[i].label) || SameWords(request_.text, fmt::format("{}", i + 1)) ||
                    SameWords(request_.text, fmt::format("option {}", i + 1));
      if (i < 4) chosen = chosen || SameWords(request_.text, kOrdinals[i]) || SameWords(request_.text, fmt::format("the {} one", kOrdinals[i]));
      if (chosen) return options[i].prompt;
    }
    return request_.text;
  }

  /// One line on how the words were understood.
  void Think(const language::Reply& reply) {
    std::string line;
    for (const language::Understood& part : reply.understood) line += fmt::format("{}\"{}\" is {}", line.empty() ? "" : ", ", part.text, part.as);
    if (!line.empty()) sink_->Reasoning(line + ".");
  }

  Status Answer(language::Reply reply, const language::Situation& situation) {
    if (reply.question) return Ask(reply);
    VELO_RETURN_IF_ERROR(SetPending("", ""));
    if (!reply.sql.empty()) {
      Generate(reply, situation);
    } else if (!reply.calls.empty()) {
      sink_->StepStarted();
      for (const language::ToolCall& call : reply.calls) {
        if (sink_->stopped() || !Carry(call, reply, situation)) break;
      }
      sink_->StepFinished();
    } else {
      said_ = reply.text.empty() ? "I did not understand that." : reply.text;
      if (reply.not_understood && !reply.closest.empty() && reply.follow_ups.empty()) {
        for (const std::string& words : reply.closest) reply.follow_ups.push_back({words, words});
      }
      if (reply.not_understood && !reply.follow_ups.empty()) said_ += " Here is what works with your data:";
    }
    Say();
    if (!reply.assumptions.empty() && !failed_) SendAssumptions(reply.assumptions);
    Offer(failed_ ? failure_cures_ : reply.follow_ups);
    return Remember(reply.intent);
  }

  Status Ask(const language::Reply& reply) {
    ordered_json options = ordered_json::array();
    for (const auto& option : reply.question->options) options.push_back({{"label", option.label}, {"prompt", option.prompt}});
    said_ = reply.question->question;
    Say();
    sink_->Data("question", "q1", Dump({{"question", reply.question->question}, {"options", options}}), false);
    VELO_RETURN_IF_ERROR(SetPending(reply.question->question, words_));
    return Remember(reply.intent);
  }

  void Generate(const language::Reply& reply, const language::Situation& situation) {
    ordered_json arguments = {{"prompt", words_}};
    if (reply.mode == "edit" || reply.mode == "fix" || reply.mode == "generate") arguments["mode"] = reply.mode == "generate" ? "auto" : reply.mode;
    if (!situation.focus_sql.empty() && reply.mode != "generate") arguments["context"] = {{"previous_sql", situation.focus_sql}};
    sink_->StepStarted();
    Invoke("generate_sql", Dump(arguments));
    sink_->StepFinished();
  }

  /// Runs one planned call. Returns false when the rest of the plan makes no sense any more.
  bool Carry(const language::ToolCall& call, const language::Reply& reply, const language::Situation& situation) {
    if (call.tool == "restore_artifact") return Restore(call);
    if (call.tool == "set_chart") return SetChart(call);
    if (call.tool == "control_execution") {
      if (TextArgument(call, "action") == "cancel") return Invoke("cancel_query", Dump({{"id", TextArgument(call, "execution_id")}}));
      said_ = "Use the pause button above the result: it holds the picture while the query goes on. I can stop the query from here.";
      return false;
    }
    ordered_json arguments = ArgumentsJson(call);
    if (call.tool == "execute_query") {
      Result<services::ThreadContext> thread = context_.workspace->threads().Context(request_.thread_id);
      if (thread.ok() && !thread->focus.sql_artifact_id.empty() && thread->focus.sql == situation.focus_sql) {
        arguments["artifact_id"] = thread->focus.sql_artifact_id;
      }
    }
    (void)reply;
    return Invoke(call.tool, Dump(arguments));
  }

  bool Invoke(const std::string& tool, const std::string& arguments_json) {
    if (++calls_ > kMaxCalls) return false;
    context_.call_id = fmt::format("call_{}_{}", context_.message_id.empty() ? request_.message_id : context_.message_id, calls_);
    sink_->ToolStarted(context_.call_id, tool, arguments_json);
    services::ToolOutcome outcome = operations_.Invoke(tool, arguments_json, context_);
    if (!outcome.status.ok()) {
      Fail(outcome.status);
      return false;
    }
    sink_->ToolFinished(context_.call_id, outcome.output_json);
    for (const services::ArtifactReference& artifact : outcome.artifacts) sink_->Artifact(artifact.id, artifact.envelope_json);
    result_json_ = outcome.result_json;
    std::string sentence = SentenceFor(tool, arguments_json, outcome.result_json);
    if (!sentence.empty()) said_ += (said_.empty() ? "" : " ") + sentence;
    return true;
  }

  void Fail(const Status& status) {
    sink_->ToolFailed(context_.call_id, status);
    sink_->Data("diagnostic", fmt::format("d{}", calls_), Dump(services::ErrorJson(status, context_.request_id)["error"]), false);
    said_ += (said_.empty() ? "" : " ") + SentenceForFailure(status);
    failure_cures_ = CuresFor(status, request_.text);
    failed_ = true;
  }

  /// The version before the current one (or the one asked for) becomes the newest.
  bool Restore(const language::ToolCall& call) {
    Result<services::ThreadContext> thread = context_.workspace->threads().Context(request_.thread_id);
    std::string id = thread.ok() && !thread->focus.sql_artifact_id.empty() ? thread->focus.sql_artifact_id : TextArgument(call, "artifact_id");
    Result<services::ArtifactRow> current = context_.workspace->artifacts().Get(id);
    if (!current.ok()) {
      said_ = "There is no earlier version to go back to.";
      return false;
    }
    int64_t version = NumberArgument(call, "version");
    if (version <= 0) version = UndoTarget(*current);
    Result<services::ArtifactRow> earlier = context_.workspace->artifacts().Get(id, version);
    if (version < 1 || !earlier.ok()) {
      said_ = "There is no earlier version to go back to.";
      return false;
    }
    ordered_json data = ordered_json::parse(earlier->data_json, nullptr, false);
    std::string sql = data.is_object() ? data.value("sql", "") : "";
    ordered_json arguments = {{"id", id}, {"data", {{"sql", sql}}}, {"message", fmt::format("undo to {}", version)}, {"expected_version", current->current_version}};
    if (!Invoke("put_artifact", Dump(arguments))) return false;
    SendChangedArtifact(id);
    said_ = fmt::format("Back to version {}.", version);
    return true;
  }

  /// Undo twice goes back twice: an undone version points to the one it brought back.
  int64_t UndoTarget(const services::ArtifactRow& current) {
    int64_t version = current.current_version;
    std::string message = current.message;
    if (message.starts_with("undo to ")) version = std::strtoll(message.c_str() + 8, nullptr, 10);
    return version - 1;
  }

  bool SetChart(const language::ToolCall& call) {
    std::string id = TextArgument(call, "artifact_id"), type = TextArgument(call, "type");
    Result<services::ArtifactRow> current = context_.workspace->artifacts().Get(id);
    if (!current.ok() || current->type != "query-results") {
      said_ = "Run the query first; then the chart can be changed.";
      return false;
    }
    ordered_json data = ordered_json::parse(current->data_json, nullptr, false);
    ordered_json viz = data.is_object() && data.contains("viz") ? data["viz"] : ordered_json::object();
    viz["type"] = type;
    ordered_json arguments = {{"id", id}, {"data", {{"viz", viz}}}, {"message", "chart " + type}, {"expected_version", current->current_version}};
    if (!Invoke("put_artifact", Dump(arguments))) return false;
    SendChangedArtifact(id);
    said_ = type == "table" ? "Shown as a table." : fmt::format("Shown as a {} chart.", type);
    return true;
  }

  void SendChangedArtifact(const std::string& id) {
    ordered_json result = ordered_json::parse(result_json_, nullptr, false);
    if (result.is_object() && result.contains("artifact")) sink_->Artifact(id, Dump(result["artifact"]));
  }

  void Say() {
    if (!said_.empty()) sink_->Text(said_);
  }

  void SendAssumptions(const std::vector<language::Assumption>& assumptions) {
    ordered_json list = ordered_json::array();
    for (const language::Assumption& assumption : assumptions) {
      ordered_json choices = ordered_json::array();
      for (const auto& choice : assumption.alternatives) choices.push_back({{"label", choice.label}, {"edit", choice.edit}});
      list.push_back({{"id", assumption.id}, {"text", assumption.text}, {"alternatives", choices}});
    }
    sink_->Data("assumptions", "a1", Dump({{"assumptions", list}}), false);
  }

  void Offer(const std::vector<language::FollowUp>& follow_ups) {
    if (follow_ups.empty()) return;
    ordered_json items = ordered_json::array();
    for (size_t i = 0; i < follow_ups.size() && i < 4; ++i) items.push_back({{"label", follow_ups[i].label}, {"prompt", follow_ups[i].prompt}});
    sink_->Data("followups", "f1", Dump({{"items", items}}), false);
  }

  Status SetPending(const std::string& question, const std::string& prompt) {
    return context_.workspace->threads().UpdateContext(request_.thread_id, [&](services::ThreadContext& thread) {
      thread.pending = {question, prompt};
    });
  }

  Status Remember(const std::string& intent) {
    Result<services::ThreadContext> thread = context_.workspace->threads().Context(request_.thread_id);
    if (!thread.ok()) return Status::OK();  // A turn outside a stored thread leaves nothing behind.
    ordered_json patch = {{"focus", {{"artifact_id", thread->focus.artifact_id}, {"sql", thread->focus.sql}, {"source", thread->focus.source}}}, {"intent", intent}};
    sink_->Data("context", "", Dump({{"patch", patch}, {"version", thread->version}}), true);
    return Status::OK();
  }

  const TurnRequest& request_;
  const services::OperationRegistry& operations_;
  services::CallContext& context_;
  TurnSink* sink_;
  std::string words_;        ///< What is planned: the message, or the option it picks.
  std::string said_;         ///< The answer's text so far.
  std::string result_json_;  ///< Of the last call.
  std::vector<language::FollowUp> failure_cures_;
  int calls_ = 0;
  bool failed_ = false;
};

}  // namespace

Status RunTurn(const TurnRequest& request, const services::OperationRegistry& operations, services::CallContext& context,
               TurnSink* sink) {
  return Turn(request, operations, context, sink).Run();
}

}  // namespace velo::conversation
