// Two sources in one query: joins of streams within a time, lookups in tables and files, rows without a partner (API
// S15, S16).
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "assistant/language/build_sql.h"
#include "assistant/language/durations.h"
#include "assistant/language/intents/intent.h"
#include "assistant/language/lexicon.h"
#include "assistant/language/query_text.h"
#include "assistant/language/sql_nodes.h"
#include "engine/sql/printer.h"

namespace velo::language {
namespace {

constexpr int64_t kDefaultWithin = 5 * 60'000;
constexpr size_t kColumnsPerSide = 8;
constexpr std::string_view kJoin =
    "join|joined|joining|match|matched|match up|correlate|combine|combined|link|linked|left join|inner join";
constexpr std::string_view kLookup =
    "enrich|enriched|decorate|decorated|look up|lookup|bring in|left join|with reference data|add";
constexpr std::string_view kWithout =
    "without|with no|that have no|which have no|that has no|having no|lacking|missing|not followed by|never got";
constexpr std::string_view kOn = "on|using|by|via|over";

struct Side {
  const SourceModel* source = nullptr;
  size_t at = 0;
  std::string alias;
};

struct JoinFrame {
  Side left, right;
  std::string left_key, right_key;
  std::vector<std::string> possible_keys;  ///< Of both sides, when the words do not say which.
  int64_t within = 0;
  bool within_assumed = false;
  bool outer = false, without = false;
};

bool IsTable(const SourceModel& source) {
  const RelationPtr& relation = source.fact->relation;
  return source.fact->type == "file" ||
         (relation != nullptr && (relation->bounded || relation->kind == RelationKind::kTable));
}

/// The first two different sources that the words name, before they say on which column.
std::vector<Side> NamedSides(const Utterance& utterance) {
  std::vector<Side> sides;
  const std::vector<Token>& tokens = utterance.sentence.tokens;
  for (size_t i = 0; i < tokens.size() && sides.size() < 2; ++i) {
    const SourceModel* best = nullptr;
    size_t longest = 0;
    for (const SourceModel& source : utterance.sources) {
      const size_t length = LinkSourceName(source, tokens, i);
      const bool whole = length == source.name_parts.size();
      if (length == 0 || !(whole || !tokens[i].is_word())) continue;
      const bool glued_on = i + length < tokens.size() && tokens[i + length].glued;  // "order_id" names a column.
      if (glued_on || length < longest) continue;
      const bool topic_first = length == longest && best != nullptr && best->fact->type == "topic";
      if (topic_first) continue;
      best = &source;
      longest = length;
    }
    if (best == nullptr) continue;
    const bool known = !sides.empty() && sides.front().source == best;
    if (!known) sides.push_back({best, i, ""});
    i += longest - 1;
  }
  return sides;
}

std::string AliasOf(const SourceModel& source) {
  for (char c : source.singular) {
    if (c >= 'a' && c <= 'z') return std::string(1, c);
  }
  return "s";
}

const FieldModel* FieldNamed(const SourceModel& source, std::string_view joined) {
  for (const FieldModel& field : source.fields) {
    if (field.joined == joined) return &field;
  }
  return nullptr;
}

/// "on symbol", "by order_id", "on device = id".
bool ReadSaidKey(const Utterance& utterance, JoinFrame* frame) {
  Reader left(utterance.sentence, *frame->left.source, nullptr),
      right(utterance.sentence, *frame->right.source, nullptr);
  for (size_t i = 0; i < utterance.sentence.tokens.size(); ++i) {
    left.at = right.at = i;
    const size_t lead = left.Match(kOn);
    if (lead == 0) continue;
    left.at = right.at = i + lead;
    left.SkipArticles();
    right.at = left.at;
    if (left.done()) break;
    const FieldLink here = left.field(), there = right.field();
    if (here && there && here.score > 0.7 && there.score > 0.7) {
      frame->left_key = left.name(here.field);
      frame->right_key = right.name(there.field);
      return true;
    }
    if (!here) continue;
    right.at = left.at + here.length;
    if (!(right.Accept("=|and|equals|to|with"))) continue;
    if (const FieldLink other = right.done() ? FieldLink() : right.field()) {
      frame->left_key = left.name(here.field);
      frame->right_key = right.name(other.field);
      return true;
    }
  }
  return false;
}

/// Columns of the same name in both; else "symbol_id" beside "id" of symbols.
void FindSharedKey(JoinFrame* frame) {
  const SourceModel &left = *frame->left.source, &right = *frame->right.source;
  std::vector<std::pair<std::string, std::string>> ids, others;
  for (const FieldModel& field : left.fields) {
    const FieldModel* same = FieldNamed(right, field.joined);
    if (same == nullptr || field.is_time() || (field.is_numeric() && !field.is_id())) continue;
    (field.is_id() ? ids : others).emplace_back(field.name, same->name);
  }
  for (const auto& [one, other, swapped] : {std::tuple(&left, &right, false), std::tuple(&right, &left, true)}) {
    const FieldModel* foreign = FieldNamed(*one, other->singular + "id");
    const FieldModel* own = FieldNamed(*other, "id");
    if (foreign == nullptr || own == nullptr) continue;
    ids.emplace_back(swapped ? own->name : foreign->name, swapped ? foreign->name : own->name);
  }
  std::vector<std::pair<std::string, std::string>>& best = ids.empty() ? others : ids;
  for (const auto& [one, other] : best) {
    const std::string joined = Joined(one);
    const bool own = joined == left.singular + "id" || joined == right.singular + "id" || joined == left.singular ||
                     joined == right.singular;
    if (best.size() > 1 && !own) continue;
    frame->left_key = one;
    frame->right_key = other;
    return;
  }
  for (const auto& [one, other] : best) frame->possible_keys.push_back(one);
}

std::optional<JoinFrame> ReadJoin(const Utterance& utterance) {
  const bool without = utterance.Has(kWithout), lookup = utterance.Has(kLookup);
  if (!without && !lookup && !utterance.Has(kJoin)) return std::nullopt;
  std::vector<Side> sides = NamedSides(utterance);
  const bool says_join = utterance.Has(kJoin) || utterance.Has("enrich|look up|lookup|bring in");
  if (sides.size() == 1 && !without && says_join && utterance.FocusSource() != nullptr &&
      utterance.FocusSource() != sides[0].source) {
    sides.insert(sides.begin(), Side{utterance.FocusSource(), 0, ""});  // "join it with symbols"
  }
  if (sides.size() != 2) return std::nullopt;
  JoinFrame frame;
  frame.left = sides[0];
  frame.right = sides[1];
  frame.without = without;
  frame.outer = without || lookup;
  const bool adds = utterance.Begins("add|look up|lookup|bring in");  // "add the sector of symbols to trades"
  const bool table_first = !frame.outer && IsTable(*frame.left.source) && !IsTable(*frame.right.source);
  if ((adds && !without) || table_first) std::swap(frame.left, frame.right);
  frame.left.alias = AliasOf(*frame.left.source);
  frame.right.alias = AliasOf(*frame.right.source);
  if (frame.left.alias == frame.right.alias) frame.right.alias += "2";
  for (const Token& token : utterance.sentence.tokens) {
    if (token.is_duration()) frame.within = token.milliseconds;
  }
  const bool streams = !IsTable(*frame.left.source) && !IsTable(*frame.right.source);
  if (frame.within == 0 && streams) {
    frame.within = kDefaultWithin;
    frame.within_assumed = true;
  }
  if (!ReadSaidKey(utterance, &frame)) FindSharedKey(&frame);
  return frame;
}

std::string SelectText(const JoinFrame& frame) {
  std::string items;
  std::set<std::string> taken;
  const SourceModel &left = *frame.left.source, &right = *frame.right.source;
  for (const FieldModel& field : left.fields) {
    if (taken.size() >= kColumnsPerSide) break;
    items += (items.empty() ? "" : ", ") + ColumnText(frame.left.alias, field.name);
    taken.insert(field.joined);
  }
  if (frame.without) return items;
  size_t shown = 0;
  for (const FieldModel& field : right.fields) {
    if (field.name == frame.right_key || shown == kColumnsPerSide) continue;
    items += ", " + ColumnText(frame.right.alias, field.name);
    if (!taken.insert(field.joined).second) items += " AS " + sql::QuoteIdentifier(right.singular + "_" + field.name);
    ++shown;
  }
  return items;
}

std::string QueryText(const JoinFrame& frame) {
  const std::string &left = frame.left.alias, &right = frame.right.alias;
  std::string text =
      fmt::format("SELECT {} FROM {} {} {}JOIN {} {} ON {} = {}", SelectText(frame), FromText(*frame.left.source), left,
                  frame.outer ? "LEFT " : "", FromText(*frame.right.source), right, ColumnText(left, frame.left_key),
                  ColumnText(right, frame.right_key));
  if (frame.within > 0) text += " WITHIN " + sql::PrintDuration(MakeDuration(frame.within));
  if (frame.without) text += fmt::format(" WHERE {} IS NULL", ColumnText(right, frame.right_key));
  return text + " EMIT CHANGES";
}

std::string NameOf(const Side& side) {
  return side.source->fact->alias.empty() ? side.source->fact->name : side.source->fact->alias;
}

/// Which columns belong together is not said, and not to be seen.
Reply AskForKey(const Utterance& utterance, const JoinFrame& frame) {
  Reply reply;
  reply.intent = "sql.join_streams";
  reply.confidence = 0.6;
  if (frame.possible_keys.empty()) {
    return TextReply("sql.join_streams",
                     fmt::format("{} and {} have no column in common. Say which belong together, for example \"join {} "
                                 "and {} on {} = {}\".",
                                 NameOf(frame.left), NameOf(frame.right), NameOf(frame.left), NameOf(frame.right),
                                 frame.left.source->fields.empty() ? "a" : frame.left.source->fields.front().name,
                                 frame.right.source->fields.empty() ? "b" : frame.right.source->fields.front().name));
  }
  Question question;
  question.question =
      fmt::format("On which column do {} and {} belong together?", NameOf(frame.left), NameOf(frame.right));
  for (const std::string& key : frame.possible_keys) {
    if (question.options.size() == 4) break;
    question.options.push_back({key, fmt::format("{} on {}", utterance.message, key)});
  }
  reply.question = std::move(question);
  return reply;
}

}  // namespace

std::optional<Reply> ReadJoinSources(const Utterance& utterance) {
  const std::optional<JoinFrame> frame = ReadJoin(utterance);
  if (!frame) return std::nullopt;
  if (frame->left_key.empty()) return AskForKey(utterance, *frame);
  const sql::QueryPtr query = ParseQuery(QueryText(*frame));
  const std::string error = query == nullptr ? "it cannot be written" : BindError(*query, utterance);
  if (!error.empty()) {
    return TextReply("sql.join_streams",
                     fmt::format("I could not join {} and {}: {}.", NameOf(frame->left), NameOf(frame->right), error));
  }
  Reply reply;
  reply.intent = frame->within > 0 ? "sql.join_streams" : "sql.join_table";
  reply.mode = "generate";
  reply.confidence = 0.9;
  reply.sql = sql::Print(*query);
  reply.suggested_viz = "table";
  const std::string within = frame->within > 0 ? " within " + LengthWords(frame->within) : "";
  reply.title = Capitalised(
      fmt::format("{} {} {}", NameOf(frame->left), frame->without ? "without" : "with", NameOf(frame->right)));
  reply.explanation = frame->without
                          ? fmt::format("{}{}: rows of {} appear when that time has passed without a partner.",
                                        reply.title, within, NameOf(frame->left))
                          : fmt::format("{} where {} is the same{}{}.", reply.title, frame->left_key, within,
                                        frame->outer ? "; rows without a partner stay, with NULL" : "");
  reply.understood.push_back(
      {"on " + frame->left_key, fmt::format("{} = {}", ColumnText(frame->left.alias, frame->left_key),
                                            ColumnText(frame->right.alias, frame->right_key))});
  if (frame->within_assumed) {
    reply.assumptions.push_back(
        {"within", fmt::format("rows belong together within {}", LengthWords(frame->within)), {}});
  }
  reply.follow_ups = {{"Run it", "run it"}, {"Explain it", "explain this"}};
  return reply;
}

}  // namespace velo::language
