// "write this to topic vwap-out", "save the result as a table", "create a stream big_trades from that": where the rows
// of a query go (API S23).
#include <algorithm>

#include <fmt/format.h>

#include "assistant/language/build_sql.h"
#include "assistant/language/edit_sql.h"
#include "assistant/language/intents/candidates.h"
#include "assistant/language/intents/fixed_form.h"
#include "assistant/language/intents/intent.h"
#include "assistant/language/lexicon.h"
#include "assistant/language/query_text.h"
#include "engine/sql/printer.h"

namespace velo::language {
namespace {

constexpr std::string_view kVerbs = "write|save|store|send|publish|copy|replicate|push|materialise|materialize";
constexpr std::string_view kCreate = "create|define";
constexpr std::string_view kThat =
    "the results of this query|the result of this query|the results of this|the result of this|the result of that|the "
    "results|the result|the output|results of this|results|result|this query|that query|the query|this|that|it|them";
constexpr std::string_view kWorks =
    "Rows can go to an embedded topic, a stream, a table or a file: \"write this to topic big-trades\", \"save the "
    "result "
    "as a table called latest\".";
/// Places that only a connector reaches.
constexpr std::string_view kElsewhere =
    "kafka|clickhouse|click "
    "house|postgres|postgresql|mysql|s3|elasticsearch|elastic|mongodb|redis|snowflake|bigquery|slack|"
    "email|webhook|database|minio";

enum class Place : uint8_t { kNone, kTopic, kStream, kTable, kFile };

struct Target {
  Place place = Place::kNone;
  std::string name;  ///< Empty when not said.
};

/// A name as typed at a token, with what is joined to it: "vwap-out".
std::string TakeName(FixedForm* form, size_t at) {
  const std::vector<Token>& tokens = form->utterance.sentence.tokens;
  if (at >= tokens.size()) return {};
  const Token& first = tokens[at];
  const bool quoted = first.kind == Token::Kind::kQuoted;
  if (!first.is_word() && !quoted && first.kind != Token::Kind::kUri && first.kind != Token::Kind::kPath) return {};
  if (first.is_word() &&
      (IsFiller(first.text) || first.text == "from" || first.text == "with" || first.text == "where"))
    return {};
  size_t end = at;
  while (end + 1 < tokens.size() && tokens[end + 1].glued) ++end;
  form->TakeTokens(at, end + 1);
  if (quoted || first.kind == Token::Kind::kUri || first.kind == Token::Kind::kPath) return first.text;
  return std::string(form->utterance.sentence.Slice(at, end));
}

/// "to (a) topic (called) x", "to x-out", "as a table x", "create a stream x", "into the file /tmp/x.jsonl".
Target TakeTarget(FixedForm* form) {
  struct Noun {
    std::string_view words;
    Place place;
  };
  static constexpr Noun kNouns[] = {{"topic", Place::kTopic},
                                    {"stream", Place::kStream},
                                    {"table|materialized view|materialised view", Place::kTable},
                                    {"parquet file|csv file|json file|jsonl file|file", Place::kFile}};
  Target target;
  Reader reader(form->utterance.sentence);
  for (; !reader.done() && target.place == Place::kNone; ++reader.at) {
    const size_t start = reader.at;
    const bool creates = start == 0 || reader.Match(kCreate) > 0;
    const bool lead =
        reader.Accept("to the|to a|to an|to|into the|into a|into an|into|in a|in the|in|as the|as a|as an|as") ||
        (creates && reader.Accept(kCreate));
    if (!lead || reader.done()) {
      reader.at = start;
      continue;
    }
    while (reader.Accept("a|an|the|new|embedded|my")) {
    }
    for (const Noun& noun : kNouns) {
      if (target.place != Place::kNone || !reader.Accept(noun.words)) continue;
      target.place = noun.place;
    }
    if (target.place == Place::kNone) {
      const Token& token = reader.token();
      const bool path = token.kind == Token::Kind::kUri || token.kind == Token::Kind::kPath;
      const bool topic_after = reader.Match("topic|stream|table", 1) > 0 && !creates;
      const bool glued = reader.at + 1 < reader.size() && reader.token(1).glued && token.is_word();
      const bool known =
          std::any_of(form->utterance.sources.begin(), form->utterance.sources.end(),
                      [&](const SourceModel& s) { return LinkSourceName(s, reader.sentence.tokens, reader.at) > 0; });
      if (path || ((topic_after || glued) && !known)) {
        target.place = path && !token.text.starts_with("topic://") ? Place::kFile : Place::kTopic;
        target.name = TakeName(form, reader.at);
        form->TakeTokens(start, reader.at + 1);
        if (topic_after) form->Take("topic|stream|table");
        return target;
      }
      reader.at = start;
      continue;
    }
    form->TakeTokens(start, reader.at);
    const size_t called = reader.at;
    if (reader.Accept("called|named|with the name|by the name of|at|=")) form->TakeTokens(called, reader.at);
    target.name = TakeName(form, reader.at);
  }
  return target;
}

/// A name made of what the query is: "vwap_per_symbol", "trades_copy".
std::string DefaultName(const sql::Query& query) {
  const sql::SelectCore* core = query.body.select.get();
  if (core == nullptr) return "result";
  const QueryNames names = NamesOf(*core);
  std::string key = core->group_by.empty() ? "" : sql::Print(*core->group_by.front().expression);
  for (const QueryNames::Item& item : names.items) {
    if (item.measure) return key.empty() ? item.alias : fmt::format("{}_per_{}", item.alias, key);
  }
  const std::string source = core->from.empty() ? "" : core->from[0].name;
  std::string plain;
  for (char c : source.substr(source.find_last_of('/') == std::string::npos ? 0 : source.find_last_of('/') + 1))
    plain += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  return (plain.empty() ? "rows" : plain) + "_selected";
}

std::string Identifier(std::string name) {
  for (char& c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  }
  return name;
}

struct Written {
  std::string sql, explanation;
};

std::string CreateText(std::string_view what, const std::string& name, const sql::Query& query) {
  return fmt::format("CREATE {} {} AS\n{}", what, sql::QuoteIdentifier(Identifier(name)), sql::Print(query));
}

Written Write(Target* target, sql::Query* query, std::vector<Assumption>* told) {
  if (target->name.empty()) {
    target->name = DefaultName(*query);
    told->push_back({"name", fmt::format("it is called {}", target->name), {}});
  }
  Written written;
  query->into.clear();
  if (target->place == Place::kTable) {
    written.sql = CreateText("TABLE", target->name, *query);
    const bool keyed = query->body.select != nullptr && !query->body.select->group_by.empty();
    written.explanation = fmt::format("The table {} holds {}; later queries read it by name.", Identifier(target->name),
                                      keyed ? "the newest row of each key" : "these rows");
    return written;
  }
  if (target->place == Place::kStream) {
    written.sql = CreateText("STREAM", target->name, *query);
    written.explanation =
        fmt::format("The stream {} carries these rows; later queries read it by name.", Identifier(target->name));
    return written;
  }
  sql::Sink sink;
  const bool file = target->place == Place::kFile;
  sink.name =
      target->name.find("://") != std::string::npos ? target->name : (file ? "file://" : "topic://") + target->name;
  query->into.push_back(std::move(sink));
  if (file) {
    written.sql = sql::Print(*query);
    written.explanation = fmt::format("The rows are written to the file {}.", target->name);
    return written;
  }
  written.sql = CreateText("STREAM", target->name, *query);
  written.explanation =
      fmt::format("The rows are written to the topic {}, which is made when it is not there.", target->name);
  return written;
}

/// The query at hand, without the CREATE around it.
sql::QueryPtr FocusQuery(const Utterance& utterance) {
  if (std::optional<EditedQuery> edited = ParseForEdit(utterance.situation.focus_sql))
    return sql::Clone(*edited->query);
  return ParseQuery(utterance.situation.focus_sql);
}

}  // namespace

std::optional<Reply> ReadSink(const Utterance& utterance) {
  const bool creates = utterance.Begins(kCreate) && utterance.Has("stream|table|topic|view");
  const bool writes = utterance.Has(kVerbs) && utterance.Has("to|into|in|as");
  if ((!creates && !writes) || utterance.Has(kElsewhere)) return std::nullopt;
  FixedForm form(utterance);
  Target target = TakeTarget(&form);
  if (target.place == Place::kNone) return std::nullopt;
  if (target.place == Place::kFile && target.name.find('/') == std::string::npos) {
    return TextReply("sql.sink",
                     "Say the path of the file as well: \"write this to /tmp/result.jsonl\". Results can also be "
                     "exported from the result panel as CSV or JSON.");
  }
  form.Take(kVerbs);
  if (creates) form.Take(kCreate);
  form.Take("from it|from this|from that|of it|of this|of that|with the|using the|from|out of|containing|with");
  const bool of_focus = form.Take(kThat);
  Reading rest;
  sql::QueryPtr query;
  std::string title = "Write to " + target.name;
  FormSource found = ReadRest(form, {});
  const bool own = !of_focus && found.reading && (!found.reading->frame.empty() || found.reading->named_source);
  if (own) {
    rest = std::move(*found.reading);
    const FormParts all{.window = true, .measures = true, .limit = true, .range = true};
    if (std::optional<Reply> refusal = RefuseRest(form, rest, "sql.sink", kWorks, all)) return refusal;
    query = BuildQuery(*rest.source, &rest.frame).query;
  } else {
    if (found.reply && !of_focus) return found.reply;
    if (utterance.situation.focus_sql.empty())
      return TextReply("sql.sink", fmt::format("There is no query yet whose rows could be written. {}", kWorks));
    query = FocusQuery(utterance);
  }
  if (query == nullptr || !BindError(*query, utterance).empty()) return TextReply("sql.sink", std::string(kWorks));
  Reply reply;
  reply.intent = "sql.sink";
  reply.mode = own ? "generate" : "edit";
  reply.confidence = 0.9;
  reply.assumptions = std::move(rest.frame.assumptions);
  Written written = Write(&target, query.get(), &reply.assumptions);
  if (!BindError(*query, utterance).empty())
    return TextReply("sql.sink", fmt::format("Rows cannot be written to {}. {}", target.name, kWorks));
  reply.sql = std::move(written.sql);
  reply.explanation = std::move(written.explanation);
  reply.title = Capitalised(target.name);
  reply.understood = std::move(rest.frame.understood);
  if (reply.mode == "edit") reply.changes.push_back({"set_sink", "", target.name});
  reply.suggested_viz = "table";
  reply.follow_ups = {{"Run it", "run it"}, {"Explain it", "explain this"}};
  reply.words_used = form.WordsUsed(own ? &rest : nullptr);
  return reply;
}

}  // namespace velo::language
