// What is there and what it looks like: list, describe, peek, count.
#include <algorithm>

#include <fmt/format.h>

#include "assistant/language/intents/intent.h"
#include "assistant/language/lexicon.h"

namespace velo::language {

namespace {

constexpr int64_t kDefaultPeek = 10;

/// A column or figure is named, so it is a query rather than a look at the data.
bool AsksForFigures(const Utterance& utterance) {
  return utterance.Has(
      "per|average|avg|mean|sum|total|count|where|median|top|by|group|grouped|window|windows|vwap|unique|distinct|"
      "highest|lowest|max|min|above|below|over|under|greater|"
      "more than|less than|only|every|each|hourly|rate|between");
}

bool HasComparison(const Utterance& utterance) {
  return std::any_of(utterance.sentence.tokens.begin(), utterance.sentence.tokens.end(), [](const Token& token) {
    return token.kind == Token::Kind::kSymbol &&
           (token.text == ">" || token.text == "<" || token.text == "=" || token.text == ">=" || token.text == "<=");
  });
}

const SourceModel* Target(const Utterance& utterance) {
  const SourceModel* named = utterance.NamedSource();
  return named != nullptr ? named : utterance.FocusSource();
}

/// The column suggestions group by: one made for it, else the first text.
int KeyColumn(const SourceModel& source) {
  std::string name = GroupColumn(source, "");
  int first_text = -1;
  for (size_t i = 0; i < source.fields.size(); ++i) {
    const FieldModel& field = source.fields[i];
    if (field.name == name) return static_cast<int>(i);
    if (first_text < 0 && field.is_text() && !field.is_time()) first_text = static_cast<int>(i);
  }
  return first_text;
}

std::vector<FollowUp> AfterLook(const SourceModel& source, bool peeked) {
  std::vector<FollowUp> next;
  std::string name = source.fact->alias.empty() ? source.fact->name : source.fact->alias;
  if (!peeked) {
    if (source.fact->type == "topic")
      next.push_back({"Last 10 messages", fmt::format("show me the last 10 messages from {}", name)});
    else
      next.push_back({"First 10 rows", "preview the first 10 rows"});
  }
  int key = KeyColumn(source);
  int figure = source.FindRoles({"price", "amount", "value", "latency_ms", "quantity"});
  for (size_t i = 0; i < source.fields.size() && figure < 0; ++i) {
    if (source.fields[i].is_numeric() && !source.fields[i].is_id()) figure = static_cast<int>(i);
  }
  if (key >= 0 && figure >= 0 && source.fields[static_cast<size_t>(figure)].is_numeric()) {
    std::string words = fmt::format("average {} per {}", source.fields[static_cast<size_t>(figure)].name,
                                    source.fields[static_cast<size_t>(key)].name);
    next.push_back({words, words + " in " + name});
  }
  if (key >= 0) {
    std::string words = fmt::format("count per {}", source.fields[static_cast<size_t>(key)].name);
    next.push_back({words, words + " in " + name});
  }
  if (source.is_trading() && source.FindRole("quantity") >= 0)
    next.push_back(
        {"VWAP per symbol",
         fmt::format("calculate VWAP per {}", source.fields[static_cast<size_t>(source.FindRole("symbol"))].name)});
  if (next.size() > 4) next.resize(4);
  return next;
}

}  // namespace

std::optional<Reply> ReadList(const Utterance& utterance) {
  bool noun = utterance.Has("topics|tables|sources|files|datasets|streams|data sources|connections|topic names");
  bool wish = utterance.Has("list|show|what|which|available|any|have|there|see|all|display|give|names") ||
              utterance.content_words() <= 2;
  bool there = utterance.Has(
      "whats in there|what is in there|what do i have|what do we have|what data do i have|what data is there|what can "
      "i query|what data|list everything|what is available|whats available|what else is there");
  if (!(noun && wish) && !there) return std::nullopt;
  if (utterance.NamedSource() != nullptr && !utterance.Has("in the name|named|called|topics|tables|sources|files"))
    return std::nullopt;
  if (AsksForFigures(utterance) || utterance.Has("schema|columns|fields")) return std::nullopt;
  Reply reply;
  if (utterance.Has("files|sources|datasets|data sources|connections") && !utterance.Has("topics")) {
    reply = ToolReply("list.items", {{"list_sources", {}}});
  } else {
    ToolCall call{"list_topics", {}};
    bool filtered = utterance.Has("with|called|named|containing|like|starting|matching|about");
    if (filtered) {
      for (size_t i = 0; i + 1 < utterance.sentence.tokens.size(); ++i) {
        std::string_view word = utterance.sentence.tokens[i].text;
        const Token& next = utterance.sentence.tokens[i + 1];
        if ((word == "with" || word == "called" || word == "named" || word == "containing" || word == "like" ||
             word == "matching" || word == "about") &&
            next.text != "in") {
          call.arguments.push_back({"filter", next.kind == Token::Kind::kQuoted ? next.text : next.stem});
          break;
        }
      }
    }
    reply = ToolReply("list.items", {call});
  }
  if (!utterance.sources.empty()) {
    const SourceModel& first = utterance.sources.front();
    std::string name = first.fact->alias.empty() ? first.fact->name : first.fact->alias;
    reply.follow_ups.push_back(
        {fmt::format("What does {} look like?", name), fmt::format("what does {} look like", name)});
    for (const FollowUp& example : Examples(utterance, 2)) reply.follow_ups.push_back(example);
  }
  return reply;
}

std::optional<Reply> ReadStats(const Utterance& utterance) {
  bool rows = utterance.Has(
      "how many messages|how many rows|how many records|how many lines|number of messages|number of rows|row "
      "count|record count|message count|size of the topic|size of|how big|how large");
  bool consumers = utterance.Has("who consumes|consumer lag|consumers|consumer groups");
  if (consumers) {
    return TextReply(
        "stats",
        "Consumers and their lag belong to Kafka, which cannot be connected yet. Embedded topics keep no consumer "
        "groups. I can count the messages of a topic instead: \"how many messages are in trades\".");
  }
  if (!rows || utterance.Has("per|by|each|where|every|with|over|above|below|hourly|window")) return std::nullopt;
  const SourceModel* source = Target(utterance);
  if (source == nullptr) {
    std::string unknown = utterance.UnknownSource();
    return AskForSource(utterance, "stats", unknown);
  }
  if (source->fact->type == "topic") {
    return ToolReply("stats", {{"list_topics", {{"filter", source->fact->name}}}});
  }
  return std::nullopt;  // Files are counted by a query.
}

std::optional<Reply> ReadDescribe(const Utterance& utterance) {
  bool asks = utterance.Has(
      "schema|describe|structure of|structure|look like|looks like|which fields|what fields|which columns|what "
      "columns|columns in|columns of|fields of|fields in|columns does|fields does|field names|column names|"
      "column types|data types|what is in|whats in|whats inside|what is inside|columns are there|fields are "
      "there|layout of|shape of|list the columns|list the fields|show columns|show fields|the columns|the fields|what "
      "do we know about|tell me about|attributes");
  if (!asks || HasComparison(utterance)) return std::nullopt;
  if (AsksForFigures(utterance) && !utterance.Has("schema|describe|columns|fields|look like|structure"))
    return std::nullopt;
  if (utterance.Has("messages look like|message look like|rows look like|records look like|data look like"))
    return std::nullopt;
  if (utterance.Has("this query|the query|the window|this do|it do")) return std::nullopt;
  const SourceModel* source = utterance.NamedSource();
  std::string unknown = source == nullptr ? utterance.UnknownSource() : "";
  if (!unknown.empty()) return AskForSource(utterance, "describe", unknown);
  if (source == nullptr) source = utterance.FocusSource();
  if (source == nullptr) return AskForSource(utterance, "describe", "");
  Reply reply = ToolReply("describe", {DescribeCall(*source)});
  reply.understood = {{source->fact->alias, SourceWords(*source)}};
  reply.follow_ups = AfterLook(*source, false);
  return reply;
}

std::optional<Reply> ReadPeek(const Utterance& utterance) {
  bool noun =
      utterance.Has("messages|message|rows|row|records|record|lines|entries|events|the data|some data|data|samples");
  bool verb = utterance.Has("preview|peek|sample|peek at|have a look|look at|glimpse|head|tail");
  bool ends = utterance.Has("last|first|newest|latest|oldest|recent|few|some|top") &&
              utterance.Has("show|see|give|display|list|get|print|first|last|newest|latest|oldest|what");
  bool shows = utterance.Has(
      "show me the data|show the data|show data|see the data|messages look like|data look like|rows look like|records "
      "look like|view the data|look at the data|show me some data|what does the data look like");
  const SourceModel* named = utterance.NamedSource();
  bool count_first = utterance.Number() > 0 && ends && (noun || named != nullptr);
  if (!verb && !shows && !count_first && !(ends && noun)) return std::nullopt;
  if (!shows && !verb && (AsksForFigures(utterance) || HasComparison(utterance))) return std::nullopt;
  if (verb && utterance.Has("where|greater|above|below|average|count|per")) return std::nullopt;
  // "the last 5 minutes" is a span of time, "only the first 20" an edit of the query.
  for (const Token& token : utterance.sentence.tokens) {
    if (token.is_duration() || (token.is_word() && UnitMilliseconds(token.text) > 3000 && utterance.Has("last|past")))
      return std::nullopt;
  }
  if (!utterance.situation.focus_sql.empty() && utterance.Begins("only|just|limit|but")) return std::nullopt;
  std::string unknown = named == nullptr ? utterance.UnknownSource() : "";
  if (!unknown.empty()) return AskForSource(utterance, "peek", unknown);
  const SourceModel* source = named != nullptr ? named : utterance.FocusSource();
  if (source == nullptr) return AskForSource(utterance, "peek", "");
  // Words about a column make it a query: "last price of AAPL".
  if (!verb && !shows && !noun) {
    for (size_t i = 0; i < utterance.sentence.tokens.size(); ++i) {
      FieldLink link = LinkField(*source, utterance.sentence.tokens, i);
      if (link && link.score >= 0.9 && LinkSourceName(*source, utterance.sentence.tokens, i) == 0) return std::nullopt;
    }
  }
  bool topic = source->fact->type == "topic";
  bool oldest = utterance.Has("first|oldest|head|earliest|beginning");
  bool newest = utterance.Has("last|newest|latest|recent|tail|end");
  int64_t limit = utterance.Number();
  if (limit <= 0)
    limit = utterance.Has("few") ? 5
            : utterance.Has(
                  "last message|latest message|newest message|last record|latest record|first row|last row|one "
                  "message|a message")
                ? 1
                : kDefaultPeek;
  limit = std::min<int64_t>(limit, 1000);
  Reply reply = ToolReply("peek", {PeekCall(*source, limit, topic ? !oldest || newest : newest)});
  reply.understood = {{source->fact->alias, SourceWords(*source)}};
  reply.follow_ups = AfterLook(*source, true);
  return reply;
}

std::vector<FollowUp> Examples(const Utterance& utterance, size_t limit) {
  std::vector<FollowUp> examples;
  const SourceModel* focus = utterance.FocusSource();
  auto add = [&](const SourceModel& source) {
    std::string name = source.fact->alias.empty() ? source.fact->name : source.fact->alias;
    auto field = [&](int index) { return source.fields[static_cast<size_t>(index)].name; };
    int key = KeyColumn(source);
    int figure = source.FindRoles({"price", "amount", "latency_ms", "value", "temperature", "quantity"});
    if (figure >= 0 && !source.fields[static_cast<size_t>(figure)].is_numeric()) figure = -1;
    for (size_t i = 0; i < source.fields.size() && figure < 0; ++i) {
      if (source.fields[i].is_numeric() && !source.fields[i].is_id()) figure = static_cast<int>(i);
    }
    // "total total" reads badly, and orders are counted by region rather than by symbol.
    if (figure >= 0 && field(figure).find("total") != std::string::npos) figure = -1;
    if (int region = source.FindRoles({"region"}); region >= 0 && !source.is_trading()) key = region;
    bool topic = source.fact->type == "topic";
    std::string prompt;
    if (key >= 0 && figure >= 0) {
      bool sum = source.fields[static_cast<size_t>(figure)].HasRole("amount");
      prompt =
          fmt::format("{} {} per {} in {}", sum ? (field(figure).starts_with("total") ? "sum of" : "total") : "average",
                      field(figure), field(key), name);
      if (topic) prompt += " every minute";
    } else if (key >= 0) {
      prompt = fmt::format("count {} per {}", name, field(key));
      if (topic) prompt += " every minute";
    } else {
      prompt = fmt::format("what does {} look like", name);
    }
    bool known = std::any_of(examples.begin(), examples.end(),
                             [&](const FollowUp& example) { return example.prompt == prompt; });
    if (!known) examples.push_back({prompt, prompt});
  };
  if (focus != nullptr) add(*focus);
  // What most people can read at a glance comes first: prices, then money, then the rest in order.
  auto rank = [](const SourceModel& source) {
    if (source.is_trading()) return 0;
    return source.FindRoles({"amount"}) >= 0 ? 1 : 2;
  };
  for (int wanted = 0; wanted <= 2; ++wanted) {
    for (const SourceModel& source : utterance.sources) {
      if (examples.size() < limit && &source != focus && rank(source) == wanted) add(source);
    }
  }
  if (utterance.sources.empty())
    examples = {{"open /data/trades.csv", "open /data/trades.csv"}, {"what topics do I have", "what topics do I have"}};
  if (focus != nullptr && examples.size() < limit) {
    std::string name = focus->fact->alias.empty() ? focus->fact->name : focus->fact->alias;
    examples.push_back({"Show me the data", fmt::format("show me the last 10 messages from {}", name)});
  }
  if (examples.size() > limit) examples.resize(limit);
  return examples;
}

}  // namespace velo::language
