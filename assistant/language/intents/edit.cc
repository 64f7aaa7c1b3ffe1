// Changes to the query that is being worked on.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "assistant/language/build_sql.h"
#include "assistant/language/edit_sql.h"
#include "assistant/language/intents/fixed_form.h"
#include "assistant/language/intents/intent.h"
#include "assistant/language/lexicon.h"
#include "engine/sql/printer.h"

namespace velo::language {

namespace {

constexpr std::string_view kEditVerbs =
    "add|also|include|throw in|toss in|put in|bring in|plus|remove|drop|replace|rename|relabel|call it|call the|call "
    "that|change|make it|make the|make that|make|set|switch|instead|not|no|without|exclude|excluding|except|"
    "narrow|restrict|keep|break it|break that|break down|split|shorter|longer|use|swap|get rid|take out|take "
    "away|leave out|delete the|dont|group it|group by|grouped by|sort|sorted|order by|order it|"
    "ordered by|limit|but|only|just|newest first|latest first|oldest "
    "first|descending|ascending|filter|extend|ungroup|hide|emit|once per|read from|clear|lose|it should|name it|title "
    "this|title it";
constexpr std::string_view kNewWish =
    "show|list|find|get|give|select|stream|watch|count|calculate|compute|how|what|which|who|average|total|write|create|"
    "generate|display|plot|chart|new query";

const SourceModel* SourceOf(const Utterance& utterance, const EditedQuery& edited) {
  if (edited.core->from.size() != 1 || !edited.core->from[0].joins.empty()) return nullptr;
  for (const SourceModel& source : utterance.sources) {
    if (source.fact->name == edited.core->from[0].name) return &source;
  }
  return nullptr;
}

std::string ChangeWords(const Change& change) {
  if (change.op == "set_window") return fmt::format("the window is now {}", change.to);
  if (change.op == "remove_window") return "the window is gone";
  if (change.op == "add_measure" || change.op == "add_column") return fmt::format("added {}", change.to);
  if (change.op == "remove_measure") return fmt::format("removed {}", change.from);
  if (change.op == "replace_measure") return fmt::format("{} instead of {}", change.to, change.from);
  if (change.op == "add_filter") return fmt::format("filtered by {}", change.to);
  if (change.op == "replace_filter") return fmt::format("the filter is now {}", change.to);
  if (change.op == "remove_filter") return fmt::format("no longer filtered by {}", change.from);
  if (change.op == "add_group") return fmt::format("grouped by {}", change.to);
  if (change.op == "remove_group") return fmt::format("no longer grouped by {}", change.from);
  if (change.op == "rename") return fmt::format("{} is now called {}", change.from, change.to);
  if (change.op == "set_order") return fmt::format("sorted by {}", change.to);
  if (change.op == "remove_order") return "no longer sorted";
  if (change.op == "set_limit") return fmt::format("limited to {}", change.to);
  if (change.op == "remove_limit") return "no limit any more";
  if (change.op == "set_emit") return change.to == "final" ? "one result per closed window" : "every change is emitted";
  if (change.op == "set_source") return fmt::format("reads {} now", change.to);
  if (change.op == "set_time") return fmt::format("windows follow {}", change.to);
  return change.to;
}

std::string IntentOf(const std::vector<Change>& changes) {
  if (changes.empty()) return "edit";
  const std::string& op = changes.front().op;
  if (op.find("window") != std::string::npos || op == "set_time") return "edit.window";
  if (op.find("filter") != std::string::npos) return "edit.filter";
  if (op.find("group") != std::string::npos) return "edit.group";
  if (op == "rename") return "edit.rename";
  if (op.find("order") != std::string::npos || op.find("limit") != std::string::npos) return "edit.order_limit";
  if (op == "set_emit" || op == "set_source") return "edit.emit_source";
  for (const Change& change : changes) {
    if (change.op == "set_limit" || change.op == "set_order") return "edit.order_limit";
  }
  return "edit.measure";
}

/// "use trades-v2 instead", "from orders not trades", "switch to the csv file".
bool ApplySource(const Utterance& utterance, EditedQuery* edited, std::vector<Change>* changes) {
  bool words =
      utterance.Begins(
          "use|switch to|switch|from|read from|change the source|take|same for|same with|do the same for|now for") ||
      utterance.Has("instead|not|instead of");
  if (!words) return false;
  const SourceModel* named = nullptr;
  for (const SourceModel& source : utterance.sources) {
    for (size_t i = 0; i < utterance.sentence.tokens.size(); ++i) {
      size_t length = LinkSourceName(source, utterance.sentence.tokens, i);
      bool negated =
          i > 0 && (utterance.sentence.tokens[i - 1].text == "not" || utterance.sentence.tokens[i - 1].text == "of");
      if (length > 0 && !negated && source.fact->name != edited->core->from[0].name) named = &source;
    }
  }
  if (named == nullptr) return false;
  changes->push_back({"set_source", edited->core->from[0].name, named->fact->name});
  edited->core->from[0].name = named->fact->name;
  if (edited->core->window) edited->core->window->time = nullptr;
  return true;
}

/// "sessions per user with a gap of 30 seconds": what is wanted stands first, with groups or figures of its own.
bool NamesWish(const Utterance& utterance, const Frame& frame) {
  if (utterance.Has("instead|as well|too|it|that|this") || utterance.Begins(kEditVerbs)) return false;
  const bool sessions = utterance.Begins("sessions|visits|user sessions|session duration") &&
                        (!frame.keys.empty() || utterance.Has("per|by|of each|for each"));
  const bool leads = utterance.Begins("per|by|in|with|every|each|over|for|from|where|when|window|windows|and|also|top");
  return sessions || (!leads && !frame.keys.empty() && (frame.window || !frame.measures.empty()));
}

bool IsEdit(const Utterance& utterance, const EditedQuery& edited, const SourceModel& source, Reading* reading) {
  *reading = ReadQuery(utterance.sentence, source, &edited.names);
  const SourceModel* named = utterance.NamedSource();
  bool other_source = named != nullptr && named != &source;
  if (reading->frame.monitor || NamesWish(utterance, reading->frame)) return false;
  if (utterance.Has("instead|as well|too") || utterance.Begins("and|also|but")) return true;
  if (utterance.Begins(kEditVerbs)) {
    bool only_named =
        utterance.Begins("only|just|keep|make") && named != nullptr && !edited.names.aggregated && other_source;
    return !only_named;
  }
  if (other_source) return false;
  // What does not fit this query as a whole is a new wish, maybe about another source.
  if (reading->frame.empty() || reading->score < 0.75 || reading->frame.monitor) return false;
  if (!reading->frame.unknown_field.empty() || !reading->leftovers.empty()) return false;
  bool whole = !reading->frame.measures.empty() && !reading->frame.top;
  if (reading->frame.top && reading->frame.top->entity < 0 && !utterance.Begins(kNewWish)) return true;
  if (whole || reading->frame.list_values || (reading->frame.top && reading->frame.top->entity >= 0)) return false;
  if (utterance.Begins(kNewWish) && (named != nullptr || !utterance.Has("only|just|these|those|them|it"))) return false;
  return named == nullptr;
}

Reply Finish(const Utterance& utterance, EditedQuery edited, std::vector<Change> changes, Frame frame) {
  Reply reply;
  reply.intent = IntentOf(changes);
  reply.mode = "edit";
  reply.confidence = 0.95;
  if (std::string error = BindError(*edited.query, utterance); !error.empty()) {
    reply.text = fmt::format("That change does not fit: {}.", error);
    reply.not_understood = true;
    return reply;
  }
  reply.sql = edited.Print();
  reply.title = TitleOf(edited);
  std::string text;
  for (const Change& change : changes) text += (text.empty() ? "" : "; ") + ChangeWords(change);
  reply.explanation = Capitalised(text) + ".";
  reply.changes = std::move(changes);
  reply.understood = std::move(frame.understood);
  reply.assumptions = std::move(frame.assumptions);
  bool aggregated = NamesOf(*edited.core).aggregated;
  reply.suggested_viz = aggregated ? edited.core->window             ? "line"
                                     : edited.core->group_by.empty() ? "gauge"
                                                                     : "bar"
                                   : "table";
  reply.follow_ups = {{"Run it", "run it"}, {"Undo", "undo"}, {"Explain it", "explain this"}};
  return reply;
}

/// "remove the price filter and add a filter for quantity > 10": what follows the verb's own words is an edit of its
/// own. Returns the beginnings of the words used.
std::vector<size_t> ApplyRemainder(const Utterance& utterance, const SourceModel& source, size_t end,
                                   EditedQuery* edited, std::vector<Change>* changes) {
  FixedForm form(utterance);
  form.TakeTokens(0, end);
  Reading more = ReadQuery(form.Rest(), source, &edited->names);
  if (more.frame.empty() || more.frame.question || more.score < 0.5) return form.WordsUsed(nullptr);
  edited->names = NamesOf(*edited->core);
  for (Change& change : ApplyFrame(source, &more.frame, false, edited)) changes->push_back(std::move(change));
  return form.WordsUsed(&more);
}

}  // namespace

std::optional<Reply> ReadEdit(const Utterance& utterance) {
  if (utterance.situation.focus_sql.empty()) return std::nullopt;
  std::optional<EditedQuery> edited = ParseForEdit(utterance.situation.focus_sql);
  if (!edited) return std::nullopt;
  const SourceModel* source = SourceOf(utterance, *edited);
  if (source == nullptr) return std::nullopt;
  Reading reading;
  if (!IsEdit(utterance, *edited, *source, &reading)) return std::nullopt;
  std::vector<Change> changes;
  Frame frame;
  std::string problem;
  if (ApplySource(utterance, &*edited, &changes)) {
    Reply reply = Finish(utterance, std::move(*edited), changes, Frame());
    FixedForm form(utterance);
    form.Take(
        "use|switch to|switch|from|read from|change the source to|change the source|take|same for|same with|do the "
        "same for|now for|instead of|instead|not|topic|file");
    reply.words_used = form.WordsUsed(nullptr);
    for (const SourceModel& other : utterance.sources) {
      for (size_t i = 0; i < utterance.sentence.tokens.size(); ++i) {
        for (size_t k = 0; k < LinkSourceName(other, utterance.sentence.tokens, i); ++k)
          reply.words_used.push_back(utterance.sentence.tokens[i + k].begin);
      }
    }
    if (reply.not_understood) {
      reply.not_understood = false;
      reply.text = fmt::format("The query cannot read {} as it is: {}", changes.front().to, reply.text);
    }
    return reply;
  }
  size_t end = 0;
  if (ApplyVerb(utterance.sentence, *source, &*edited, &frame, &changes, &problem, &end)) {
    if (!problem.empty()) return TextReply("edit", problem);
    if (!changes.empty()) {
      std::vector<size_t> used = ApplyRemainder(utterance, *source, end, &*edited, &changes);
      Reply reply = Finish(utterance, std::move(*edited), std::move(changes), std::move(frame));
      reply.words_used = std::move(used);
      return reply;
    }
  }
  if (!reading.frame.unknown_field.empty() || reading.frame.question) {
    Reply reply;
    reply.intent = "edit";
    reply.confidence = 0.6;
    if (reading.frame.question) {
      reply.question = std::move(reading.frame.question);
      return reply;
    }
    std::string columns;
    for (const FieldModel& field : source->fields) columns += (columns.empty() ? "" : ", ") + field.name;
    return TextReply("edit",
                     fmt::format("There is no column {}. The columns are {}.", reading.frame.unknown_field, columns));
  }
  if (reading.frame.empty() || reading.score < 0.5 || LeavesNegation(reading)) return std::nullopt;
  bool replaces = utterance.Has("instead") || (utterance.Has("only|just") && !reading.frame.projections.empty() &&
                                               reading.frame.conditions.empty());
  changes = ApplyFrame(*source, &reading.frame, replaces, &*edited);
  if (changes.empty()) return TextReply("edit", "The query already says that, so nothing changed.");
  Reply reply = Finish(utterance, std::move(*edited), std::move(changes), std::move(reading.frame));
  FixedForm form(utterance);
  form.Take(kEditVerbs);
  reply.words_used = form.WordsUsed(&reading);
  return reply;
}

}  // namespace velo::language
