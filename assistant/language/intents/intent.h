#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "assistant/language/language.h"
#include "assistant/language/linker.h"
#include "assistant/language/reader.h"

namespace velo::language {

/// One message with all that is known when it is read.
struct Utterance {
  std::string_view message;
  const Sentence& sentence;
  const Situation& situation;
  const std::vector<SourceModel>& sources;  ///< Parallel to situation.sources.
  Catalog* catalog;
  const FunctionRegistry& functions;

  /// True when one of the phrases ("a b|c") stands anywhere in the message.
  bool Has(std::string_view phrases) const;
  /// True when the message begins with one of them, politeness aside.
  bool Begins(std::string_view phrases) const;
  /// Number of words that carry meaning.
  size_t content_words() const;
  /// The source the words name, or null.
  const SourceModel* NamedSource() const;
  /// The source of the focus, or the only one there is, or null.
  const SourceModel* FocusSource() const;
  /// A name after "topic", "from", "of" that is no known source; empty when there is none.
  std::string UnknownSource() const;
  /// First whole number in the message, or -1.
  int64_t Number() const;
};

/// One thing the assistant can be asked for. `Read` returns nothing when the message is not about it.
struct Intent {
  std::string_view name;
  std::optional<Reply> (*read)(const Utterance& utterance);
};

/// All intents in the order they are tried.
std::span<const Intent> Intents();

// One file each.
std::optional<Reply> ReadPaste(const Utterance& utterance);
std::optional<Reply> ReadUndo(const Utterance& utterance);
std::optional<Reply> ReadControl(const Utterance& utterance);
std::optional<Reply> ReadRun(const Utterance& utterance);
std::optional<Reply> ReadViz(const Utterance& utterance);
std::optional<Reply> ReadExplain(const Utterance& utterance);
std::optional<Reply> ReadFix(const Utterance& utterance);
std::optional<Reply> ReadConnect(const Utterance& utterance);
std::optional<Reply> ReadList(const Utterance& utterance);
std::optional<Reply> ReadStats(const Utterance& utterance);
std::optional<Reply> ReadDescribe(const Utterance& utterance);
std::optional<Reply> ReadPeek(const Utterance& utterance);
std::optional<Reply> ReadRefuse(const Utterance& utterance);
std::optional<Reply> ReadLater(const Utterance& utterance);
std::optional<Reply> ReadHelp(const Utterance& utterance);
std::optional<Reply> ReadRowWindow(const Utterance& utterance);
std::optional<Reply> ReadTopRows(const Utterance& utterance);
std::optional<Reply> ReadAnomaly(const Utterance& utterance);
std::optional<Reply> ReadDeduplicate(const Utterance& utterance);
std::optional<Reply> ReadUnion(const Utterance& utterance);
std::optional<Reply> ReadSink(const Utterance& utterance);
std::optional<Reply> ReadLateRows(const Utterance& utterance);
std::optional<Reply> ReadSubquery(const Utterance& utterance);
std::optional<Reply> ReadJoinSources(const Utterance& utterance);
std::optional<Reply> ReadEdit(const Utterance& utterance);
std::optional<Reply> ReadSqlQuery(const Utterance& utterance);

/// Up to three things that can be said about the sources at hand.
std::vector<FollowUp> Examples(const Utterance& utterance, size_t limit);
/// Binds a query; returns the first error's message, or an empty text when it is fine.
std::string BindError(const sql::Query& query, const Utterance& utterance);
Reply TextReply(std::string_view intent, std::string text);
Reply ToolReply(std::string_view intent, std::vector<ToolCall> calls);
/// "the file trades", "the topic orders".
std::string SourceWords(const SourceModel& source);
/// A question about which source is meant, from names that are close to `unknown`.
Reply AskForSource(const Utterance& utterance, std::string_view intent, const std::string& unknown);
/// A column worth grouping by and not named in `sql`: few values, or a role that people group by. Empty when there is
/// none.
std::string GroupColumn(const SourceModel& source, const std::string& sql);
/// Tool call that shows the schema of a source.
ToolCall DescribeCall(const SourceModel& source);
ToolCall PeekCall(const SourceModel& source, int64_t limit, bool from_end);

}  // namespace velo::language
