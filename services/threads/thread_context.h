#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <boost/describe.hpp>

namespace velo::services {

/// A source the thread has talked about, by alias.
struct ContextSource {
  std::string source_id, item, kind, alias, format;
};
BOOST_DESCRIBE_STRUCT(ContextSource, (), (source_id, item, kind, alias, format))

/// What "it", "this query", "the topic" mean (API 5.1).
struct ContextFocus {
  std::string artifact_id;  ///< Artifact made or opened last.
  std::string artifact_type;
  std::string sql;              ///< Current query.
  std::string sql_artifact_id;  ///< Its editor.
  std::string source;           ///< Name as it stands in FROM.
  std::string execution_id;     ///< Of the results shown last.
};
BOOST_DESCRIBE_STRUCT(ContextFocus, (), (artifact_id, artifact_type, sql, sql_artifact_id, source, execution_id))

struct ContextPending {
  std::string question;  ///< Asked in the last answer; empty: none.
  std::string prompt;    ///< Words the question was about.
};
BOOST_DESCRIBE_STRUCT(ContextPending, (), (question, prompt))

struct ContextStep {
  std::string intent, artifact_id;
};
BOOST_DESCRIBE_STRUCT(ContextStep, (), (intent, artifact_id))

/// Facts a thread carries from turn to turn. Kept by ThreadStore; every change bumps `version`.
struct ThreadContext {
  int64_t version = 0;
  std::map<std::string, ContextSource> sources;
  ContextFocus focus;
  ContextPending pending;
  std::map<std::string, std::string> preferences;
  std::vector<ContextStep> history;  ///< The newest 50.
};
BOOST_DESCRIBE_STRUCT(ThreadContext, (), (version, sources, focus, pending, preferences, history))

}  // namespace velo::services
