// A conversation as a document to keep: its words, its SQL and the first rows of its results.
#include <fmt/format.h>

#include "services/executions/export_rows.h"
#include "services/operation_binding.h"
#include "services/register_all.h"
#include "services/store/artifact_store.h"
#include "services/store/thread_store.h"
#include "services/workspace.h"

namespace velo::services {
namespace {

enum class DocumentFormat : uint8_t { kMd, kSql };
BOOST_DESCRIBE_ENUM(DocumentFormat, kMd, kSql)
enum class ResultRows : uint8_t { kFrozen, kNone };
BOOST_DESCRIBE_ENUM(ResultRows, kFrozen, kNone)

struct ExportParams {
  std::string id;
  DocumentFormat format = DocumentFormat::kMd;
  ResultRows results = ResultRows::kFrozen;
  static std::vector<FieldRule> Rules() {
    return {{"format", "md: the conversation; sql: its queries"},
            {"results", "frozen: with the first rows of results"}};
  }
};
BOOST_DESCRIBE_STRUCT(ExportParams, (), (id, format, results))

struct ExportAnswer {};
BOOST_DESCRIBE_STRUCT(ExportAnswer, (), ())

std::string Text(const Json& object, const char* field) {
  const auto found = object.find(field);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::string CodeBlock(const std::string& sql) { return fmt::format("```sql\n{}\n```\n", sql); }

/// Rows of a result as a Markdown table; empty when it has none.
std::string RowsTable(const Json& data) {
  const auto columns = data.find("columns"), rows = data.find("preview_rows");
  if (columns == data.end() || rows == data.end() || !rows->is_array() || rows->empty()) return "";
  std::vector<ResultColumn> read;
  for (const Json& column : *columns) {
    ResultColumn view;
    view.name = Text(column, "name");
    view.type = Text(column, "type");
    view.hidden = column.value("hidden", false);
    read.push_back(std::move(view));
  }
  std::vector<std::string> texts;
  for (const Json& row : *rows) texts.push_back(row.dump(-1, ' ', false, Json::error_handler_t::replace));
  return PrintRows(read, texts, {RowsFormat::kMarkdown, false});
}

std::string ArtifactText(const ArtifactRow& artifact, ResultRows results) {
  const Json data = Json::parse(artifact.data_json, nullptr, false);
  if (!data.is_object()) return "";
  if (artifact.type == "sql-editor") return fmt::format("**{}**\n\n{}", artifact.title, CodeBlock(Text(data, "sql")));
  if (artifact.type != "query-results" || results == ResultRows::kNone) return "";
  const std::string table = RowsTable(data);
  return table.empty() ? "" : fmt::format("{}, first rows:\n\n{}", artifact.title, table);
}

/// One message: what was said, and the artifacts it made.
std::string MessageText(const MessageRow& message, ArtifactStore& artifacts, ResultRows results) {
  const Json content = Json::parse(message.content_json, nullptr, false);
  const auto parts = content.is_object() ? content.find("parts") : content.end();
  if (!content.is_object() || parts == content.end()) return "";
  std::string text = message.role == "user" ? "## " : "";
  for (const Json& part : *parts) {
    const std::string type = Text(part, "type");
    if (type == "text") text += Text(part, "text") + "\n\n";
    if (type != "data-artifact" || !part.contains("data")) continue;
    // The version that the message made is gone from the head of the artifact when it was edited: the newest counts.
    Result<ArtifactRow> artifact = artifacts.Get(Text(part["data"], "id"));
    const std::string drawn = artifact.ok() ? ArtifactText(*artifact, results) : "";
    if (!drawn.empty()) text += drawn + "\n";
  }
  return text;
}

Result<std::string> AsMarkdown(const ThreadRow& thread, CallContext& context, ResultRows results) {
  constexpr int64_t kAllMessages = 100'000;
  VELO_ASSIGN_OR_RETURN(const std::vector<MessageRow> messages,
                        context.workspace->threads().Messages(thread.id, kAllMessages, 0));
  std::string text = fmt::format("# {}\n\n", thread.title.empty() ? "Thread" : thread.title);
  for (const MessageRow& message : messages) {
    text += MessageText(message, context.workspace->artifacts(), results);
  }
  return text;
}

Result<std::string> AsSql(const ThreadRow& thread, CallContext& context) {
  VELO_ASSIGN_OR_RETURN(const std::vector<ArtifactRow> editors,
                        context.workspace->artifacts().List(thread.id, "sql-editor"));
  std::string text;
  for (const ArtifactRow& editor : editors) {
    std::string sql = Text(Json::parse(editor.data_json, nullptr, false), "sql");
    while (sql.ends_with(';') || sql.ends_with('\n') || sql.ends_with(' ')) sql.pop_back();
    text += fmt::format("-- {}\n{};\n\n", editor.title, sql);
  }
  return text;
}

Result<Outcome<ExportAnswer>> ExportThread(const ExportParams& params, CallContext& context) {
  VELO_ASSIGN_OR_RETURN(const ThreadRow thread, context.workspace->threads().Get(params.id));
  const bool sql = params.format == DocumentFormat::kSql;
  RawBody raw;
  VELO_ASSIGN_OR_RETURN(raw.body, sql ? AsSql(thread, context) : AsMarkdown(thread, context, params.results));
  raw.content_type = sql ? "application/sql; charset=utf-8" : "text/markdown; charset=utf-8";
  raw.file_name = fmt::format("{}.{}", thread.id, sql ? "sql" : "md");
  Outcome<ExportAnswer> outcome;
  outcome.raw = std::move(raw);
  return outcome;
}

}  // namespace

void RegisterExportThread(OperationRegistry* registry) {
  AddOperation(registry,
               {.name = "export_thread",
                .title = "Export a conversation",
                .description = "The conversation as Markdown with its SQL and the first rows of its results, or its "
                               "queries as one SQL file.",
                .method = "GET",
                .path = "/api/threads/{id}/export"},
               ExportThread);
}

}  // namespace velo::services
