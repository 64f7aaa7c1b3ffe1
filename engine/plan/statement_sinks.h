#pragma once

#include <string>
#include <vector>

#include "engine/catalog/catalog.h"
#include "engine/sql/ast/statement.h"

namespace velo::plan {

/// A place that a statement names for its rows (INTO, 'x.type', 'sink.topic', the target of INSERT).
struct StatementSink {
  std::string name;  ///< As written.
  std::string uri;   ///< "file:///out.csv", "topic://totals", "stdout://"; empty: a plain name nobody described.
  PropertyMap properties;
  SourceSpan span;
};

/// The sinks of a statement in the order written. `target` is the name the statement makes; its own sink is only among
/// them when properties describe one. Errors: E3004 for kinds of sinks this build has not, E3022 for a file without a
/// path; both at their place in the text.
Result<std::vector<StatementSink>> SinksOf(const sql::Statement& statement);

/// What the WITH lists of a statement say, outermost first, later ones win. Of the lists attached to relations of FROM
/// only what concerns others belongs here: keys with a prefix and job-wide ones (dialect 7.1).
sql::Properties PropertiesOf(const sql::Statement& statement);
/// The part of it that comes from lists attached to relations.
sql::Properties AttachedProperties(const sql::Statement& statement);

}  // namespace velo::plan
