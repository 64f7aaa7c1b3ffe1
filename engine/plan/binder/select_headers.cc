#include <arrow/scalar.h>

#include "engine/plan/binder/select_binder_internal.h"

// Headers of result records (dialect 4.14): a hidden column with the headers of the record a row is made of, of the
// last record of its group, or of the record on the left of a join, changed by SET_HEADER and REMOVE_HEADER.

namespace velo::plan {
namespace {

/// Topics may hold headers; of the streams of a session those do whose rows had some.
bool CarriesHeaders(const ScopeRelation& relation) {
  if (relation.relation == nullptr || relation.plan != nullptr) return false;
  return relation.relation->uri.starts_with("topic:") ||
         !PropertyValue(relation.relation->properties, kHeadersColumn).empty();
}

}  // namespace

void SelectBinder::PrepareHeaders() {
  if ((!needs_.headers && header_changes_.empty()) || scope_.relations().empty()) return;
  if (!CarriesHeaders(scope_.relations()[0])) return;
  const Column column{std::string(kHeadersColumn), *SystemColumnType(kHeadersColumn), true};
  headers_ = MakeColumn(scope_.Use(0, column, true), column.type, column.name);
  if (aggregated_) headers_ = binder_.LastValue(headers_, core_.span, false);
}

void SelectBinder::AddHeaders(ProjectNode* project, const std::vector<int>& mapping) {
  if (headers_ == nullptr && header_changes_.empty()) return;
  const SqlType type = *SystemColumnType(kHeadersColumn);
  BoundExpressionPtr headers =
      headers_ != nullptr ? headers_ : MakeLiteral(arrow::MakeNullScalar(type.ToArrow()), type, "NULL");
  const ScalarFunction* change = context_->functions->FindScalar("WITH HEADER");
  for (const HeaderChange& wanted : header_changes_) {
    Result<BoundExpressionPtr> changed = MakeCall(*change, {headers, wanted.name, wanted.value}, wanted.name->text);
    VELO_CHECK(changed.ok());
    headers = *changed;
  }
  AddHidden(project, std::string(kHeadersColumn), RemapColumns(headers, mapping), type, true);
}

}  // namespace velo::plan
