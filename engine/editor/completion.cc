#include "engine/editor/completion.h"

#include <algorithm>
#include <array>

#include "engine/editor/completion_builder_internal.h"
#include "engine/plan/annotations/known_names.h"
#include "engine/plan/properties/known_properties.h"
#include "engine/sql/printer.h"

namespace velo::editor {
namespace {

struct NamedText {
  std::string_view name;
  std::string_view text;
};

constexpr std::array kWindowSnippets = std::to_array<NamedText>({
    {"TUMBLING(INTERVAL '5' MINUTE)", "5-minute windows that do not overlap"},
    {"TUMBLING(INTERVAL '1' MINUTE)", "1-minute windows that do not overlap"},
    {"SLIDING(INTERVAL '1' HOUR, INTERVAL '5' MINUTE)", "1-hour windows every 5 minutes"},
    {"SESSION(INTERVAL '30' MINUTE)", "activity with breaks of at most 30 minutes"},
});

/// The keys people reach for; the others follow.
constexpr std::array kUsualKeys = std::to_array<std::string_view>(
    {"event.time.field", "event.time.format", "watermark.strategy", "watermark.max_out_of_orderness",
     "window.allowed.lateness", "late.data.strategy", "type", "path", "topic", "format", "key.field", "max.groups",
     "retention", "mode", "failure_strategy"});

/// Values that are no choices of the table but good to start from.
std::string_view UsualValues(std::string_view key) {
  if (key == "event.time.format") return "epoch_millis epoch_seconds epoch_micros iso8601 auto";
  if (key == "watermark.max_out_of_orderness" || key == "window.allowed.lateness") return "5s 30s 1m";
  if (key == "late.data.strategy") return "drop dead_letter include_in_next_window update_previous";
  return "";
}

std::vector<std::string> SplitWords(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const size_t blank = text.find(' ');
    words.emplace_back(text.substr(0, blank));
    if (blank == std::string_view::npos) break;
    text.remove_prefix(blank + 1);
  }
  return words;
}

class Completer {
 public:
  Completer(const EditorRequest& request, const CursorContext& context)
      : request_(request), context_(context), out_(context) {}

  std::vector<Completion> Run(size_t limit) {
    if (context_.in_string) {
      if (context_.place == Place::kPropertyValue)
        AddPropertyValues();
      else if (context_.place == Place::kFrom || context_.place == Place::kInto)
        AddFiles(1);
      else
        AddValues();
      return out_.Take(limit);
    }
    if (!context_.qualifier.empty()) {
      AddQualified();
      return out_.Take(limit);
    }
    switch (context_.place) {
      case Place::kStatement:
        AddStatements();
        break;
      case Place::kSelect:
        AddSelect();
        break;
      case Place::kFrom:
        AddFrom();
        break;
      case Place::kOn:
      case Place::kWhere:
        AddCondition();
        break;
      case Place::kGroupBy:
        AddGroupBy();
        break;
      case Place::kWindow:
        AddWindow();
        break;
      case Place::kHaving:
        AddHaving();
        break;
      case Place::kOrderBy:
        AddOrderBy();
        break;
      case Place::kLimit:
        AddLimit();
        break;
      case Place::kEmit:
        AddEmit();
        break;
      case Place::kInto:
        AddRelations(1);
        break;
      case Place::kPropertyKey:
        AddPropertyKeys();
        break;
      case Place::kPropertyValue:
        AddPropertyValues();
        break;
      case Place::kOver:
        AddOver();
        break;
      case Place::kAnnotationName:
        AddAnnotations();
        break;
      case Place::kAnnotationValue:
        AddAnnotationValues();
        break;
      case Place::kText:
        break;
    }
    return out_.Take(limit);
  }

 private:
  void Keywords(int rank, std::initializer_list<std::string_view> words) {
    for (std::string_view word : words) out_.Add(rank, std::string(word), CompletionKind::kKeyword);
  }

  static std::string Examples(const VisibleRelation& relation, const std::string& column) {
    if (relation.relation == nullptr) return "";
    for (const auto& [name, values] : relation.relation->sample_values) {
      if (name != column || values.empty()) continue;
      std::string text = "for example ";
      for (size_t i = 0; i < values.size() && i < 4; ++i) text += (i > 0 ? ", " : "") + values[i];
      return text;
    }
    return "";
  }

  void AddColumns(int rank, bool times_first = false) {
    const bool many = context_.relations.size() > 1;
    for (const VisibleRelation& relation : context_.relations) {
      const std::string prefix = relation.alias.empty() ? relation.name : relation.alias;
      for (const Column& column : relation.schema.columns) {
        const bool shared = many && std::any_of(context_.relations.begin(), context_.relations.end(),
                                                [&](const VisibleRelation& other) {
                                                  return &other != &relation && other.schema.Find(column.name) >= 0;
                                                });
        const bool joins = many && !prefix.empty();
        std::string text = sql::QuoteIdentifier(column.name);
        if (shared || joins) text = sql::QuoteIdentifier(prefix) + "." + text;
        const bool time = column.type.is_temporal() ||
                          (relation.relation != nullptr && relation.relation->event_time_column == column.name);
        const bool fits = times_first ? time : FitsCall(column.type);
        out_.Add(fits ? rank : rank + 3, std::move(text), CompletionKind::kColumn, column.type.ToString(),
                 relation.name.empty() ? "column" : "column of " + relation.name, Examples(relation, column.name));
      }
    }
  }

  /// Whether the call at the cursor can take a value of the type as its argument there.
  bool FitsCall(const SqlType& type) const {
    if (context_.call.empty() || request_.functions == nullptr) return true;
    const ScalarFunction* scalar = request_.functions->FindScalar(context_.call);
    const AggregateFunction* aggregate = request_.functions->FindAggregate(context_.call);
    const TypeRule rule = aggregate != nullptr ? aggregate->types : scalar != nullptr ? scalar->types : nullptr;
    if (rule == nullptr) return true;
    constexpr size_t kMostFollowing = 3;
    for (size_t following = 0; following <= kMostFollowing; ++following) {
      std::vector<SqlType> arguments(static_cast<size_t>(context_.argument) + 1 + following, TypeKind::kAny);
      arguments[static_cast<size_t>(context_.argument)] = type;
      const std::vector<const std::string*> constants(arguments.size(), nullptr);
      const auto typed = rule(context_.call, arguments, constants);
      if (typed.ok()) return true;
      const std::string& code = typed.status().error().code;
      if (code == "E2301" || code == "E2313") return false;
    }
    return true;
  }

  /// Whether the result of a function can be compared with the column left of the cursor, as far as its signature
  /// tells.
  bool FitsComparison(const FunctionDoc* doc) const {
    if (context_.compared.empty() || doc == nullptr) return true;
    static constexpr std::string_view kArrow = "→";
    const size_t arrow = doc->signature.rfind(kArrow);
    if (arrow == std::string::npos) return true;
    const std::string_view result = std::string_view(doc->signature).substr(arrow + kArrow.size());
    for (const VisibleRelation& relation : context_.relations) {
      const int column = relation.schema.Find(context_.compared);
      if (column < 0) continue;
      const SqlType& type = relation.schema.columns[static_cast<size_t>(column)].type;
      const auto names = [&](std::initializer_list<std::string_view> words) {
        return std::any_of(words.begin(), words.end(),
                           [&](std::string_view word) { return result.find(word) != std::string_view::npos; });
      };
      const bool same = names({"=", "type", "ANY"});
      if (type.is_numeric()) return same || names({"INTEGER", "FLOAT", "DECIMAL"});
      if (type.is_temporal()) return same || names({"TIMESTAMP", "DATE", "TIME", "INTEGER ms"});
      if (type.kind() == TypeKind::kString) return same || names({"STRING"});
      return true;
    }
    return true;
  }

  /// Files below a started "file:///..." address.
  void AddFiles(int rank) {
    if (!request_.list_files || !context_.word.starts_with("file://")) return;
    for (const std::string& address : request_.list_files(context_.word)) {
      out_.Add(rank, context_.in_string ? "'" + address + "'" : address, CompletionKind::kTable, "",
               address.ends_with('/') ? "folder" : "file");
    }
  }

  void AddOuterColumns(int rank) {
    for (const VisibleRelation& relation : context_.outer_relations) {
      const std::string& name = relation.alias.empty() ? relation.name : relation.alias;
      for (const Column& column : relation.schema.columns) {
        out_.Add(rank, sql::QuoteIdentifier(name) + "." + sql::QuoteIdentifier(column.name), CompletionKind::kColumn,
                 column.type.ToString(), "column of the outer query", Examples(relation, column.name));
      }
    }
  }

  void AddSystemColumns(int rank) {
    for (std::string_view name : {"_timestamp", "_event_time", "_key", "_offset", "_partition"}) {
      if (!context_.word.empty() && context_.word[0] == '_')
        out_.Add(rank, std::string(name), CompletionKind::kColumn, "", "system column");
    }
    if (context_.has_window &&
        (context_.place == Place::kSelect || context_.place == Place::kHaving || context_.place == Place::kOrderBy)) {
      out_.Add(rank, "window_start", CompletionKind::kColumn, "INTEGER", "start of the time window in milliseconds");
      out_.Add(rank, "window_end", CompletionKind::kColumn, "INTEGER", "end of the time window in milliseconds");
    }
  }

  void AddAliases(int rank) {
    for (const std::string& alias : context_.select_aliases) {
      out_.Add(rank, sql::QuoteIdentifier(alias), CompletionKind::kAlias, "", "name given in SELECT");
    }
  }

  void AddFunctions(int rank, bool scalars, bool aggregates) {
    if (request_.functions == nullptr) return;
    static constexpr std::array kCommon = {"COUNT", "SUM", "AVG", "MIN", "MAX", "STDDEV"};
    for (const FunctionRegistry::Entry& entry : request_.functions->List()) {
      if (entry.is_aggregate ? !aggregates : !scalars) continue;
      const bool common = std::find(kCommon.begin(), kCommon.end(), entry.name) != kCommon.end();
      const FunctionDoc* doc = entry.doc;
      const int place = (common ? rank : rank + 1) + (FitsComparison(doc) ? 0 : 2);
      out_.Add(place, entry.name == "COUNT" ? "COUNT(*)" : entry.name + "(", CompletionKind::kFunction,
               doc == nullptr ? "" : doc->signature, doc == nullptr ? "" : doc->description,
               doc == nullptr || doc->example.empty() ? "" : doc->example + " = " + doc->example_result);
    }
  }

  void AddQualified() {
    std::vector<VisibleRelation> visible = context_.relations;
    visible.insert(visible.end(), context_.outer_relations.begin(), context_.outer_relations.end());
    for (const VisibleRelation& relation : visible) {
      if (relation.alias == context_.qualifier || relation.name == context_.qualifier) {
        for (const Column& column : relation.schema.columns) {
          out_.Add(1, sql::QuoteIdentifier(column.name), CompletionKind::kColumn, column.type.ToString(),
                   "column of " + (relation.name.empty() ? relation.alias : relation.name),
                   Examples(relation, column.name));
        }
        out_.Add(4, "*", CompletionKind::kKeyword, "", "every column");
        return;
      }
    }
    for (const VisibleRelation& relation : context_.relations) {
      const int column = relation.schema.Find(context_.qualifier);
      if (column < 0 || relation.schema.columns[column].type.kind() != TypeKind::kStruct) continue;
      for (const StructField& field : relation.schema.columns[column].type.children()) {
        out_.Add(1, sql::QuoteIdentifier(field.name), CompletionKind::kColumn, field.type.ToString(),
                 "field of " + context_.qualifier);
      }
    }
  }

  void AddStatements() {
    Keywords(1, {"SELECT"});
    Keywords(2, {"CREATE STREAM", "CREATE TABLE", "CREATE VIEW", "WITH", "INSERT INTO", "EXPLAIN", "SHOW TOPICS",
                 "SHOW STREAMS", "SHOW FUNCTIONS", "DESCRIBE", "DROP STREAM", "START JOB", "STOP JOB", "DEPLOY JOB"});
    out_.Add(3, "SELECT * FROM ", CompletionKind::kSnippet, "", "every row of a stream");
  }

  void AddNextClauses(int rank) {
    if (!context_.has_from) Keywords(rank, {"FROM"});
    if (!context_.has_from) return;
    if (!context_.has_where && !context_.has_group_by && !context_.has_order_by) Keywords(rank, {"WHERE"});
    if (!context_.has_group_by) Keywords(rank, {"GROUP BY"});
    if (!context_.has_window) Keywords(rank, {"WINDOW"});
    if (context_.has_group_by && !context_.has_having) Keywords(rank, {"HAVING"});
    if (!context_.has_order_by) Keywords(rank, {"ORDER BY"});
    if (!context_.has_limit) Keywords(rank, {"LIMIT"});
    if (!context_.has_emit) Keywords(rank, {"EMIT CHANGES", "EMIT FINAL"});
    Keywords(rank + 1, {"INTO", "WITH (", "UNION ALL"});
  }

  void AddSelect() {
    if (context_.after_operand) {
      Keywords(1, {"AS"});
      AddNextClauses(2);
      Keywords(4, {"OVER (", "PRIMARY KEY"});
      return;
    }
    AddColumns(1);
    AddSystemColumns(2);
    AddAliases(3);
    AddFunctions(4, true, true);
    Keywords(5, {"DISTINCT", "CASE WHEN", "CAST(", "*"});
  }

  void AddFrom() {
    if (context_.after_operand) {
      AddNextClauses(1);
      Keywords(2, {"JOIN", "LEFT JOIN", "AS"});
      return;
    }
    AddRelations(1);
  }

  void AddRelations(int rank) {
    for (const std::string& name : context_.derived_names) {
      out_.Add(rank, sql::QuoteRelation(name), CompletionKind::kTable, "", "made by this script");
    }
    if (request_.catalog == nullptr) return;
    for (const std::string& name : request_.catalog->Names()) {
      Result<RelationPtr> found = request_.catalog->Find(name, {});
      const bool topic = found.ok() && *found != nullptr && (*found)->uri.starts_with("topic://");
      std::string detail;
      if (found.ok() && *found != nullptr) detail = fmt::format("{} columns", (*found)->schema.columns.size());
      out_.Add(rank, sql::QuoteRelation(name), topic ? CompletionKind::kTopic : CompletionKind::kTable, detail,
               topic ? "embedded topic" : "connected source");
    }
    AddFiles(rank);
    out_.Add(rank + 4, "file:///", CompletionKind::kSnippet, "",
             "a file, folder or pattern such as file:///data/*.csv");
  }

  void AddCondition() {
    if (context_.after_operand) {
      Keywords(1, {"AND", "OR", "IN (", "LIKE", "BETWEEN", "IS NULL", "IS NOT NULL", "NOT IN ("});
      AddNextClauses(2);
      return;
    }
    if (!context_.compares_order) AddValues();
    AddColumns(context_.compared.empty() || context_.compares_order ? 1 : 3);
    AddOuterColumns(3);
    AddFunctions(4, true, false);
    Keywords(5, {"NOT", "CASE WHEN", "EXISTS (", "INTERVAL '5' MINUTE", "NOW()"});
  }

  /// Values seen in the column that is being compared.
  void AddValues() {
    if (context_.compared.empty()) return;
    for (const VisibleRelation& relation : context_.relations) {
      if (relation.relation == nullptr) continue;
      const int column = relation.schema.Find(context_.compared);
      const bool text = column < 0 || relation.schema.columns[column].type.kind() == TypeKind::kString;
      for (const auto& [name, values] : relation.relation->sample_values) {
        if (name != context_.compared) continue;
        for (const std::string& value : values) {
          std::string quoted;
          if (text) quoted.push_back('\'');
          for (char c : value) {
            if (text && c == '\'') quoted.push_back(c);
            quoted.push_back(c);
          }
          if (text) quoted.push_back('\'');
          out_.Add(1, std::move(quoted), CompletionKind::kValue, "", "seen in " + name);
        }
      }
    }
  }

  void AddGroupBy() {
    if (context_.after_operand) {
      AddNextClauses(1);
      return;
    }
    Keywords(context_.before.empty() || !context_.before.back().Is(",") ? 6 : 7, {"BY"});
    for (const std::string& item : context_.plain_items)
      out_.Add(1, item, CompletionKind::kColumn, "", "selected, so usually grouped by");
    AddColumns(2);
    out_.Add(4, "TUMBLE(", CompletionKind::kFunction, "TUMBLE(time, size)", "time window as a group");
    AddFunctions(5, true, false);
  }

  void AddWindow() {
    if (context_.call.empty()) {
      if (context_.after_operand) {
        AddNextClauses(1);
        return;
      }
      int rank = 1;
      for (const NamedText& snippet : kWindowSnippets) {
        out_.Add(rank++, std::string(snippet.name), CompletionKind::kSnippet, "window", std::string(snippet.text));
      }
      return;
    }
    int rank = 1;
    for (std::string_view size :
         {"INTERVAL '5' MINUTE", "INTERVAL '1' MINUTE", "INTERVAL '1' HOUR", "INTERVAL '30' SECOND"}) {
      out_.Add(rank++, std::string(size), CompletionKind::kSnippet, "duration");
    }
    if (context_.argument == 0) AddColumns(2, true);
    Keywords(5, {"GRACE PERIOD", "ADVANCE BY"});
  }

  void AddHaving() {
    if (context_.after_operand) {
      Keywords(1, {"AND", "OR", "IN (", "BETWEEN", "IS NULL"});
      AddNextClauses(2);
      return;
    }
    AddAliases(1);
    AddFunctions(2, false, true);
    AddColumns(3);
    AddSystemColumns(3);
  }

  void AddOrderBy() {
    if (context_.after_operand) {
      Keywords(1, {"DESC", "ASC"});
      Keywords(2, {"LIMIT", "NULLS LAST", "NULLS FIRST"});
      AddNextClauses(3);
      return;
    }
    AddAliases(1);
    AddColumns(2);
    AddSystemColumns(3);
    AddFunctions(5, true, true);
  }

  void AddLimit() {
    if (context_.after_operand) {
      AddNextClauses(1);
      return;
    }
    for (std::string_view count : {"10", "100", "1000"}) out_.Add(1, std::string(count), CompletionKind::kValue);
  }

  void AddEmit() {
    if (context_.after_operand && context_.before.size() > 0 && context_.before.back().text != "EMIT") {
      AddNextClauses(2);
    }
    out_.Add(1, "CHANGES", CompletionKind::kKeyword, "", "a row for every change");
    out_.Add(1, "FINAL", CompletionKind::kKeyword, "", "one row when a window closes or the input ends");
  }

  void AddPropertyKeys() {
    for (const plan::KnownProperty& property : plan::KnownProperties()) {
      if (property.name.ends_with('*')) continue;
      const bool usual = std::find(kUsualKeys.begin(), kUsualKeys.end(), property.name) != kUsualKeys.end();
      out_.Add(usual ? 1 : 3, fmt::format("'{}' = ", property.name), CompletionKind::kProperty,
               std::string(property.default_value), std::string(property.meaning));
    }
  }

  void AddPropertyValues() {
    const std::string& key = context_.property;
    const plan::KnownProperty* property = plan::FindProperty(key);
    // Keys may begin with the name of a relation.
    for (size_t dot = key.find('.'); property == nullptr && dot != std::string::npos; dot = key.find('.', dot + 1)) {
      property = plan::FindProperty(std::string_view(key).substr(dot + 1));
    }
    if (property == nullptr) return;
    std::string_view values = UsualValues(property->name);
    if (property->type == plan::PropertyType::kBoolean) values = "true false";
    if (property->type == plan::PropertyType::kChoice) values = property->choices;
    for (const std::string& value : SplitWords(values)) {
      out_.Add(1, "'" + value + "'", CompletionKind::kValue, "", key);
    }
    if (!key.ends_with("event.time.field")) return;
    for (const VisibleRelation& relation : context_.relations) {
      for (const Column& column : relation.schema.columns) {
        out_.Add(column.type.is_temporal() ? 1 : 3, "'" + column.name + "'", CompletionKind::kValue,
                 column.type.ToString());
      }
    }
  }

  void AddOver() {
    Keywords(1, {"PARTITION BY", "ORDER BY"});
    out_.Add(2, "ROWS WINDOW BUFFER 100 ROWS", CompletionKind::kSnippet, "", "the last 100 rows of each partition");
    out_.Add(2, "ROWS BETWEEN 9 PRECEDING AND CURRENT ROW", CompletionKind::kSnippet, "",
             "this row and the nine before it");
    AddColumns(2);
  }

  void AddAnnotations() {
    for (const plan::KnownAnnotation& known : plan::KnownAnnotations()) {
      if (known.name != known.canonical) continue;
      out_.Add(1, std::string(known.name) + ": ", CompletionKind::kAnnotation, "", std::string(known.meaning));
    }
  }

  void AddAnnotationValues() {
    const plan::KnownAnnotation* known = plan::FindAnnotation(context_.property);
    if (known == nullptr) return;
    for (const std::string& choice : SplitWords(known->choices)) out_.Add(1, choice, CompletionKind::kValue);
    if (known->canonical == "viz") {
      for (std::string_view type : {"line", "bar", "area", "gauge", "stat", "pie", "table", "scatter"})
        out_.Add(1, std::string(type), CompletionKind::kValue);
    }
    if (known->value == plan::AnnotationValue::kBoolean) {
      for (std::string_view word : {"true", "false"}) out_.Add(1, std::string(word), CompletionKind::kValue);
    }
  }

  const EditorRequest& request_;
  const CursorContext& context_;
  CompletionBuilder out_;
};

}  // namespace

std::vector<Completion> Complete(const EditorRequest& request, size_t limit) {
  const CursorContext context = ReadCursor(request);
  return Completer(request, context).Run(limit);
}

}  // namespace velo::editor
