#include <algorithm>
#include <charconv>

#include "engine/plan/binder/select_binder_internal.h"

namespace velo::plan {

void SelectBinder::BindGroupBy() {
  for (const sql::GroupItem& item : core_.group_by) BindGroupItem(*item.expression);
  if (!core_.window.has_value()) return;
  for (const sql::ExpressionPtr& key : core_.window->session_keys) BindGroupItem(*key);
}

const sql::Expression* SelectBinder::OrdinalItem(const sql::Literal& literal, std::string_view clause) {
  int64_t ordinal = 0;
  std::from_chars(literal.text.data(), literal.text.data() + literal.text.size(), ordinal);
  if (ordinal >= 1 && ordinal <= static_cast<int64_t>(core_.items.size()) &&
      core_.items[ordinal - 1].expression->kind != sql::ExpressionKind::kStar) {
    return core_.items[ordinal - 1].expression.get();
  }
  context_->diagnostics
      ->Error("E2102", literal.span,
              fmt::format("{} {}: the SELECT list has {} item{}", clause, literal.text, core_.items.size(),
                          core_.items.size() == 1 ? "" : "s"))
      .hint = "count the items from 1, or name the column";
  return nullptr;
}

void SelectBinder::BindGroupItem(const sql::Expression& item) {
  const sql::Expression* source = &item;
  std::string name;
  if (source->kind == sql::ExpressionKind::kLiteral &&
      static_cast<const sql::Literal*>(source)->type == sql::Literal::Type::kInteger) {
    source = OrdinalItem(static_cast<const sql::Literal&>(*source), "GROUP BY");
    if (source == nullptr) return;
  }
  if (source->kind == sql::ExpressionKind::kColumn) {
    const auto& reference = static_cast<const sql::ColumnReference&>(*source);
    name = reference.parts.back().text;
    // An alias counts unless it hides an input column.
    if (reference.parts.size() == 1) {
      const ColumnMatch match = ResolveColumn(scope_, {std::string_view(name)});
      const bool real =
          (match.kind == ColumnMatch::Kind::kColumn && !match.assumed) || match.kind == ColumnMatch::Kind::kAmbiguous;
      const auto alias = std::find_if(environment_.aliases.begin(), environment_.aliases.end(),
                                      [&](const Alias& a) { return a.name == name; });
      if (!real && alias != environment_.aliases.end()) source = alias->source;
    }
  } else {
    for (const Alias& alias : environment_.aliases) {
      if (sql::SameExpression(*alias.source, *source)) name = alias.name;
    }
  }
  if (source != &item && ContainsAggregate(*source, *context_->functions)) {
    context_->diagnostics->Error("E2110", item.span, "GROUP BY cannot use the result of an aggregate").hint =
        "group by the columns the aggregate is computed over";
    return;
  }
  AggregateStage::Key key;
  key.source = source;
  key.bound = binder_.BindOverInput(*source, Clause::kGroupBy, true);
  key.name = name.empty() ? key.bound->text : name;
  const bool known = std::any_of(stage_.keys().begin(), stage_.keys().end(),
                                 [&](const AggregateStage::Key& k) { return SameBound(*k.bound, *key.bound); });
  if (!known) stage_.AddKey(std::move(key));
}

}  // namespace velo::plan
