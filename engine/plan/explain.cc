#include <algorithm>

#include "engine/plan/binder/window_binder.h"
#include "engine/plan/explain_join.h"
#include "engine/plan/nodes/normalise_node.h"
#include "engine/plan/nodes/over_node.h"
#include "engine/plan/nodes/subquery_node.h"
#include "engine/plan/prepared_query.h"

namespace velo {
namespace {

std::string Join(const std::vector<std::string>& words, std::string_view separator = ", ") {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : std::string(separator)) + word;
  return text;
}

std::string TextOf(const BoundExpression& expression, const Schema& input) {
  if (!expression.text.empty()) return expression.text;
  if (expression.kind == BoundKind::kColumn && expression.column >= 0 &&
      expression.column < static_cast<int>(input.columns.size())) {
    return input.columns[expression.column].name;
  }
  return "expression";
}

bool IsHidden(std::string_view name) { return name.starts_with("_"); }

std::vector<std::string> KeyTexts(const AggregateNode& node) {
  std::vector<std::string> keys;
  for (size_t i = 0; i < node.keys.size(); ++i) keys.push_back(node.output.columns[i].name);
  return keys;
}

std::string TimePhrase(const ScanNode& scan) {
  if (scan.event_time_expression == nullptr) return "";
  std::string text = ", time from " + scan.event_time_name;
  if (scan.follows_wall_clock) return text + ", watermark follows the wall clock";
  if (scan.watermark_strategy.empty()) return text + ", nothing is late before the end of the input";
  if (scan.punctuation_column >= 0)
    return text +
           fmt::format(", watermark follows the rows with {}", scan.output.columns[scan.punctuation_column].name);
  if (scan.watermark_delay_ms > 0)
    return text + fmt::format(", rows may be {} late", plan::DescribeDuration(scan.watermark_delay_ms));
  return text + ", watermark follows the newest row";
}

/// Functions that cannot subtract keep the values of the rows that may be taken back.
std::string KeptValues(const AggregateNode& node) {
  std::vector<std::string> calls;
  for (const AggregateCall& call : node.aggregates) {
    const bool adds_up = call.function->name == "COUNT" || call.function->name == "SUM" || call.function->name == "AVG";
    const bool exact = call.types.arguments.empty() || call.types.arguments[0].kind() != TypeKind::kFloat ||
                       call.function->name == "COUNT";
    if (!adds_up || !exact || call.distinct) calls.push_back(call.text.empty() ? call.function->name : call.text);
  }
  return calls.empty() ? "" : ", and the values of " + Join(calls) + " of every row below";
}

/// What the operator keeps in memory, as far as the plan bounds it.
std::string StateBound(const AggregateNode& node) {
  const std::string per = node.keys.empty() ? "1 row" : "1 row per " + Join(KeyTexts(node), " and ");
  std::string bound = per;
  if (node.window.has_value()) {
    bound += node.window->type == WindowType::kSession ? " and open session" : " and open window";
    const int64_t kept = node.window->size_ms + LateRowsAcceptedFor(*node.window);
    if (!node.bounded) bound += fmt::format(", kept for {}", plan::DescribeDuration(kept));
    if (node.window->session_max_ms > 0) {
      bound += fmt::format(", sessions of at most {}", plan::DescribeDuration(node.window->session_max_ms));
    }
  } else if (!node.keys.empty()) {
    if (node.max_groups > 0) bound += fmt::format(", at most {} groups", node.max_groups);
    if (node.group_ttl_ms > 0) {
      bound += fmt::format(", forgotten {} after their last row", plan::DescribeDuration(node.group_ttl_ms));
    }
    if (node.max_groups == 0 && node.group_ttl_ms == 0 && !node.bounded) {
      bound =
          fmt::format("one entry per {}, kept for the life of the query (bound it with 'max.groups' or 'group.ttl')",
                      Join(KeyTexts(node), " and "));
    }
  }
  if (node.inputs[0]->changes != Changes::kRetract) return bound;
  // A row that goes may split its session.
  const bool keeps_rows = node.window.has_value() && node.window->type == WindowType::kSession;
  return bound + (keeps_rows ? ", and the time and values of every row of it" : KeptValues(node));
}

ExplainStep DescribeScan(const ScanNode& scan) {
  ExplainStep step;
  step.op = "Source";
  const std::string& name = scan.relation->name;
  size_t payload = 0;
  for (const std::string& column : scan.columns) payload += scan.relation->schema.Find(column) >= 0 ? 1 : 0;
  step.detail = scan.relation->schema_known
                    ? fmt::format("{}: {} of {} columns", name, payload, scan.relation->schema.columns.size())
                    : fmt::format("{}: columns not known yet", name);
  if (!scan.columns.empty()) step.detail += fmt::format(" ({})", Join(scan.columns));
  step.detail += scan.bounded ? ", has an end" : ", has no end";
  step.detail += TimePhrase(scan);
  std::vector<std::string> pushed;
  for (const ScanNode::Pushed& part : scan.pushed) pushed.push_back(part.column + " " + part.op);
  if (!pushed.empty()) step.detail += fmt::format(", blocks are skipped by {}", Join(pushed));
  return step;
}

ExplainStep DescribeAggregate(const AggregateNode& node) {
  ExplainStep step;
  step.op = node.window.has_value() ? "WindowAggregate" : "Aggregate";
  if (node.window.has_value()) {
    step.detail = plan::DescribeWindow(*node.window) + ", ";
    if (node.window->grace_ms > 0)
      step.detail += fmt::format("late rows allowed for {}, ", plan::DescribeDuration(node.window->grace_ms));
  }
  step.detail += node.keys.empty() ? "no key" : "key " + Join(KeyTexts(node));
  std::vector<std::string> calls;
  for (const AggregateCall& call : node.aggregates) {
    calls.push_back(call.text.empty() ? call.function->name : call.text);
  }
  if (!calls.empty()) step.detail += ", computes " + Join(calls);
  step.detail += ", state: " + StateBound(node);
  step.detail += node.emit_changes         ? ", emits every change"
                 : node.window.has_value() ? ", emits when a window closes"
                                           : ", emits at the end";
  return step;
}

ExplainStep DescribeSort(const SortNode& node) {
  ExplainStep step;
  step.op = node.limit >= 0 ? "TopN" : "Sort";
  std::vector<std::string> keys;
  for (const SortKey& key : node.keys)
    keys.push_back(TextOf(*key.expression, node.output) + (key.descending ? " descending" : ""));
  step.detail = "by " + Join(keys);
  if (node.limit >= 0) step.detail += fmt::format(", keeps {}", node.limit);
  if (node.offset > 0) step.detail += fmt::format(" after the first {}", node.offset);
  switch (node.scope) {
    case SortNode::Scope::kWhole:
      step.detail += node.limit >= 0 ? ", at the end of the input" : ", at the end of the input, state: all its rows";
      break;
    case SortNode::Scope::kPerWindow:
      step.detail += ", for each closed window, state: the rows of the windows that close together";
      break;
    case SortNode::Scope::kContinuous:
      step.detail += ", kept up to date as rows arrive, state: ";
      step.detail += node.inputs[0]->changes == Changes::kAppend && node.row_key.empty()
                         ? fmt::format("{} rows", node.limit + node.offset)
                         : std::string("1 row per key, because a row below may rise");
      break;
    case SortNode::Scope::kPerBatch:
      step.detail += ", only rows that arrive together";
      break;
  }
  return step;
}

ExplainStep DescribeProject(const ProjectNode& node) {
  ExplainStep step;
  step.op = "Project";
  std::vector<std::string> items;
  for (size_t i = 0; i < node.expressions.size(); ++i) {
    const std::string& name = node.output.columns[i].name;
    if (IsHidden(name)) continue;
    const std::string text = TextOf(*node.expressions[i], node.inputs[0]->output);
    items.push_back(text == name ? name : fmt::format("{} = {}", name, text));
  }
  step.detail = items.empty() ? "nothing visible" : Join(items);
  return step;
}

std::string DescribeNormalise(const NormaliseNode& node) {
  std::vector<std::string> keys;
  for (int column : node.change_key) keys.push_back(node.output.columns[column].name);
  std::string text = "so that a change takes its old row back, state: ";
  text += keys.empty() ? "1 row" : "newest row per " + Join(keys, " and ");
  if (node.window_end >= 0) {
    text += node.window_kept_ms > 0 ? ", until " + plan::DescribeDuration(node.window_kept_ms) + " after the window"
                                    : ", until the window closes";
  }
  return text;
}

std::string DescribeWindowRows(const WindowRowsNode& node) {
  if (node.emit_changes) return ", rows pass at once, no state";
  return fmt::format(", rows of a window leave when it closes, state: the rows of open windows, kept for {}",
                     plan::DescribeDuration(node.window.size_ms));
}

/// What a row window keeps. The bound is per partition; the number of partitions is the data's unless a limit is set.
std::string StateBound(const OverNode& node, const std::string& partition) {
  if (node.per_emission) {
    return node.window_end >= 0 ? "the rows of one closed window" : "all rows, computed at the end of the input";
  }
  const std::string per = partition.empty() ? "" : " per " + partition;
  std::string bound;
  if (node.buffer_rows < 0) {
    bound = fmt::format("1 running value{}", per);
  } else if (node.buffer_ms >= 0) {
    bound =
        fmt::format("rows of the last {}, at most {}{}", plan::DescribeDuration(node.buffer_ms), node.buffer_rows, per);
  } else {
    bound = fmt::format("{} row{}{}", node.buffer_rows, node.buffer_rows == 1 ? "" : "s", per);
  }
  if (node.expire_ms >= 0) {
    bound += fmt::format(", cleared after {} without rows", plan::DescribeDuration(node.expire_ms));
  }
  if (node.max_partitions > 0) bound += fmt::format(", at most {} partitions", node.max_partitions);
  return bound;
}

ExplainStep DescribeOver(const OverNode& node) {
  const Schema& input = node.inputs[0]->output;
  std::vector<std::string> calls, partition, order;
  for (const OverCall& call : node.calls) {
    const std::string_view text = call.call.text;
    calls.emplace_back(text.substr(0, text.find(" OVER ")));
  }
  for (const BoundExpressionPtr& key : node.partition_by) partition.push_back(TextOf(*key, input));
  for (const SortKey& key : node.order_by) {
    order.push_back(TextOf(*key.expression, input) + (key.descending ? " descending" : ""));
  }
  std::string detail = "computes " + Join(calls);
  if (!partition.empty()) detail += ", for each " + Join(partition, " and ");
  detail += order.empty() ? ", in order of arrival" : ", in order of " + Join(order);
  detail += ", state: " + StateBound(node, Join(partition, " and "));
  if (node.emit_on_full) detail += ", emits when the buffer is full";
  return {"RowWindow", std::move(detail), {}};
}

std::string TextsOf(const std::vector<BoundExpressionPtr>& expressions, const Schema& input) {
  std::vector<std::string> texts;
  for (const BoundExpressionPtr& expression : expressions) texts.push_back(TextOf(*expression, input));
  return Join(texts);
}

ExplainStep DescribeSubquery(const SubqueryNode& node) {
  using Form = SubqueryNode::Form;
  const Schema& outer = node.inputs[0]->output;
  const bool membership = node.form == Form::kExists || node.form == Form::kIn;
  std::string how = "the same for every row";
  if (node.per_record != nullptr) {
    how = "run again for every different " + TextsOf(node.parameters, outer);
  } else if (!node.outer_keys.empty()) {
    how = "found by " + TextsOf(node.outer_keys, outer);
  } else if (node.residual != nullptr || node.comparison != nullptr) {
    how = "compared with every row of it";
  } else if (node.form == Form::kIn) {
    how = "found by value";
  }
  const bool counts = membership && node.residual == nullptr && node.per_record == nullptr;
  std::string state = counts ? "its different values" : "its rows";
  if (!node.inputs[1]->bounded) state += ", kept as long as the query runs";
  return {"Subquery", fmt::format("{}, {}, state: {}", node.text, how, state), {}};
}

ExplainStep DescribeRest(const PlanNode& node) {
  switch (node.kind) {
    case PlanKind::kValues:
      return {"Values",
              fmt::format("{} constant row{}", static_cast<const ValuesNode&>(node).rows.size(),
                          static_cast<const ValuesNode&>(node).rows.size() == 1 ? "" : "s"),
              {}};
    case PlanKind::kFilter: {
      const auto& filter = static_cast<const FilterNode&>(node);
      return {filter.is_having ? "FilterGroups" : "Filter", TextOf(*filter.predicate, node.inputs[0]->output), {}};
    }
    case PlanKind::kWindowRows: {
      const auto& rows = static_cast<const WindowRowsNode&>(node);
      return {"Window", plan::DescribeWindow(rows.window) + DescribeWindowRows(rows), {}};
    }
    case PlanKind::kDistinct: {
      const auto& distinct = static_cast<const DistinctNode&>(node);
      std::vector<std::string> names;
      for (int column : distinct.columns) {
        if (!IsHidden(node.output.columns[column].name)) names.push_back(node.output.columns[column].name);
      }
      if (node.inputs[0]->changes != Changes::kAppend) {
        return {"Distinct", fmt::format("by {}, state: 1 count per value", Join(names)), {}};
      }
      return {"Distinct",
              fmt::format("by {}, state: {}", Join(names),
                          node.bounded ? "every row once"
                                       : fmt::format("at most {} rows, the oldest go", distinct.max_entries)),
              {}};
    }
    case PlanKind::kLimit: {
      const auto& limit = static_cast<const LimitNode&>(node);
      return {"Limit",
              fmt::format("{} rows{}", limit.limit, limit.per_window ? " of each window" : ", then the query ends"),
              {}};
    }
    case PlanKind::kUnion:
      return {"Union", fmt::format("{} inputs", node.inputs.size()), {}};
    case PlanKind::kJoin:
      return {"Join", DescribeJoin(static_cast<const JoinNode&>(node)), {}};
    case PlanKind::kOver:
      return DescribeOver(static_cast<const OverNode&>(node));
    case PlanKind::kSubquery:
      return DescribeSubquery(static_cast<const SubqueryNode&>(node));
    case PlanKind::kUnnest:
      return {"Unnest", DescribeUnnest(static_cast<const UnnestNode&>(node)), {}};
    case PlanKind::kNormalise:
      return {"Normalise", DescribeNormalise(static_cast<const NormaliseNode&>(node)), {}};
    case PlanKind::kScan:
    case PlanKind::kProject:
    case PlanKind::kAggregate:
    case PlanKind::kSort:
      break;
  }
  return {};
}

ExplainStep Describe(const PlanNode& node) {
  ExplainStep step;
  switch (node.kind) {
    case PlanKind::kScan:
      step = DescribeScan(static_cast<const ScanNode&>(node));
      break;
    case PlanKind::kProject:
      step = DescribeProject(static_cast<const ProjectNode&>(node));
      break;
    case PlanKind::kAggregate:
      step = DescribeAggregate(static_cast<const AggregateNode&>(node));
      break;
    case PlanKind::kSort:
      step = DescribeSort(static_cast<const SortNode&>(node));
      break;
    default:
      step = DescribeRest(node);
      break;
  }
  step.span = node.span;
  return step;
}

/// A projection that only passes columns on says nothing a reader needs.
bool IsPlumbing(const PlanNode& node) {
  if (node.kind != PlanKind::kProject) return false;
  const auto& project = static_cast<const ProjectNode&>(node);
  const PlanKind below = node.inputs[0]->kind;
  if (below != PlanKind::kProject) return false;
  return std::all_of(project.expressions.begin(), project.expressions.end(),
                     [](const BoundExpressionPtr& e) { return e->kind == BoundKind::kColumn; });
}

void PrintTree(const PlanNode& node, int depth, std::string* out) {
  const ExplainStep step = Describe(node);
  if (!IsPlumbing(node)) {
    out->append(static_cast<size_t>(depth) * 2, ' ');
    *out += fmt::format("{}: {}\n", step.op, step.detail);
    ++depth;
  }
  for (const PlanNodePtr& input : node.inputs) PrintTree(*input, depth, out);
}

void CollectSteps(const PlanNode& node, std::vector<ExplainStep>* steps) {
  for (const PlanNodePtr& input : node.inputs) CollectSteps(*input, steps);
  if (!IsPlumbing(node)) steps->push_back(Describe(node));
}

/// Name of a result column as people know it; hidden keys are called by what they hold.
std::string KeyName(const PreparedQuery& query, int position) {
  const std::string& name = query.plan->output.columns[position].name;
  if (name == kWindowStartColumn) return "window";
  if (position < static_cast<int>(query.output.columns.size())) return name;
  const PlanNode* node = query.plan.get();
  while (node->kind != PlanKind::kProject && node->inputs.size() == 1) node = node->inputs[0].get();
  if (node->kind != PlanKind::kProject) return name;
  return TextOf(*static_cast<const ProjectNode*>(node)->expressions[position], node->inputs[0]->output) +
         " (not shown)";
}

std::string ResultLine(const PreparedQuery& query) {
  std::vector<std::string> keys;
  for (int position : query.key) keys.push_back(KeyName(query, position));
  std::string text =
      fmt::format("{} column{}", query.output.columns.size(), query.output.columns.size() == 1 ? "" : "s");
  if (!keys.empty()) text += ", key " + Join(keys);
  text += query.emit_changes ? ", EMIT CHANGES" : ", EMIT FINAL";
  text += query.bounded ? ", ends with its input" : ", runs until stopped";
  if (!query.sinks.empty()) text += ", written to " + Join(query.sinks);
  return text;
}

}  // namespace

std::string ExplainPlan(const PreparedQuery& query) {
  std::string text = fmt::format("Result: {}\n", ResultLine(query));
  PrintTree(*query.plan, 1, &text);
  if (!query.not_runnable_reason.empty()) text += fmt::format("Not run: {}\n", query.not_runnable_reason);
  return text;
}

std::vector<ExplainStep> ExplainSteps(const PreparedQuery& query) {
  std::vector<ExplainStep> steps;
  CollectSteps(*query.plan, &steps);
  steps.push_back({"Result", ResultLine(query), {}});
  return steps;
}

}  // namespace velo
