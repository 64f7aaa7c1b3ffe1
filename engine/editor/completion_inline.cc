#include <algorithm>

#include "engine/editor/completion_builder_internal.h"
#include "engine/sql/printer.h"
#include "engine/sql/words.h"

namespace velo::editor {
namespace {

/// Continues the text at the cursor the way most people would.
class GhostWriter {
 public:
  GhostWriter(const EditorRequest& request, const CursorContext& context) : request_(request), context_(context) {}

  std::vector<Completion> Write(size_t limit) {
    if (context_.in_string || context_.place == Place::kText) return {};
    switch (context_.place) {
      case Place::kWindow:
        Window();
        break;
      case Place::kGroupBy:
        GroupBy();
        break;
      case Place::kFrom:
        From();
        break;
      case Place::kOrderBy:
        OrderBy();
        break;
      case Place::kEmit:
        Offer("CHANGES", 0.9, "a row for every change");
        Offer("FINAL", 0.7, "one row when a window closes");
        break;
      case Place::kSelect:
        Select();
        break;
      case Place::kLimit:
        if (!context_.after_operand) Offer("10", 0.8, "the first ten rows");
        break;
      case Place::kWhere:
      case Place::kHaving:
      case Place::kOn:
        if (context_.after_operand) Closing();
        break;
      case Place::kStatement:
        if (context_.before.empty()) Offer("SELECT * FROM ", 0.5, "every row of a stream");
        break;
      default:
        break;
    }
    if (items_.size() > limit) items_.resize(limit);
    return std::move(items_);
  }

 private:
  /// Offers a continuation that starts with what has been typed of it.
  void Offer(std::string text, double confidence, std::string explanation) {
    const std::string& word = context_.word;
    if (!word.empty() && !sql::LowerCase(text).starts_with(sql::LowerCase(word))) return;
    if (word.empty() && NeedsBlank()) text.insert(0, " ");
    Completion item;
    item.text = std::move(text);
    item.kind = CompletionKind::kSnippet;
    item.confidence = confidence;
    item.explanation = std::move(explanation);
    item.replace = context_.replace;
    items_.push_back(std::move(item));
  }

  bool NeedsBlank() const {
    if (request_.offset == 0) return false;
    const char last = request_.text[request_.offset - 1];
    return last != ' ' && last != '\n' && last != '\t' && last != '(' && last != ',';
  }

  bool LastIs(std::string_view word) const {
    return !context_.before.empty() && sql::SameWord(context_.before.back().text, word);
  }

  void Window() {
    if (context_.call.empty()) {
      if (context_.after_operand && !LastIs("WINDOW")) {
        Closing();
        return;
      }
      Offer("TUMBLING(INTERVAL '5' MINUTE)", 0.92, "5-minute windows that do not overlap");
      Offer("SLIDING(INTERVAL '1' HOUR, INTERVAL '5' MINUTE)", 0.78, "1-hour windows every 5 minutes");
      Offer("SESSION(INTERVAL '30' MINUTE)", 0.7, "activity with breaks of at most 30 minutes");
      return;
    }
    if (context_.after_operand) return;
    const bool sliding = context_.call == "SLIDING" || context_.call == "HOPPING" || context_.call == "HOP";
    if (sliding && context_.argument == 0) {
      Offer("INTERVAL '1' HOUR, INTERVAL '5' MINUTE)", 0.85, "1-hour windows every 5 minutes");
    } else if (context_.call == "SESSION") {
      Offer("INTERVAL '30' MINUTE)", 0.85, "activity with breaks of at most 30 minutes");
    } else {
      Offer("INTERVAL '5' MINUTE)", 0.85, "windows of 5 minutes");
      Offer("INTERVAL '1' HOUR)", 0.7, "windows of one hour");
    }
  }

  std::string PlainItems() const {
    std::string text;
    for (const std::string& item : context_.plain_items) text += (text.empty() ? "" : ", ") + item;
    return text;
  }

  void GroupBy() {
    if (context_.after_operand && !LastIs("GROUP") && !LastIs("BY")) {
      Closing();
      return;
    }
    const std::string items = PlainItems();
    if (items.empty() || (!context_.before.empty() && context_.before.back().Is(","))) return;
    Offer(LastIs("GROUP") ? "BY " + items : items, 0.9, "the columns of SELECT that are not aggregated");
  }

  void From() {
    if (context_.after_operand) {
      Closing();
      return;
    }
    if (request_.catalog == nullptr) return;
    double confidence = 0.8;
    for (const std::string& name : request_.catalog->Names()) {
      Offer(sql::QuoteRelation(name), confidence, "connected");
      confidence -= 0.05;
    }
  }

  void OrderBy() {
    if (context_.after_operand && !LastIs("ORDER") && !LastIs("BY")) {
      if (!context_.has_limit) Offer("LIMIT 10", 0.7, "the ten best rows");
      return;
    }
    const std::string start = LastIs("ORDER") ? "BY " : "";
    if (!context_.aggregate_items.empty()) {
      Offer(start + context_.aggregate_items.front() + " DESC LIMIT 10", 0.85, "the ten largest");
    } else if (!context_.plain_items.empty()) {
      Offer(start + context_.plain_items.front(), 0.6, "sorted by the first column");
    }
  }

  void Select() {
    if (context_.after_operand) {
      if (!context_.has_from && request_.catalog != nullptr) {
        const std::vector<std::string> names = request_.catalog->Names();
        if (names.size() == 1) Offer("FROM " + sql::QuoteRelation(names[0]), 0.7, "the only connected source");
      }
      return;
    }
    if (!context_.before.empty() && context_.before.back().Is(",")) return;
    if (context_.relations.size() != 1 || context_.relations[0].schema.columns.empty()) {
      Offer("* FROM ", 0.5, "every column");
      return;
    }
    std::string columns;
    for (size_t i = 0; i < context_.relations[0].schema.columns.size() && i < 4; ++i) {
      columns += (i > 0 ? ", " : "") + sql::QuoteIdentifier(context_.relations[0].schema.columns[i].name);
    }
    Offer(columns, 0.6, "the first columns");
  }

  /// What a query that could end here usually still wants.
  void Closing() {
    const bool aggregates = !context_.aggregate_items.empty();
    if (aggregates && !context_.has_group_by && !context_.plain_items.empty()) {
      Offer("GROUP BY " + PlainItems(), 0.9, "groups by the columns that are not aggregated");
      return;
    }
    if (aggregates && !context_.has_window && context_.has_group_by) {
      Offer("WINDOW TUMBLING(INTERVAL '5' MINUTE) EMIT CHANGES", 0.75, "per 5 minutes");
    }
    if (!context_.has_emit) Offer("EMIT CHANGES", 0.7, "a row for every change");
  }

  const EditorRequest& request_;
  const CursorContext& context_;
  std::vector<Completion> items_;
};

}  // namespace

std::vector<Completion> CompleteInline(const EditorRequest& request, size_t limit) {
  EditorRequest clamped = request;
  clamped.offset = std::clamp(request.offset, 0, static_cast<int32_t>(request.text.size()));
  const CursorContext context = ReadCursor(clamped);
  return GhostWriter(clamped, context).Write(limit);
}

}  // namespace velo::editor
