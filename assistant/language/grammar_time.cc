#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "assistant/language/durations.h"
#include "assistant/language/reader.h"
#include "assistant/language/sql_nodes.h"

namespace velo::language {

namespace {

constexpr std::string_view kWindowNouns =
    "tumbling windows|tumbling window|time windows|time "
    "window|windows|window|windowed|buckets|bucket|intervals|interval|bars|"
    "candles|chunks|slots|periods|period|tumbling|bins|bin|steps|blocks|slices|increments|aggregates|granularity|"
    "resolution";

/// Takes a length of time: a duration token, or a bare unit where `bare` allows it ("per minute").
bool AcceptLength(Reader* reader, bool bare, int64_t* length) {
  if (reader->token().is_duration()) {
    *length = reader->token().milliseconds;
    ++reader->at;
    return true;
  }
  std::string_view word = reader->word();
  int64_t unit = bare && word.size() > 2 ? UnitMilliseconds(word) : 0;
  if (unit == 0) return false;
  *length = unit;
  ++reader->at;
  return true;
}

void SetWindow(Reader* reader, sql::WindowKind kind, int64_t size, int64_t advance, size_t from) {
  WindowFrame& window = reader->frame.window ? *reader->frame.window : reader->frame.window.emplace();
  // "rolling 1 hour count of orders every 5 min": the step comes after the figure.
  bool step = window.kind == sql::WindowKind::kSliding && window.size > 0 && window.advance == 0 &&
              kind == sql::WindowKind::kTumbling && size < window.size;
  if (step) {
    window.advance = size;
    window.words += " " + reader->Said(from, reader->at);
    return;
  }
  window.kind = kind;
  if (size > 0) window.size = size;
  if (advance > 0) window.advance = advance;
  std::string said = reader->Said(from, reader->at);
  window.words = window.words.empty() ? said : window.words + " " + said;
}

/// "every 5 min", "updated each minute", "refreshed every minute".
bool AcceptAdvance(Reader* reader, int64_t* advance) {
  size_t start = reader->at;
  if (reader->IsSymbol(",")) ++reader->at;
  reader->Accept("and");
  bool said = reader->Accept(
      "updated every|updating every|update every|refreshed every|refreshing every|refreshed each|updated "
      "each|recomputed every|"
      "recalculated every|advancing by|advancing every|advance by|advance|sliding by|sliding every|slide "
      "by|slide|stepping|"
      "hopping by|hopping every|moving every|every|each|per|by|with a|in|updated|refreshed|step");
  if (said && AcceptLength(reader, true, advance)) {
    reader->Accept("steps|step|hops|hop|slides|slide");
    return true;
  }
  reader->at = start;
  return false;
}

/// "(in 1 minute windows) sliding every 10 seconds": the step of a window said before.
bool ReadStep(Reader* reader) {
  const bool windowed =
      reader->frame.window && reader->frame.window->size > 0 && reader->frame.window->kind != sql::WindowKind::kSession;
  if (!windowed) return false;
  const size_t start = reader->at;
  int64_t advance = 0;
  if (reader->IsSymbol(",")) ++reader->at;
  reader->Accept("and|that|which|with");
  reader->Accept("a|an|are|is");
  bool said = reader->Accept(
      "sliding forward by|sliding forward every|sliding every|sliding by|sliding each|sliding|slides every|slides "
      "by|slide every|slide of|slide by|slide|slid every|hopping every|hopping by|hopping|hop of|hop by|hops of|hops "
      "every|hop|moving forward every|moving every|moving by|moves every|advancing every|advancing "
      "by|advancing|advances "
      "every|advances by|advance of|advance by|advance|stepping every|stepping by|stepping|step of|steps of|step "
      "size|updated every|updated each|updates every|refreshed every|refreshed each|renewed every|recomputed "
      "every|recalculated every|overlapping by|overlapping every|every");
  const bool overlap = said && reader->Match("overlapping", static_cast<size_t>(-2)) > 0;
  if (!said || !AcceptLength(reader, true, &advance) || advance >= reader->frame.window->size) {
    advance = 0;
    // "with a 10 second step"
    reader->at = start;
    reader->Accept("and|with|in");
    reader->Accept("a|an|the");
    const bool trailing = AcceptLength(reader, false, &advance) && advance < reader->frame.window->size &&
                          reader->Accept("steps|step|slide|slides|hops|hop|advance");
    if (!trailing) {
      reader->at = start;
      return false;
    }
  }
  WindowFrame& window = *reader->frame.window;
  window.kind = sql::WindowKind::kSliding;
  window.advance = overlap ? window.size - advance : advance;
  window.words += " " + reader->Said(start, reader->at);
  return true;
}

bool ReadSliding(Reader* reader) {
  if (ReadStep(reader)) return true;
  size_t start = reader->at;
  int64_t size = 0, advance = 0;
  // "hop 30s over 5m"
  if (reader->Accept("hop|slide|step") && AcceptLength(reader, false, &advance) && reader->Accept("over|across|in") &&
      AcceptLength(reader, false, &size)) {
    SetWindow(reader, sql::WindowKind::kSliding, size, advance, start);
    return true;
  }
  reader->at = start;
  // "(over) the last 10 minutes, updated every minute"
  reader->Accept("over|for|in|during|across|within");
  reader->SkipArticles();
  if (reader->Accept("last|past|previous|trailing") && AcceptLength(reader, true, &size)) {
    if (AcceptAdvance(reader, &advance) && advance < size) {
      SetWindow(reader, sql::WindowKind::kSliding, size, advance, start);
      return true;
    }
  }
  reader->at = start;
  // "rolling 1 hour (count) every 5 min", "sliding window of 15 minutes", "10-minute sliding windows"
  reader->Accept("in|over|with|on|using|use");
  reader->SkipArticles();
  bool length_first = AcceptLength(reader, false, &size);
  bool kind = reader->Accept("sliding|rolling|hopping|moving|trailing|overlapping");
  if (!kind) {
    reader->at = start;
    return false;
  }
  reader->Accept("time");
  bool noun = reader->Accept("windows|window");
  reader->Accept("of|over|size|sized");
  if (!length_first && !AcceptLength(reader, false, &size) && !noun) {
    reader->at = start;
    return false;
  }
  reader->Accept("windows|window");
  AcceptAdvance(reader, &advance);
  SetWindow(reader, sql::WindowKind::kSliding, size, advance, start);
  return true;
}

bool ReadSession(Reader* reader) {
  size_t start = reader->at;
  while (reader->Accept("in|into|by|with|a|use|using|as|over|and")) {
  }
  int64_t gap = 0;
  bool has_gap = AcceptLength(reader, false, &gap);
  bool noun = false;
  if (has_gap) {
    noun = reader->Accept("session windows|session window|sessions|session gap|inactivity gap|gap|timeout|idle time");
  } else {
    // "visits" may be a column or what the rows of the source are.
    bool plural_field = (reader->field() && reader->field().score > 0.97) || reader->source_name() > 0;
    noun = !plural_field && reader->Accept("session windows|session window|sessions|visits|sessionize|sessionise");
    if (!noun && reader->frame.window && reader->frame.window->kind == sql::WindowKind::kSession) {
      noun = reader->Match("gap|timeout|idle|with|after|inactivity|separated") > 0;
    }
  }
  if (!noun) {
    reader->at = start;
    return false;
  }
  if (!has_gap) {
    size_t mark = reader->at;
    while (reader->Accept("with|a|an|of|and|gap|timeout|idle|inactivity|for|after|separated|by|pause") ||
           reader->IsSymbol(",")) {
      if (reader->IsSymbol(",")) ++reader->at;
      if (reader->token().is_duration()) break;
    }
    if (AcceptLength(reader, false, &gap)) {
      reader->Accept("of|inactivity|gap|gaps|timeout|idle|idle time|pause");
      reader->Accept("inactivity|idle time");
    } else {
      reader->at = mark;
    }
  }
  SetWindow(reader, sql::WindowKind::kSession, gap, 0, start);
  return true;
}

bool ReadTumbling(Reader* reader) {
  size_t start = reader->at;
  int64_t size = 0;
  std::string_view word = reader->word();
  if (word == "hourly" || word == "daily" || word == "weekly" || word == "minutely") {
    size = UnitMilliseconds(word);
    ++reader->at;
    reader->Accept(kWindowNouns);
    SetWindow(reader, sql::WindowKind::kTumbling, size, 0, start);
    return true;
  }
  if (reader->Accept("minute by minute|by the minute")) {
    SetWindow(reader, sql::WindowKind::kTumbling, 60'000, 0, start);
    return true;
  }
  if (reader->Accept("this hour|this minute")) {
    SetWindow(reader, sql::WindowKind::kTumbling,
              reader->IsWord("minute", static_cast<size_t>(-1)) ? 60'000 : 3'600'000, 0, start);
    return true;
  }
  // "a 1 minute window", "tumbling 5 minutes", "window of 5 minutes", "the window to 5 minutes", "windows 5 min"
  size_t at = reader->at;
  reader->SkipArticles();
  reader->Accept("shorter|longer|smaller|bigger|larger|wider|narrower");
  if (reader->Accept("tumbling windows|tumbling window|tumbling|fixed windows|fixed window|windows|window|window "
                     "size|bucket size|buckets|bucketed")) {
    reader->Accept("of|to|by|size|into|at|every|per|be|is|from|with|in");
    reader->Accept("of|be");
    if (reader->IsSymbol(",")) ++reader->at;
    if (AcceptLength(reader, false, &size)) {
      reader->Accept(kWindowNouns);
      SetWindow(reader, sql::WindowKind::kTumbling, size, 0, start);
      return true;
    }
  }
  reader->at = at;
  bool lead = reader->Accept(
      "for each|for every|in each|in every|within each|every "
      "single|in|every|each|per|by|over|on|with|using|at|into|within|for|to|a|an");
  bool joined = !lead && reader->IsSymbol("/");
  if (joined) ++reader->at, lead = true;
  reader->Accept("a|an|the|one|non overlapping|fixed");
  bool tumbling = reader->Accept("tumbling|fixed");
  bool bare = lead && reader->Match("windows|window") == 0;
  // "by day" is a window, "by the day column" is not; a column of that very name wins after "by".
  if (bare && reader->field() && reader->field().score >= 0.98 && !reader->token().is_duration()) bare = false;
  // Months and years have no fixed length: with a column of dates they are calendar groups.
  if (bare && reader->Match("month|months|quarter|quarters|year|years") > 0 &&
      std::any_of(reader->source.fields.begin(), reader->source.fields.end(),
                  [](const FieldModel& field) { return field.is_time(); })) {
    reader->at = start;
    return false;
  }
  if (!AcceptLength(reader, bare, &size)) {
    reader->at = start;
    return false;
  }
  bool noun = tumbling || reader->Accept(kWindowNouns);
  if (noun) reader->Accept("windows|window");
  // "more than 30 seconds" and "for 5 minutes" are lengths, not windows.
  if (!lead && !noun) {
    reader->at = start;
    return false;
  }
  SetWindow(reader, sql::WindowKind::kTumbling, size, 0, start);
  return true;
}

}  // namespace

sql::ExpressionPtr TimeExpression(const FieldModel& field) {
  if (field.time_format.find('%') != std::string::npos && field.is_text()) {
    std::vector<sql::ExpressionPtr> arguments;
    arguments.push_back(ColumnNode(field.name));
    arguments.push_back(StringNode(field.time_format));
    return CallNode("TO_TIMESTAMP", std::move(arguments));
  }
  if (field.time_format == "epoch_seconds") return CallNode("FROM_UNIXTIME", ColumnNode(field.name));
  return ColumnNode(field.name);
}

bool ReadWindow(Reader* reader) { return ReadSession(reader) || ReadSliding(reader) || ReadTumbling(reader); }

bool ReadTimeRange(Reader* reader) {
  size_t start = reader->at;
  reader->Accept("in|over|for|during|from|within|across|of|since");
  reader->SkipArticles();
  int64_t length = 0;
  if (reader->Accept("last|past|previous|most recent|latest") && AcceptLength(reader, true, &length)) {
    reader->Accept("only|or so");
    reader->frame.last_milliseconds = length;
    reader->frame.last_words = reader->Said(start, reader->at);
    return true;
  }
  reader->at = start;
  if (reader->Accept("today|so far today")) {
    reader->frame.last_milliseconds = 86'400'000;
    reader->frame.last_words = "today";
    return true;
  }
  return false;
}

bool ReadEmit(Reader* reader) {
  size_t start = reader->at;
  reader->Accept("only|just|but only|emit|emitted|show only|with|and only|output|give me only");
  reader->Accept("the|emit");
  bool final_result = reader->Accept(
      "final results|final result|final values|final only|final|complete windows|completed windows|closed "
      "windows|finished windows|"
      "one result per window when it closes|one row per window|one result per window|one result for each window|when "
      "it closes|once it closes|once per window|once per bucket|when the window closes|when the windows close|when "
      "windows close|when each window closes|"
      "when a window closes|after the window closes|at the end of each window|at the end of the window|at window end");
  if (final_result) {
    reader->Accept("results|only|please");
    reader->frame.emit_final = true;
    reader->Understand(reader->Said(start, reader->at), "EMIT FINAL");
    return true;
  }
  if (reader->Accept("emit changes|changes instead|every change|all changes|each change|intermediate "
                     "results|continuous updates|on every change|early results") ||
      (reader->at > start && reader->Accept("changes"))) {
    reader->frame.emit_changes = true;
    reader->Understand(reader->Said(start, reader->at), "EMIT CHANGES");
    return true;
  }
  reader->at = start;
  return false;
}

}  // namespace velo::language
