#include "assistant/language/lexicon.h"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <unordered_set>

namespace velo::language {

namespace {

const std::vector<RoleWords> kRoles = {
    {"symbol",
     {"ticker", "ticker_symbol", "instrument", "stock"},
     {"sym", "security", "asset", "pair", "isin", "product_code", "share"}},
    {"price",
     {"execution_price", "trade_price", "last_price", "px"},
     {"last", "rate", "unit_price", "close", "cost", "quote"}},
    {"quantity",
     {"qty", "shares", "volume", "size"},
     {"units", "lots", "filled_qty", "trade_size", "amount_traded", "pieces", "contracts"}},
    {"timestamp",
     {"ts", "time", "event_time", "event_ts", "created_at"},
     {"occurred_at", "datetime", "date", "trade_time", "received_at", "logged_at"}},
    {"user_id",
     {"customer_id", "account_id", "cust_id", "client_id", "user", "customer", "account", "client"},
     {"member_id", "uid", "cardholder_id", "buyer_id", "visitor_id", "member", "buyer", "visitor", "person", "people",
      "shopper", "cardholder"}},
    {"amount",
     {"transaction_amount", "txn_amount", "total", "total_amount", "revenue", "sales", "spend", "turnover"},
     {"value", "sum", "payment_amount", "order_total", "grand_total", "money", "spending", "order_value", "dollars",
      "income", "earnings", "takings"}},
    {"transaction_id", {"txn_id", "tx_id", "payment_id"}, {"reference", "uuid"}},
    {"order_id", {"order_no", "order_number"}, {"reference"}},
    {"merchant_id", {"merchant", "store_id", "vendor_id"}, {"shop", "payee", "seller_id", "vendor", "seller", "store"}},
    {"location", {"country", "city", "region", "geo"}, {"ip_country", "lat_lon", "place", "site", "location"}},
    {"region", {"area", "zone", "state", "country"}, {"market", "territory", "dc", "geography"}},
    {"device_id",
     {"sensor_id", "machine_id", "deviceid", "asset_id", "device", "sensor", "machine"},
     {"node_id", "thing_id", "unit_id", "serial", "node"}},
    {"value",
     {"reading", "temperature", "measurement", "sensor_value"},
     {"temp", "pressure", "humidity", "level", "vibration"}},
    {"temperature", {"temp", "degrees", "heat"}, {"degree", "warmth"}},
    {"precipitation", {"precip", "rain", "rainfall"}, {"wetness"}},
    {"service", {"service_name", "app", "component", "application"}, {"api", "module", "microservice", "system"}},
    {"endpoint", {"path", "route", "url", "uri"}, {"operation"}},
    {"status_code", {"status", "http_status", "code"}, {"rc", "result"}},
    {"status", {"state", "outcome"}, {"result"}},
    {"latency_ms", {"duration_ms", "response_time", "elapsed_ms", "latency"}, {"took", "duration", "delay", "speed"}},
    {"session_id", {"session", "sid", "visit_id"}, {"visit"}},
    {"page", {"url", "path", "screen", "page_url"}, {"view", "location_path"}},
    {"event_type", {"event", "action", "type", "kind"}, {"activity", "verb", "name"}},
    {"product_id", {"sku", "item_id", "article", "product", "item"}, {"goods"}},
    {"stock", {"inventory", "on_hand", "stock_level", "qty_available"}, {}},
    {"level", {"severity", "log_level", "lvl"}, {"priority"}},
    {"message", {"msg", "text", "log"}, {"body", "content"}},
    {"agent_id", {"agent", "bot_id"}, {"bot"}},
    {"model", {"model_name", "model_version"}, {}},
    {"confidence", {"score", "probability"}, {"certainty"}},
    {"exchange", {"venue", "market", "mic"}, {"marketplace"}},
    {"side", {"direction", "buy_sell"}, {}},
    {"latitude", {"lat"}, {}},
    {"longitude", {"lon", "lng", "long"}, {}},
    {"channel", {"medium"}, {"source"}},
    {"currency", {"ccy"}, {}},
    {"category", {"genre", "group", "class"}, {"kind", "type"}},
};

const std::unordered_map<std::string_view, std::string_view> kAbbreviations = {{"qty", "quantity"},
                                                                               {"amt", "amount"},
                                                                               {"temp", "temperature"},
                                                                               {"temps", "temperature"},
                                                                               {"avg", "average"},
                                                                               {"cnt", "count"},
                                                                               {"num", "number"},
                                                                               {"px", "price"},
                                                                               {"cust", "customer"},
                                                                               {"prod", "product"},
                                                                               {"cat", "category"},
                                                                               {"desc", "description"},
                                                                               {"addr", "address"},
                                                                               {"lat", "latitude"},
                                                                               {"lon", "longitude"},
                                                                               {"lng", "longitude"},
                                                                               {"resp", "response"},
                                                                               {"req", "request"},
                                                                               {"msg", "message"},
                                                                               {"pct", "percent"},
                                                                               {"acct", "account"},
                                                                               {"txn", "transaction"},
                                                                               {"tx", "transaction"},
                                                                               {"loc", "location"},
                                                                               {"lvl", "level"},
                                                                               {"svc", "service"},
                                                                               {"dev", "device"},
                                                                               {"sym", "symbol"},
                                                                               {"dt", "date"},
                                                                               {"precip", "precipitation"},
                                                                               {"pop", "population"},
                                                                               {"vol", "volume"},
                                                                               {"maximum", "max"},
                                                                               {"minimum", "min"},
                                                                               {"max", "max"},
                                                                               {"min", "min"},
                                                                               {"highest", "max"},
                                                                               {"lowest", "min"},
                                                                               {"mgr", "manager"},
                                                                               {"dept", "department"},
                                                                               {"emp", "employee"},
                                                                               {"org", "organization"},
                                                                               {"dest", "destination"},
                                                                               {"orig", "origin"},
                                                                               {"dist", "distance"},
                                                                               {"hum", "humidity"},
                                                                               {"yr", "year"},
                                                                               {"ctry", "country"},
                                                                               {"cylinders", "cylinder"},
                                                                               {"conf", "confidence"},
                                                                               {"mins", "minute"},
                                                                               {"hrs", "hour"}};

const std::unordered_set<std::string_view> kWeak = {
    "id",      "ms", "usd", "eur", "name", "code", "no",  "number", "key",   "c",    "f",   "celsius",
    "seconds", "s",  "sec", "min", "kg",   "km",   "pct", "val",    "value", "at",   "ref", "uuid",
    "us",      "ns", "in",  "of",  "per",  "lbs",  "mm",  "cm",     "is",    "total"};

const std::unordered_set<std::string_view> kFillers = {"please",     "pls",        "plz",        "thanks",
                                                       "thank",      "can",        "could",      "would",
                                                       "will",       "should",     "you",        "i",
                                                       "id",         "im",         "we",         "us",
                                                       "want",       "need",       "like",       "wish",
                                                       "love",       "to",         "the",        "a",
                                                       "an",         "me",         "my",         "our",
                                                       "your",       "their",      "its",        "it",
                                                       "of",         "is",         "are",        "was",
                                                       "were",       "be",         "been",       "being",
                                                       "am",         "do",         "does",       "did",
                                                       "done",       "has",        "have",       "had",
                                                       "get",        "got",        "give",       "show",
                                                       "display",    "find",       "fetch",      "see",
                                                       "view",       "look",       "tell",       "let",
                                                       "lets",       "make",       "what",       "whats",
                                                       "which",      "how",        "who",        "that",
                                                       "this",       "these",      "those",      "there",
                                                       "here",       "them",       "they",       "he",
                                                       "she",        "so",         "now",        "then",
                                                       "some",       "any",        "all",        "write",
                                                       "query",      "queries",    "sql",        "calculate",
                                                       "calc",       "compute",    "work",       "out",
                                                       "up",         "using",      "use",        "for",
                                                       "from",       "in",         "on",         "at",
                                                       "with",       "into",       "as",         "data",
                                                       "result",     "results",    "stream",     "streaming",
                                                       "live",       "real",       "time",       "table",
                                                       "topic",      "and",        "or",         "but",
                                                       "also",       "too",        "well",       "just",
                                                       "only",       "each",       "every",      "per",
                                                       "by",         "if",         "when",       "where",
                                                       "whose",      "while",      "during",     "over",
                                                       "hey",        "hi",         "hello",      "ok",
                                                       "okay",       "well",       "go",         "across",
                                                       "list",       "select",     "return",     "create",
                                                       "build",      "generate",   "produce",    "determine",
                                                       "figure",     "know",       "curious",    "help",
                                                       "simple",     "quick",      "quickly",    "me",
                                                       "one",        "ones",       "thing",      "things",
                                                       "stuff",      "lot",        "much",       "many",
                                                       "got",        "broken",     "down",       "across",
                                                       "within",     "their",      "current",    "currently",
                                                       "overall",    "actual",     "actually",   "still",
                                                       "column",     "columns",    "field",      "fields",
                                                       "value",      "values",     "figures",    "figure",
                                                       "plot",       "chart",      "graph",      "visualise",
                                                       "visualize",  "draw",       "draw",       "grouped",
                                                       "group",      "bit",        "s",          "re",
                                                       "ve",         "ll",         "t",          "d",
                                                       "m",          "same",       "about",      "than",
                                                       "other",      "statistics", "stats",      "report",
                                                       "interested", "file",       "dataset",    "set",
                                                       "rows",       "row",        "record",     "records",
                                                       "entries",    "entry",      "shown",      "must",
                                                       "happened",   "happen",     "happening",  "come",
                                                       "coming",     "comes",      "occur",      "occurred",
                                                       "occurs",     "seen",       "made",       "had",
                                                       "through",    "between",    "being",      "own",
                                                       "very",       "really",     "quite",      "first",
                                                       "next",       "after",      "before",     "again",
                                                       "take",       "takes",      "took",       "throw",
                                                       "toss",       "long",       "respective", "respectively",
                                                       "individual", "different",  "various",    "corresponding",
                                                       "given",      "certain",    "together", "aggregate", "flag", "summarise", "summarize", "analyse", "analyze"};

/// Meaningful to the grammar; beyond fillers.
const std::unordered_set<std::string_view> kGrammar = {
    "average",   "avg",        "mean",       "sum",        "total",       "totals",    "count",      "counts",
    "number",    "minimum",    "min",        "maximum",    "max",         "median",    "stddev",     "std",
    "deviation", "standard",   "variance",   "percentile", "percentiles", "quantile",  "distinct",   "unique",
    "top",       "bottom",     "best",       "worst",      "highest",     "lowest",    "largest",    "smallest",
    "biggest",   "most",       "least",      "fewest",     "last",        "latest",    "newest",     "oldest",
    "first",     "earliest",   "recent",     "greater",    "less",        "more",      "fewer",      "above",
    "below",     "over",       "under",      "between",    "exceeds",     "exceed",    "exceeding",  "exactly",
    "equal",     "equals",     "not",        "no",         "without",     "except",    "excluding",  "exclude",
    "contains",  "containing", "starts",     "starting",   "ends",        "ending",    "missing",    "empty",
    "null",      "nulls",      "unknown",    "window",     "windows",     "windowed",  "bucket",     "buckets",
    "tumbling",  "sliding",    "hopping",    "session",    "sessions",    "rolling",   "moving",     "hourly",
    "daily",     "weekly",     "minutely",   "monthly",    "yearly",      "minute",    "minutes",    "hour",
    "hours",     "second",     "seconds",    "day",        "days",        "week",      "weeks",      "month",
    "months",    "year",       "years",      "sort",       "sorted",      "order",     "ordered",    "rank",
    "ranked",    "descending", "ascending",  "limit",      "rate",        "ratio",     "share",      "percentage",
    "percent",   "fraction",   "proportion", "vwap",       "volatility",  "weighted",  "conversion", "final",
    "complete",  "closed",     "closes",     "once",       "emit",        "changes",   "change",     "add",
    "remove",    "drop",       "replace",    "rename",     "instead",     "undo",      "revert",     "explain",
    "describe",  "schema",     "structure",  "preview",    "peek",        "sample",    "messages",   "message",
    "topics",    "topic",      "sources",    "connect",    "open",        "load",      "read",       "run",
    "execute",   "stop",       "pause",      "resume",     "cancel",      "fix",       "validate",   "check",
    "join",      "label",      "bucket",     "categorise", "categorize",  "classify",  "small",      "medium",
    "large",     "high",       "low",        "updated",    "refreshed",   "sliding",   "gap",        "idle",
    "timeout",   "inactivity", "past",       "since",      "until",       "before",    "after",      "today",
    "yesterday", "higher",     "lower",      "bigger",     "smaller",     "larger",    "cheaper",    "hotter",
    "colder",    "older",      "younger",    "longer",     "shorter",     "faster",    "slower",     "atleast",
    "volume",    "revenue",    "monitor",    "track",      "watch",       "follow",    "include",    "including",
    "keep",      "hide",       "round",      "rounded",    "upper",       "uppercase", "lowercase",  "lower",
    "case",      "group",      "split",      "break",      "table",       "chart",     "alert",      "alerts",
    "dashboard", "deploy",     "metrics",    "monitoring", "template",    "templates", "app",        "tutorial",
    "trades",    "values",     "partition",  "offset",     "errors",      "error",     "failed",     "requests",
    "there",     "their",      "other",      "others",     "some",        "same",      "such",       "also",
    "even",      "ever",       "like",       "mode",       "trade",       "form",      "from",       "price",
    "side",      "activity",   "monitor",    "switch",     "bigger",      "heavy",     "active",     "busiest",
    "popular",   "common",     "frequent",   "cheapest",   "expensive",   "hottest",   "coldest",    "slowest",
    "fastest",   "times",      "spread",     "range",      "throughput",  "traffic",   "success",    "failure",
    "failures",  "where",      "having",     "least",      "true",        "false",     "yes",        "none",
    "been",      "both",       "half",       "lines"};

constexpr std::array<std::string_view, 62> kRepairable = {
    "average", "count",   "total",     "minimum",    "maximum",   "median",   "percentile", "distinct", "unique",
    "window",  "windows", "minute",    "minutes",    "hourly",    "daily",    "seconds",    "topics",   "topic",
    "schema",  "preview", "describe",  "connect",    "calculate", "messages", "records",    "greater",  "between",
    "without", "exclude", "excluding", "descending", "ascending", "sorted",   "highest",    "lowest",   "largest",
    "biggest", "volume",  "revenue",   "volatility", "explain",   "execute",  "validate",   "columns",  "structure",
    "instead", "replace", "remove",    "rename",     "sliding",   "tumbling", "session",    "sessions", "grouped",
    "latest",  "newest",  "customer",  "customers",  "undo",      "where",    "show",       "number"};

bool EndsWith(std::string_view word, std::string_view ending) { return word.ends_with(ending); }

}  // namespace

std::span<const RoleWords> Roles() { return kRoles; }

std::string Singular(std::string_view word) {
  static const std::unordered_map<std::string_view, std::string_view> kIrregular = {
      {"people", "person"},   {"men", "man"},         {"women", "woman"},
      {"children", "child"},  {"indices", "index"},   {"series", "series"},
      {"movies", "movie"},    {"cookies", "cookie"},  {"data", "data"},
      {"gas", "gas"},         {"news", "news"},       {"always", "always"},
      {"miles", "mile"},      {"heroes", "hero"},     {"analyses", "analysis"},
      {"vertices", "vertex"}, {"species", "species"}, {"lens", "lens"},
      {"as", "as"},           {"was", "was"},         {"has", "has"},
      {"its", "its"},         {"this", "this"},       {"does", "does"},
      {"less", "less"},       {"yes", "yes"},         {"us", "us"},
      {"is", "is"},           {"names", "name"},      {"responses", "response"}};
  if (auto it = kIrregular.find(word); it != kIrregular.end()) return std::string(it->second);
  if (word.size() < 4 || !EndsWith(word, "s") || EndsWith(word, "ss") || EndsWith(word, "us") || EndsWith(word, "is")) {
    return word.size() == 3 && EndsWith(word, "s") && word[1] != 's' && (word == "ids") ? "id" : std::string(word);
  }
  if (EndsWith(word, "ies") && word.size() > 4) return std::string(word.substr(0, word.size() - 3)) + "y";
  for (std::string_view ending : {"sses", "shes", "ches", "xes", "zzes", "uses"}) {
    if (EndsWith(word, ending) && !(ending == "uses" && word.size() < 7))
      return std::string(word.substr(0, word.size() - 2));
  }
  return std::string(word.substr(0, word.size() - 1));
}

std::string Plural(std::string_view word) {
  std::string out(word);
  if (word == "person") return "people";
  if (EndsWith(word, "s") || EndsWith(word, "x") || EndsWith(word, "ch") || EndsWith(word, "sh")) return out + "es";
  if (word.size() > 1 && EndsWith(word, "y") &&
      std::string_view("aeiou").find(word[word.size() - 2]) == std::string_view::npos) {
    out.pop_back();
    return out + "ies";
  }
  return out + "s";
}

bool SameRoot(std::string_view a, std::string_view b) {
  if (a == b) return true;
  size_t same = 0;
  while (same < a.size() && same < b.size() && a[same] == b[same]) ++same;
  // The rest must look like an ending: fail|ed, fail|ure, declin|e, declin|ed.
  static const std::unordered_set<std::string_view> kEndings = {
      "",      "s", "e",   "es",  "ed", "d",  "ing",  "ure", "ures", "al",     "ion",  "ions",
      "ation", "y", "ies", "ful", "r",  "er", "ment", "led", "ling", "lation", "ings", "ning"};
  // "rainy" is rain, "foggy" is fog.
  auto adjective = [](std::string_view word, std::string_view base) {
    if (!word.ends_with("y") || base.size() < 3 || !word.starts_with(base)) return false;
    std::string_view rest = word.substr(base.size());
    return rest == "y" || (rest.size() == 2 && rest[0] == base.back());
  };
  if (adjective(a, b) || adjective(b, a)) return true;
  return same >= 4 && kEndings.contains(a.substr(same)) && kEndings.contains(b.substr(same));
}

std::string_view SpellOut(std::string_view word) {
  auto it = kAbbreviations.find(word);
  return it == kAbbreviations.end() ? word : it->second;
}

bool IsWeakPart(std::string_view part) { return kWeak.contains(part); }
bool IsFiller(std::string_view word) { return kFillers.contains(word); }
bool IsGrammarWord(std::string_view word) { return kGrammar.contains(word) || kFillers.contains(word); }
bool InLexicon(std::string_view word) { return kGrammar.contains(word) || kFillers.contains(word); }
std::span<const std::string_view> RepairableWords() { return kRepairable; }

bool IsRecordNoun(std::string_view stem) {
  static const std::unordered_set<std::string_view> kNouns = {
      "row", "record", "event", "message", "entry", "line", "item", "thing", "occurrence", "document", "data", "time"};
  return kNouns.contains(stem);
}

}  // namespace velo::language
