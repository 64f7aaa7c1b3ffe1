// "explain this", "what is a tumbling window"
#include <fmt/format.h>

#include "assistant/language/intents/intent.h"

namespace velo::language {

namespace {

struct Term {
  std::string_view words;
  std::string_view text;
};
constexpr Term kGlossary[] = {
    {"tumbling window|tumbling windows|tumbling",
     "A tumbling window cuts time into buckets of equal length that do not overlap: with 5 minutes, every row belongs "
     "to exactly one bucket (10:00 to 10:05, 10:05 to 10:10 …). In SQL: WINDOW TUMBLING(INTERVAL '5' MINUTE)."},
    {"sliding window|sliding windows|hopping window|hopping windows|sliding|hopping",
     "A sliding window has a length and a step. With 10 minutes every minute, each minute you get the figures of the "
     "last 10 minutes, so a row counts in ten windows. In SQL: WINDOW SLIDING(INTERVAL '10' MINUTE, INTERVAL '1' "
     "MINUTE)."},
    {"session window|session windows|session",
     "A session window groups rows that come close together. It ends after a silence of the given length. In SQL: "
     "WINDOW SESSION(INTERVAL '30' MINUTE)."},
    {"emit changes",
     "EMIT CHANGES sends an updated row whenever a new input row changes a figure, so charts move at once. EMIT FINAL "
     "sends each window only once, when it is complete."},
    {"emit final",
     "EMIT FINAL sends one row per window, when the window is complete. EMIT CHANGES sends an updated row with every "
     "input row."},
    {"watermark|watermarks",
     "A watermark says how far event time has come: no older rows are expected. A window closes when the watermark "
     "passes its end; rows that come later are counted as late."},
    {"event time",
     "Event time is when something happened, taken from the data. Processing time is when the row was read. Windows "
     "use event time, so the result does not depend on how fast rows arrive."},
    {"vwap",
     "VWAP is the volume weighted average price: the money traded divided by the quantity traded. In SQL: SUM(price * "
     "quantity) / SUM(quantity)."},
    {"group by",
     "GROUP BY makes one result row per distinct value of the columns named, with figures such as COUNT or AVG over "
     "its rows."},
    {"having", "HAVING filters groups by their figures, after counting. WHERE filters single rows, before counting."},
    {"percentile|p95|p99",
     "The 95th percentile is the value that 95 of 100 rows stay at or below. In SQL: PERCENTILE_CONT(0.95) WITHIN "
     "GROUP (ORDER BY x)."},
    {"streaming sql|velostream|velo",
     "Streaming SQL is SQL over data that keeps arriving: a query goes on running and its result changes with every "
     "new row."},
    {"topic|topics",
     "A topic is a named stream of messages. New messages are added at its end; a query reads them in order."},
    {"window|windows",
     "A window cuts an endless stream into pieces of time, so that figures can be worked out per piece: tumbling (side "
     "by side), sliding (overlapping) or session (by activity)."},
};

}  // namespace

std::optional<Reply> ReadExplain(const Utterance& utterance) {
  bool asks_meaning = utterance.Begins(
                          "what is a|what is an|what is|what are|whats a|whats an|what does|why emit|why use|what "
                          "means|explain what|define|difference between|meaning of|how does a|how do|explain") ||
                      utterance.Has("mean|meaning");
  bool this_query = utterance.Has("this|it|the query|that|query|here|me through|expensive");
  if (asks_meaning &&
      !utterance.Has("this query|the query|this do|it do|per|by|average|total|sum|in the last|highest|lowest")) {
    for (const Term& term : kGlossary) {
      bool short_enough = utterance.content_words() <= 5;
      if (short_enough && utterance.Has(term.words) && utterance.NamedSource() == nullptr &&
          !(utterance.Has("look like|fields|columns|schema|do i have|are there|exist|do we have"))) {
        return TextReply("explain", std::string(term.text));
      }
    }
  }
  bool explain = utterance.Begins(
      "explain|what does this|what does it|what does the query|what does that|walk me through|describe the "
      "query|describe this query|how does this work|how does it work|is this expensive|what is this query|"
      "why emit|show the plan|show me the plan|query plan|whats the plan|what am i looking at|summarise the "
      "query|summarize the query|in plain words|in plain english");
  if (!explain || (utterance.content_words() > 7 && !this_query)) return std::nullopt;
  if (utterance.Has("look like|schema|fields|columns")) return std::nullopt;
  if (utterance.situation.focus_sql.empty()) {
    Reply reply = TextReply("explain", "There is no query to explain yet. Say what you want to know, or paste SQL.");
    reply.follow_ups = Examples(utterance, 3);
    return reply;
  }
  return ToolReply("explain", {{"explain_sql", {{"sql", utterance.situation.focus_sql}}}});
}

}  // namespace velo::language
