// What must not or cannot be done, with the nearest thing that works.
#include <algorithm>

#include <fmt/format.h>

#include "assistant/language/intents/intent.h"
#include "assistant/language/lexicon.h"

namespace velo::language {

namespace {

struct Missing {
  std::string_view words;
  std::string_view what;     ///< "Connecting to Kafka"
  std::string_view instead;  ///< What works today.
};

constexpr Missing kMissing[] = {
    {"kafka|broker|brokers|kafka cluster", "Connecting to Kafka",
     "Files and the embedded topics work today: try \"open /data/trades.csv\" or \"what topics do I have\"."},
    {"s3|s3 bucket|minio", "Reading from S3",
     "Files on this machine work today, Parquet too: try \"open /data/events/*.parquet\"."},
    {"postgres|postgresql|mysql|clickhouse|click house|my database|the database|pg database", "Connecting to databases",
     "Export the table to CSV or Parquet and open the file: try \"open /data/orders.csv\"."},
    {"mmap|memory map|memory mapped|filemmap", "Choosing memory-mapped reading by hand",
     "Large files are read in pieces that fit in memory without any setting: just open the file."},
    {"test this|test it|test the query|run tests|run the tests|generate test data|test data|synthetic data|fake "
     "data|fake trades|assert|assertions|sample orders|synthetic",
     "Testing with generated data", "You can run the query on the real rows right away: say \"run it\"."},
    {"grafana|dashboard|wallboard|live board|board of", "Building dashboards",
     "Every result has a live chart of its own: ask for the figures and say \"run it\"."},
    {"alert|alerts|alerting|notify me|notify|warn me|page me|tell me when", "Alerts",
     "A filter shows the cases live instead: for example \"symbols with volume over 1M per minute\"."},
    {"prometheus|metrics|add monitoring|observability|instrument|annotate", "Exporting metrics",
     "You can watch the figures here: say \"run it\" for a live chart."},
    {"deploy|ship this|ship it|go live|production|as a job|permanently|pipeline|pipelines", "Deploying queries as jobs",
     "You can run the query here and keep it in this conversation: say \"run it\"."},
    {"template|templates|blueprint|starting points", "Templates",
     "Start from the data instead: \"what topics do I have\" lists what is there."},
    {"build me an app|build an app|create an app|full app|complete application|an app|app|apps|application",
     "Building whole applications",
     "I can write the queries one at a time: for example \"average price per symbol in 5-minute windows\"."},
    {"tutorial|lesson|teach me|next lesson", "Lessons",
     "Ask for something small and look at the SQL: \"show me trades where price > 1000\", then \"count trades per "
     "symbol\"."},
    {"join|joined with|enrich|match up|correlate", "Joining these",
     "Name both sources and the column they share, for example \"join trades with orders on order_id\"."},
    {"lead|row number", "This calculation over neighbouring rows",
     "Moving averages, differences to the previous row and running totals work today: \"moving average of the last 20 "
     "prices per symbol\"."},
    {"compare|compared with|compared to|versus|year over year|week over week|month over month|previous period",
     "Comparing periods or sources",
     "Ask for one figure per period and compare in the chart: for example \"average price per month\"."},
    {"write this to|write it to|save the result|save it as|save this as|store the result|store results|replicate|send "
     "it to|copy the|into topic|as a table named|create a stream|create a table",
     "Writing results to that place",
     "Results can be exported from the result panel as CSV or JSON: say \"run it\" first."},
    {"dead letter|dlq", "Dead-letter topics",
     "Bad rows of a file are counted and shown with the file: say \"what does it look like\"."},
    {"lineage|topology|what feeds", "Drawing the pipeline",
     "\"explain this\" shows the steps of a query from source to result."},
    {"ollama|claude|openai|gpt|api key|language model|dark mode|timezone|settings",
     "Changing settings from the conversation",
     "Open the settings of the page instead. No key is needed: this assistant works without a model."},
    {"share a link|export the thread|download the sql|as markdown", "Exporting the conversation",
     "Copy the SQL from its editor, and export results as CSV or JSON from the result panel."},
};

bool IsAbout(const Utterance& utterance, const Missing& missing) {
  if (!utterance.Has(missing.words)) return false;
  // A word that names a source, column or value here ("alerts" topic, "status = dashboard") is data, not a wish.
  for (const SourceModel& source : utterance.sources) {
    for (size_t i = 0; i < utterance.sentence.tokens.size(); ++i) {
      Reader probe(utterance.sentence);
      probe.at = i;
      if (probe.Match(missing.words) == 0) continue;
      if (LinkSourceName(source, utterance.sentence.tokens, i) > 0 || LinkValue(source, utterance.sentence.tokens, i))
        return false;
      FieldLink link = LinkField(source, utterance.sentence.tokens, i);
      if (link && link.score > 0.9) return false;
    }
  }
  return true;
}

}  // namespace

std::optional<Reply> ReadRefuse(const Utterance& utterance) {
  const SourceModel* named = utterance.NamedSource();
  bool destroys = utterance.Begins("drop|delete|truncate|wipe|erase|purge|destroy|remove all|remove the");
  bool data_noun = utterance.Has(
      "topic|all data|everything|all rows|all messages|the data|database|all topics|the file|files|stream|all "
      "records|the table");
  if (destroys && (data_noun || (named != nullptr && utterance.content_words() <= 3)) &&
      !utterance.Has("filter|window|limit|column|grouping|from the query|repeated|repeats|duplicate|duplicates|late")) {
    Reply reply = TextReply("refuse",
                            "I do not delete data. I can leave rows out of a query instead, for example with \"without "
                            "cancelled orders\".");
    reply.follow_ups = Examples(utterance, 2);
    return reply;
  }
  if (utterance.Has("password|passwords|secret|secrets|credentials|api keys") &&
      utterance.Has("show|tell|reveal|give|what|print|display")) {
    return TextReply("refuse", "Secrets are never shown. They can be replaced in the settings.");
  }
  if (utterance.Has(
          "ignore your rules|ignore all previous|ignore previous|your instructions|jailbreak|system prompt")) {
    return TextReply("refuse", "I only help with data and queries here.");
  }
  bool chatter =
      utterance.Has("poem|joke|song|story|weather forecast|recipe|meaning of life|capital of|president|translate");
  bool oracle = utterance.Begins("predict|forecast") || utterance.Has("tomorrows|next year|will be tomorrow");
  if ((chatter || oracle) && named == nullptr) {
    Reply reply =
        TextReply("refuse", oracle ? "I cannot foresee the future. I can show how figures developed so far."
                                   : "That is outside what I do. I answer questions about your data with SQL.");
    reply.follow_ups = Examples(utterance, 3);
    return reply;
  }
  return std::nullopt;
}

std::optional<Reply> ReadLater(const Utterance& utterance) {
  for (const Token& token : utterance.sentence.tokens) {
    if (token.kind != Token::Kind::kUri) continue;
    std::string_view scheme = std::string_view(token.text).substr(0, token.text.find(':'));
    if (scheme == "file" || scheme == "topic" || scheme == "http" || scheme == "https") continue;
    Reply reply = TextReply("later", fmt::format("Connecting to {} sources is not possible yet. Files (CSV, JSON, JSON "
                                                 "Lines, Parquet) and the embedded topics work today.",
                                                 scheme));
    reply.follow_ups = {{"What topics do I have?", "what topics do I have"}};
    return reply;
  }
  // "host:9092" is a Kafka broker.
  size_t port = utterance.message.find(":9092");
  const Missing* found = port != std::string_view::npos ? &kMissing[0] : nullptr;
  for (const Missing& missing : kMissing) {
    if (found == nullptr && IsAbout(utterance, missing)) found = &missing;
  }
  if (found == nullptr) return std::nullopt;
  Reply reply = TextReply("later", fmt::format("{} is not possible yet. {}", found->what, found->instead));
  reply.follow_ups = Examples(utterance, 3);
  return reply;
}

}  // namespace velo::language
