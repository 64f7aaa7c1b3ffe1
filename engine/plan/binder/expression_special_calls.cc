#include <arrow/scalar.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "engine/functions/type_rules.h"
#include "engine/plan/binder/expression_binder.h"

namespace velo::plan {
namespace {

/// Functions that read one system column of the record; the binder gives it to them as last argument.
constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kOrigins = {{
    {"HEADER", kHeadersColumn},
    {"HAS_HEADER", kHeadersColumn},
    {"HEADER_KEYS", kHeadersColumn},
    {"FILENAME", kTopicColumn},
    {"TOPIC_NAME", kTopicColumn},
    {"PARTITION", kPartitionColumn},
    {"OFFSET", kOffsetColumn},
}};

BoundExpressionPtr TextLiteral(const std::string& text, SourceSpan span) {
  if (text.empty()) return MakeLiteral(arrow::MakeNullScalar(arrow::utf8()), TypeKind::kString, "", span);
  return MakeLiteral(std::make_shared<arrow::StringScalar>(text), TypeKind::kString, "", span);
}

/// The machine this runs on: NODE_ID, else the host name (dialect 1.11).
std::string NodeName() {
  if (const char* node = std::getenv("NODE_ID"); node != nullptr && *node != 0) return node;
  char host[256] = {};
  return gethostname(host, sizeof(host) - 1) == 0 ? host : "localhost";
}

bool IsFile(const ScopeRelation& relation) {
  return relation.relation != nullptr && relation.relation->uri.starts_with("file:");
}

}  // namespace

BoundExpressionPtr ExpressionBinder::BindSpecialCall(const sql::Call& call, std::string_view name, bool* handled) {
  *handled = true;
  for (const auto& [function, column] : kOrigins) {
    if (name == function) return BindRecordOrigin(call, name, column);
  }
  const bool job = name == "CURRENT_JOB", node = name == "CURRENT_NODE";
  if (job || node || name == "APP_VERSION") {
    if (!call.arguments.empty()) return Report(WrongArgumentCount(name, call.arguments.size()), call.span);
    return TextLiteral(job ? context_->job_name : node ? NodeName() : context_->application_version, call.span);
  }
  const bool adds = name == "DATE_ADD" || name == "DATE_SUB" || name == "TIMESTAMPADD" || name == "DATEADD";
  if (adds && call.arguments.size() == 2 && NamesMonths(*call.arguments[1])) return BindCalendarShift(call, name);
  if (!call.argument_names.empty()) return BindNamedStruct(call);
  if (name == "SET_HEADER" || name == "REMOVE_HEADER") return BindHeaderChange(call, name);
  *handled = false;
  return nullptr;
}

BoundExpressionPtr ExpressionBinder::SystemColumn(std::string_view name, SourceSpan span) {
  if (ResolveColumn(*env_->scope, {name}).kind != ColumnMatch::Kind::kColumn) {
    return MakeLiteral(arrow::MakeNullScalar(arrow::null()), TypeKind::kNull, "NULL", span);
  }
  sql::ColumnReference reference(span);
  reference.parts.push_back({std::string(name), span, sql::Identifier::Quote::kBacktick});
  return BindColumn(reference, true);
}

BoundExpressionPtr ExpressionBinder::BindRecordOrigin(const sql::Call& call, std::string_view name,
                                                      std::string_view column) {
  const auto& relations = env_->scope->relations();
  const bool file = !relations.empty() && IsFile(relations[0]);
  const bool applies = name == "FILENAME" ? file : name == "TOPIC_NAME" ? !file : true;
  std::vector<Bound> arguments = BindArguments(call);
  arguments.push_back(applies ? SystemColumn(column, call.span)
                              : MakeLiteral(arrow::MakeNullScalar(arrow::null()), TypeKind::kNull, "NULL", call.span));
  Result<Bound> bound = MakeCall(*context_->functions->FindScalar(name), std::move(arguments), "", call.span);
  return bound.ok() ? std::move(*bound) : Report(bound.status(), call.span);
}

/// The value is that of the call; the change of the record is written down for the projection that makes the record.
BoundExpressionPtr ExpressionBinder::BindHeaderChange(const sql::Call& call, std::string_view name) {
  const bool sets = name == "SET_HEADER";
  const bool in_item = clause_ == Clause::kSelect && inside_aggregate_ == 0 && !inside_over_;
  if (!in_item || inside_choice_ > 0 || env_->header_changes == nullptr) {
    Diagnostic& found = diagnostics().Error(
        "E3090", call.span, fmt::format("{} changes every result record, so it cannot stand here", name));
    if (in_item && inside_choice_ > 0) {
      found.hint = sets ? "choose the value: SET_HEADER('x', CASE WHEN ... THEN ... END); NULL takes the header away"
                        : "choose by SET_HEADER('x', CASE WHEN ... THEN NULL ELSE HEADER('x') END)";
    } else {
      found.hint = "put it into the SELECT list of the query that writes the records";
    }
    BindArguments(call);
    return Poison(call.span);
  }
  const size_t errors = diagnostics().error_count();
  const Bound result =
      sets ? BindScalar(call, *context_->functions->FindScalar(name)) : BindRecordOrigin(call, name, kHeadersColumn);
  if (diagnostics().error_count() > errors || result->kind != BoundKind::kCall) return result;
  const Bound value = sets ? result->arguments[1]
                           : MakeLiteral(arrow::MakeNullScalar(arrow::utf8()), TypeKind::kString, "NULL", call.span);
  env_->header_changes->push_back({result->arguments[0], value});
  return result;
}

BoundExpressionPtr ExpressionBinder::BindNamedStruct(const sql::Call& call) {
  std::vector<Bound> arguments;
  for (size_t i = 0; i < call.arguments.size(); ++i) {
    const bool named = i < call.argument_names.size() && !call.argument_names[i].text.empty();
    const std::string name = named ? call.argument_names[i].text : fmt::format("field{}", i + 1);
    arguments.push_back(
        MakeLiteral(std::make_shared<arrow::StringScalar>(name), TypeKind::kString, name, call.arguments[i]->span));
    arguments.push_back(FoldConstants(BindNode(*call.arguments[i])));
  }
  return Operator("STRUCT", std::move(arguments), call.span);
}

}  // namespace velo::plan
