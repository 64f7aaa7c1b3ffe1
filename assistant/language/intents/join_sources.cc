// Two sources in one query: joins of streams within a time, lookups in tables and files, rows without a partner (API
// S15, S16).
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "assistant/language/build_sql.h"
#include "assistant/language/durations.h"
#include "assistant/language/intents/fixed_form.h"
#include "assistant/language/intents/intent.h"
#include "assistant/language/intents/shared_key.h"
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
constexpr std::string_view kBound =
    "within a time of|within the|within|no more than|not more than|inside|after|apart by|in under|in";
constexpr std::string_view kWorks =
    "Name both sources and the column they share, and what is wanted of the joined rows: \"join trades with orders on "
    "order_id and count trades per region every minute\".";

struct Side {
  const SourceModel* source = nullptr;
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

/// The first two different sources that the words name. Takes them and every further place that names one of them.
std::vector<Side> TakeSides(FixedForm* form) {
  std::vector<Side> sides;
  const Utterance& utterance = form->utterance;
  const std::vector<Token>& tokens = utterance.sentence.tokens;
  for (size_t i = 0; i < tokens.size(); ++i) {
    const SourceModel* best = nullptr;
    size_t longest = 0;
    for (const SourceModel& source : utterance.sources) {
      size_t length = LinkSourceName(source, tokens, i);
      // "rides without a rating": the last word of a name does for the second side.
      const bool last_word = sides.size() == 1 && sides[0].source != &source && !source.name_parts.empty() &&
                             tokens[i].stem == source.name_parts.back() && !LinkField(*sides[0].source, tokens, i);
      if (last_word && length == 0) length = 1;
      const bool whole = length == source.name_parts.size() || last_word;
      if (length == 0 || !(whole || !tokens[i].is_word())) continue;
      const bool glued_on = i + length < tokens.size() && tokens[i + length].glued;  // "order_id" names a column.
      if (glued_on || length < longest) continue;
      const bool topic_first = length == longest && best != nullptr && best->fact->type == "topic";
      if (topic_first) continue;
      best = &source;
      longest = length;
    }
    if (best == nullptr) continue;
    const bool known = std::any_of(sides.begin(), sides.end(), [&](const Side& side) { return side.source == best; });
    if (!known && sides.size() == 2) continue;
    if (!known) sides.push_back({best, ""});
    form->TakeTokens(i, i + longest);
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

/// "on symbol", "by order_id", "on device = id".
bool TakeSaidKey(FixedForm* form, JoinFrame* frame) {
  const Utterance& utterance = form->utterance;
  Reader left(utterance.sentence, *frame->left.source, nullptr),
      right(utterance.sentence, *frame->right.source, nullptr);
  // "count by region" groups; "by" announces a key only where nothing is counted.
  const bool grouped =
      utterance.Has("count|counts|average|avg|total|sum|top|number of|how many|per|max|min|highest|lowest");
  for (size_t i = 0; i < utterance.sentence.tokens.size(); ++i) {
    left.at = right.at = i;
    const size_t lead = left.Match(grouped ? "on|using|via" : kOn);
    if (lead == 0) continue;
    left.at = right.at = i + lead;
    left.SkipArticles();
    right.at = left.at;
    if (left.done()) break;
    const FieldLink here = left.field(), there = right.field();
    if (here && there && here.score > 0.7 && there.score > 0.7) {
      frame->left_key = left.name(here.field);
      frame->right_key = right.name(there.field);
      form->TakeTokens(i, left.at + here.length);
      return true;
    }
    if (!here) continue;
    right.at = left.at + here.length;
    if (!(right.Accept("=|and|equals|to|with"))) continue;
    if (const FieldLink other = right.done() ? FieldLink() : right.field()) {
      frame->left_key = left.name(here.field);
      frame->right_key = right.name(other.field);
      form->TakeTokens(i, right.at + other.length);
      return true;
    }
  }
  return false;
}

std::optional<JoinFrame> TakeJoin(FixedForm* form, std::vector<Side> sides) {
  const Utterance& utterance = form->utterance;
  JoinFrame frame;
  const bool lookup = utterance.Has(kLookup);
  frame.without = utterance.Has(kWithout);
  frame.left = sides[0];
  frame.right = sides[1];
  frame.outer = frame.without || lookup;
  const bool adds = utterance.Begins("add|look up|lookup|bring in");  // "add the sector of symbols to trades"
  const bool table_first = !frame.outer && IsTable(*frame.left.source) && !IsTable(*frame.right.source);
  if ((adds && !frame.without) || table_first) std::swap(frame.left, frame.right);
  frame.left.alias = AliasOf(*frame.left.source);
  frame.right.alias = AliasOf(*frame.right.source);
  if (frame.left.alias == frame.right.alias) frame.right.alias += "2";
  form->Take(kJoin);
  form->Take(kLookup);
  if (frame.without) form->Take(kWithout);
  form->Take(
      "that caused them|that caused it|that belongs to them|that belong to them|the matching|matching|of the same|"
      "with their|to their|and their|streams|topics|stream|topic|table|data");
  frame.within = form->TakeDurationAfter(kBound);
  form->Take("of each other|apart");
  const bool streams = !IsTable(*frame.left.source) && !IsTable(*frame.right.source);
  if (frame.within == 0 && streams) {
    frame.within = kDefaultWithin;
    frame.within_assumed = true;
  }
  if (!TakeSaidKey(form, &frame)) {
    SharedKey key = FindSharedKey(*frame.left.source, *frame.right.source);
    frame.left_key = std::move(key.left);
    frame.right_key = std::move(key.right);
    frame.possible_keys = std::move(key.possible);
  }
  return frame;
}

/// Both sources as one, for what is said about the joined rows.
struct JoinedSource {
  SourceFact fact;
  SourceModel model;
  std::vector<std::pair<std::string, std::string>> owners;  ///< Column and the alias of its side.
};

void FillJoined(const JoinFrame& frame, JoinedSource* joined) {
  joined->model = *frame.left.source;
  joined->fact = *frame.left.source->fact;
  joined->fact.type = IsTable(*frame.left.source) ? joined->fact.type : "topic";
  joined->model.fact = &joined->fact;
  for (const FieldModel& field : joined->model.fields) joined->owners.emplace_back(field.name, frame.left.alias);
  for (size_t i = 0; i < frame.right.source->fields.size(); ++i) {
    const FieldModel& field = frame.right.source->fields[i];
    if (FieldNamed(joined->model, field.joined) != nullptr) continue;
    for (const ValueModel& value : frame.right.source->values) {
      if (value.field != static_cast<int>(i)) continue;
      joined->model.values.push_back(value);
      joined->model.values.back().field = static_cast<int>(joined->model.fields.size());
    }
    joined->model.fields.push_back(field);
    joined->owners.emplace_back(field.name, frame.right.alias);
  }
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

/// "trades t JOIN orders o WITHIN … ON …"
std::string FromJoin(const JoinFrame& frame) {
  const std::string &left = frame.left.alias, &right = frame.right.alias;
  std::string text = fmt::format("{} {} {}JOIN {} {} ON {} = {}", FromText(*frame.left.source), left,
                                 frame.outer ? "LEFT " : "", FromText(*frame.right.source), right,
                                 ColumnText(left, frame.left_key), ColumnText(right, frame.right_key));
  if (frame.within > 0) text += " WITHIN " + sql::PrintDuration(MakeDuration(frame.within));
  return text;
}

std::string QueryText(const JoinFrame& frame, const std::string& where) {
  std::string text = fmt::format("SELECT {} FROM {}{}", SelectText(frame), FromJoin(frame), where);
  if (frame.without)
    text += fmt::format("{}{} IS NULL", where.empty() ? " WHERE " : " AND ",
                        ColumnText(frame.right.alias, frame.right_key));
  return text + " EMIT CHANGES";
}

/// The query that the rest of the words ask of the joined rows: its columns get the alias of their side.
std::string QueryOverJoin(const JoinFrame& frame, const JoinedSource& joined, BuiltQuery* built) {
  sql::QueryPtr shell = ParseQuery(fmt::format("SELECT * FROM {} EMIT CHANGES", FromJoin(frame)));
  if (shell == nullptr) return {};
  sql::SelectCore& core = *built->query->body.select;
  core.from = std::move(shell->body.select->from);
  std::vector<sql::Expression*> parts = {core.where.get(), core.having.get()};
  for (sql::SelectItem& item : core.items) parts.push_back(item.expression.get());
  for (sql::GroupItem& item : core.group_by) parts.push_back(item.expression.get());
  for (sql::OrderItem& item : built->query->order_by) parts.push_back(item.expression.get());
  for (sql::Expression* part : parts) {
    if (part == nullptr) continue;
    for (const auto& [column, alias] : joined.owners) QualifyColumn(column, alias, part);
  }
  if (frame.without) {
    core.where = JoinConjuncts([&] {
      std::vector<sql::ExpressionPtr> all = SplitConjuncts(std::move(core.where));
      auto key = ColumnNode(frame.right_key);
      QualifyColumn(frame.right_key, frame.right.alias, key.get());
      all.push_back(NullTestNode(std::move(key), false));
      return all;
    }());
  }
  return sql::Print(*built->query);
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

/// A second source that is not there: the sources that share a column with the first are offered.
std::optional<Reply> AskForPartner(const FixedForm& form, const Side& side) {
  const Utterance& utterance = form.utterance;
  const std::vector<Token>& tokens = utterance.sentence.tokens;
  Reader reader(utterance.sentence, *side.source, nullptr);
  for (; !reader.done(); ++reader.at) {
    const size_t start = reader.at;
    if (!reader.Accept("with the|with|to the|to|and the|and|against the|against|into|from the|from")) continue;
    // "with customers" means a source, though there may be a column customer_id.
    const bool plural = !reader.done() && reader.token().text != reader.token().stem;
    const bool name = !reader.done() && reader.token().is_word() && !form.taken(reader.at) &&
                      (plural || !reader.field()) && !reader.value() && !IsFiller(reader.word()) &&
                      UnitMilliseconds(reader.word()) == 0 &&
                      reader.Match("count|sum|average|show|group|compute|calculate") == 0;
    if (!name) {
      reader.at = start;
      continue;
    }
    const Token& unknown = tokens[reader.at];
    std::vector<std::string> near, others;
    for (const SourceModel& source : utterance.sources) {
      if (&source == side.source) continue;
      const SharedKey key = FindSharedKey(*side.source, source);
      if (key.left.empty() && key.possible.empty()) continue;
      const bool alike =
          std::find(source.name_parts.begin(), source.name_parts.end(), unknown.stem) != source.name_parts.end();
      (alike ? near : others).push_back(NameOf({&source, ""}));
    }
    near.insert(near.end(), others.begin(), others.end());
    const std::string left = NameOf(side);
    if (near.empty()) {
      return TextReply("sql.join_streams",
                       fmt::format("There is no source called {}, and none that shares a column with "
                                   "{}. {}",
                                   unknown.raw, left, kWorks));
    }
    Reply reply;
    reply.intent = "sql.join_streams";
    reply.confidence = 0.6;
    Question question;
    question.question =
        fmt::format("There is no source called {}. Which one shall {} be joined with?", unknown.raw, left);
    for (const std::string& name : near) {
      if (question.options.size() == 4) break;
      std::string prompt = utterance.sentence.words;
      prompt.replace(unknown.begin, unknown.end - unknown.begin, name);
      question.options.push_back({name, std::move(prompt)});
    }
    if (question.options.size() == 1) question.options.push_back({"List all sources", "what topics do I have"});
    reply.question = std::move(question);
    return reply;
  }
  return std::nullopt;
}

/// What is said beside the names: nothing, conditions, or a query of its own over the joined rows.
struct JoinText {
  std::string sql, title, explanation;
};
JoinText WriteJoin(const JoinFrame& frame, const JoinedSource& joined, Reading* rest) {
  JoinText text;
  Frame& asked = rest->frame;
  const std::string within = frame.within > 0 ? " within " + LengthWords(frame.within) : "";
  const std::string pair =
      fmt::format("{} {} {}", NameOf(frame.left), frame.without ? "without" : "with", NameOf(frame.right));
  const std::string on = fmt::format("where {} is the same{}{}", frame.left_key, within,
                                     frame.outer && !frame.without ? "; rows without a partner stay, with NULL" : "");
  const bool all_rows = asked.empty() || asked.everything;
  if (all_rows) {
    text.sql = QueryText(frame, "");
    text.title = Capitalised(pair);
    text.explanation = frame.without
                           ? fmt::format("{}{}: rows of {} appear when that time has passed without a partner.",
                                         text.title, within, NameOf(frame.left))
                           : fmt::format("{} {}.", text.title, on);
    return text;
  }
  BuiltQuery built = BuildQuery(joined.model, &asked);
  const bool star = built.query->body.select->items.size() == 1 &&
                    built.query->body.select->items[0].expression->kind == sql::ExpressionKind::kStar;
  if (star) {
    if (sql::QueryPtr shown = ParseQuery(QueryText(frame, ""))) {
      built.query->body.select->items = std::move(shown->body.select->items);
    }
  }
  text.title = fmt::format("{}, {}", built.title, pair);
  text.explanation = fmt::format("{} Of {} {}.", built.explanation, pair, on);
  text.sql = QueryOverJoin(frame, joined, &built);
  return text;
}

}  // namespace

std::optional<Reply> ReadJoinSources(const Utterance& utterance) {
  const bool without = utterance.Has(kWithout), says_join = utterance.Has(kJoin);
  if (!without && !says_join && !utterance.Has(kLookup)) return std::nullopt;
  FixedForm form(utterance);
  std::vector<Side> sides = TakeSides(&form);
  const bool joins = says_join || utterance.Has("enrich|look up|lookup|bring in");
  const SourceModel* focus = utterance.FocusSource();
  if (sides.size() == 1 && !without && joins) {
    if (std::optional<Reply> reply = AskForPartner(form, sides[0])) return reply;
    if (focus != nullptr && focus != sides[0].source) sides.insert(sides.begin(), Side{focus, ""});  // "join it with …"
  }
  if (sides.size() != 2) return std::nullopt;
  std::optional<JoinFrame> frame = TakeJoin(&form, sides);
  if (frame->left_key.empty()) return AskForKey(utterance, *frame);
  JoinedSource joined;
  FillJoined(*frame, &joined);
  Reading rest = ReadQuery(form.Rest(), joined.model, nullptr);
  const std::string_view intent = frame->within > 0 ? "sql.join_streams" : "sql.join_table";
  const FormParts all{.window = true, .measures = true, .limit = true, .range = true};
  // "add the sector of symbols to trades": columns of the table are shown anyway.
  const bool adds = utterance.Has(kLookup) && rest.frame.measures.empty() && rest.frame.keys.empty();
  if (adds) rest.frame.projections.clear(), rest.frame.mentions.clear();
  if (std::optional<Reply> refusal = RefuseRest(form, rest, intent, kWorks, all)) return refusal;
  const JoinText text = WriteJoin(*frame, joined, &rest);
  std::optional<Reply> reply = FormReply(form, &rest, intent, text.sql, text.title);
  if (!reply) {
    return TextReply(intent, fmt::format("I could not join {} and {} that way. {}", NameOf(frame->left),
                                         NameOf(frame->right), kWorks));
  }
  reply->explanation = text.explanation;
  reply->understood.push_back(
      {"on " + frame->left_key, fmt::format("{} = {}", ColumnText(frame->left.alias, frame->left_key),
                                            ColumnText(frame->right.alias, frame->right_key))});
  if (frame->within_assumed) {
    reply->assumptions.push_back(
        {"within", fmt::format("rows belong together within {}", LengthWords(frame->within)), {}});
  }
  return reply;
}

}  // namespace velo::language
