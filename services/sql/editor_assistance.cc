#include <fmt/format.h>

#include "connectors/file/file_paths.h"
#include "engine/editor/completion.h"
#include "engine/editor/hover.h"
#include "engine/editor/signature.h"
#include "engine/sql/parser.h"
#include "engine/sql/tokens.h"
#include "services/operation_binding.h"
#include "services/register_all.h"
#include "services/workspace.h"

namespace velo::services {
namespace {

constexpr size_t kMostFiles = 100;

enum class CompletionMode : uint8_t { kInline, kList };
BOOST_DESCRIBE_ENUM(CompletionMode, kInline, kList)

struct CompletionParams {
  std::string prefix, suffix;
  std::optional<int64_t> cursor_position;
  CompletionMode mode = CompletionMode::kInline;
  Json context = Json::object();
  std::optional<int64_t> max_items;

  static std::vector<FieldRule> Rules() {
    return {{"prefix", "text before the cursor", false, {}, {}, {}, {"text"}, 64 * 1024},
            {"suffix", "text after the cursor", false, {}, {}, {}, {}, 64 * 1024},
            {"cursor_position", "byte offset, when prefix holds the whole text", false, 0, {}, {}, {"offset"}},
            {"max_items", "", false, 1, 200}};
  }
};
BOOST_DESCRIBE_STRUCT(CompletionParams, (), (prefix, suffix, cursor_position, mode, context, max_items))

struct RangeView {
  int32_t offset = 0, length = 0;
};
BOOST_DESCRIBE_STRUCT(RangeView, (), (offset, length))

struct CompletionView {
  std::string text, kind;
  double confidence = 0;
  std::string explanation;
  RangeView replace;
  std::optional<std::string> detail, documentation;
};
BOOST_DESCRIBE_STRUCT(CompletionView, (), (text, kind, confidence, explanation, replace, detail, documentation))

struct CompletionAnswer {
  std::vector<CompletionView> completions;
  std::string engine = "builtin";
};
BOOST_DESCRIBE_STRUCT(CompletionAnswer, (), (completions, engine))

/// A text with a cursor in it, as the engine's editor part asks for it.
struct Place {
  std::string text;
  std::unique_ptr<Catalog> catalog;
  editor::EditorRequest request;

  Place(std::string whole, int64_t offset, CallContext& context)
      : text(std::move(whole)), catalog(context.workspace->CatalogFor(context.thread_id)) {
    request.text = text;
    request.offset = static_cast<int32_t>(std::clamp<int64_t>(offset, 0, static_cast<int64_t>(text.size())));
    request.catalog = catalog.get();
    request.functions = &context.workspace->functions();
    request.list_files = [](std::string_view started) { return FilesThatContinue(started, kMostFiles); };
  }
};

std::optional<std::string> NotEmpty(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

Result<Outcome<CompletionAnswer>> CompleteText(const CompletionParams& params, CallContext& context) {
  auto thread = params.context.is_object() ? params.context.find("thread_id") : params.context.end();
  if (params.context.is_object() && thread != params.context.end() && thread->is_string()) {
    context.thread_id = thread->get<std::string>();
  }
  int64_t cursor = params.cursor_position.value_or(static_cast<int64_t>(params.prefix.size()));
  Place place(params.prefix + params.suffix, cursor, context);
  bool list = params.mode == CompletionMode::kList;
  size_t limit = static_cast<size_t>(params.max_items.value_or(list ? 50 : 3));
  Outcome<CompletionAnswer> outcome;
  for (const editor::Completion& found :
       list ? editor::Complete(place.request, limit) : editor::CompleteInline(place.request, limit)) {
    outcome.answer.completions.push_back({found.text,
                                          std::string(editor::CompletionKindName(found.kind)),
                                          found.confidence,
                                          found.explanation,
                                          {found.replace.offset, found.replace.length},
                                          NotEmpty(found.detail),
                                          NotEmpty(found.documentation)});
  }
  return outcome;
}

/// POST /api/sql/complete: the same as a list.
Result<Outcome<CompletionAnswer>> CompleteList(const CompletionParams& params, CallContext& context) {
  CompletionParams list = params;
  list.mode = CompletionMode::kList;
  return CompleteText(list, context);
}

struct CursorParams {
  std::string sql;
  int64_t offset = 0;
  static std::vector<FieldRule> Rules() { return {{"offset", "byte offset of the cursor", true, 0}}; }
};
BOOST_DESCRIBE_STRUCT(CursorParams, (), (sql, offset))

Result<Outcome<Json>> HoverText(const CursorParams& params, CallContext& context) {
  Place place(params.sql, params.offset, context);
  Outcome<Json> outcome;
  if (std::optional<editor::Hover> hover = editor::HoverAt(place.request)) {
    outcome.answer = {{"kind", hover->kind},
                      {"name", hover->name},
                      {"text", hover->text},
                      {"range", {{"offset", hover->range.offset}, {"length", hover->range.length}}}};
  }
  return outcome;
}

struct SignatureView {
  std::string label, doc;
  std::vector<std::string> parameters;
};
BOOST_DESCRIBE_STRUCT(SignatureView, (), (label, doc, parameters))

struct SignatureAnswer {
  std::vector<SignatureView> signatures;
  int32_t active = 0, parameter = 0;
};
BOOST_DESCRIBE_STRUCT(SignatureAnswer, (), (signatures, active, parameter))

Result<Outcome<SignatureAnswer>> SignatureText(const CursorParams& params, CallContext& context) {
  Place place(params.sql, params.offset, context);
  Outcome<SignatureAnswer> outcome;
  if (std::optional<editor::SignatureHelp> help = editor::SignatureAt(place.request)) {
    for (const editor::Signature& signature : help->signatures) {
      outcome.answer.signatures.push_back({signature.label, signature.doc, signature.parameters});
    }
    outcome.answer.active = help->active;
    outcome.answer.parameter = help->parameter;
  }
  return outcome;
}

struct TokensParams {
  std::string sql;
};
BOOST_DESCRIBE_STRUCT(TokensParams, (), (sql))

struct TokensAnswer {
  Json tokens = Json::array();
  std::vector<RangeView> statements;
};
BOOST_DESCRIBE_STRUCT(TokensAnswer, (), (tokens, statements))

Result<Outcome<TokensAnswer>> TokensOfText(const TokensParams& params, CallContext&) {
  Outcome<TokensAnswer> outcome;
  for (const sql::HighlightToken& token : sql::Highlight(params.sql)) {
    outcome.answer.tokens.push_back(
        {token.span.offset, token.span.length, std::string(sql::HighlightClassName(token.kind))});
  }
  Diagnostics ignored;  // Wrong text is coloured as well; /api/validate says what is wrong.
  for (const SourceSpan& span : sql::ParseScript(params.sql, &ignored).spans) {
    outcome.answer.statements.push_back({span.offset, span.length});
  }
  return outcome;
}

OperationInfo Info(const char* name, const char* title, const char* description, const char* path) {
  OperationInfo info;
  info.name = name;
  info.title = title;
  info.description = description;
  info.method = "POST";
  info.path = path;
  info.rate_per_minute = 600;
  return info;
}

}  // namespace

void RegisterEditorAssistance(OperationRegistry* registry) {
  AddOperation(registry, Info("completions", "Complete", "Continues a text at the cursor.", "/api/completions"),
               CompleteText);
  AddOperation(registry, Info("complete_list", "Complete as a list", "Proposals for the popup.", "/api/sql/complete"),
               CompleteList);
  AddOperation(registry, Info("hover", "Hover", "What stands under the cursor.", "/api/sql/hover"), HoverText);
  AddOperation(registry, Info("signature", "Signature", "Help inside a call.", "/api/sql/signature"), SignatureText);
  AddOperation(registry, Info("tokens", "Colours", "Classes of the words of a text.", "/api/sql/tokens"), TokensOfText);
}

}  // namespace velo::services
