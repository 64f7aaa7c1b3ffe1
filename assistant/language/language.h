#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/catalog/catalog.h"
#include "engine/functions/registry.h"
#include "engine/io/schema_report.h"

namespace velo::language {

/// A source the words may mean.
struct SourceFact {
  std::string name;                            ///< As it stands in FROM: "trades", "file:///data/trades/*.csv".
  std::string alias;                           ///< Short name people use: "trades".
  std::string type;                            ///< "topic", "file", or "table" for what the thread's SQL has made.
  RelationPtr relation;                        ///< Schema and sample values.
  std::shared_ptr<const SchemaReport> report;  ///< Roles, event time candidates; may be null.
};

/// What "it" means and what may be named (thread context, API 5.1).
struct Situation {
  std::vector<SourceFact> sources;
  std::string focus_source;    ///< FROM name of the source talked about last; may be empty.
  std::string focus_sql;       ///< Current query; may be empty.
  std::string focus_artifact;  ///< "art_3".
  std::string focus_artifact_type;
  std::string execution_id;  ///< Of the results shown last.
  bool can_undo = false;
  /// Set when the last answer was a question: the prompt it was about, so that a short reply can be put into it.
  std::string pending_prompt;
};

struct Understood {
  std::string text;  ///< "per symbol"
  std::string as;    ///< "GROUP BY symbol"
};

struct AssumptionChoice {
  std::string label;  ///< "once per window"
  std::string edit;   ///< Words that make it so: "only final results".
};

struct Assumption {
  std::string id;  ///< "window", "emit", "time", "key" ...
  std::string text;
  std::vector<AssumptionChoice> alternatives;
};

struct Question {
  std::string question;
  struct Option {
    std::string label;
    std::string prompt;  ///< The full words to say instead.
  };
  std::vector<Option> options;
};

struct FollowUp {
  std::string label;
  std::string prompt;
};

/// One change of an edited query, as in API 2.3.3.
struct Change {
  std::string op;  ///< "set_window", "add_filter", "add_measure" ...
  std::string from, to;
};

using ArgumentValue = std::variant<std::string, int64_t, bool, double>;
struct ToolCall {
  std::string tool;  ///< Name in the operation registry: "list_topics".
  std::vector<std::pair<std::string, ArgumentValue>> arguments;
};

/// What the planner makes of one message. Exactly one of these holds: `calls` is not empty; `sql` is set; `question` is
/// set; `text` alone answers; or `not_understood`.
struct Reply {
  std::string intent;  ///< "sql.window_aggregate", "list.items" (API 6.4).
  double confidence = 0;
  std::vector<ToolCall> calls;  ///< Tools to run, in order.
  std::string sql;              ///< A generated or edited query, already bound without errors.
  std::string title;            ///< "Average price per symbol".
  std::string mode;             ///< "generate", "edit", "fix", "annotate", "explain".
  std::string explanation;      ///< One or two sentences.
  std::string text;             ///< For answers without tools: glossary, refusal, help.
  std::string suggested_viz;    ///< Chart name of API 2.3.8.
  std::vector<Understood> understood;
  std::vector<Assumption> assumptions;
  std::vector<Change> changes;
  std::optional<Question> question;
  std::vector<FollowUp> follow_ups;
  bool not_understood = false;
  std::vector<std::string> closest;  ///< What can be said instead.
  /// Where in the message the words begin that something was made of. Of a reply with SQL all other words that carry
  /// meaning are named by an assumption "ignored": no word is dropped in silence.
  std::vector<size_t> words_used;
};

/// Turns words into a reply. Deterministic: same words, same situation, same reply. No reading of data, no clock; takes
/// milliseconds. `catalog` is what generated SQL is bound against.
Reply Understand(std::string_view words, const Situation& situation, Catalog* catalog,
                 const FunctionRegistry& functions);

/// Suggested prompts for a first page, made from the schemas at hand; at most `limit`.
std::vector<FollowUp> SuggestPrompts(const std::vector<SourceFact>& sources, size_t limit);

}  // namespace velo::language
