#include "engine/editor/signature.h"

#include <algorithm>

#include "engine/editor/cursor_context.h"
#include "engine/sql/words.h"

namespace velo::editor {
namespace {

struct WindowForm {
  std::string_view name, label, doc;
};
constexpr WindowForm kWindowForms[] = {
    {"TUMBLING", "TUMBLING(time, size)", "Windows that do not overlap; time may be left out."},
    {"TUMBLE", "TUMBLE(time, size)", "Windows that do not overlap; time may be left out."},
    {"SLIDING", "SLIDING(size, step)", "Windows of a size that start every step."},
    {"HOP", "HOP(time, size, step)", "Windows of a size that start every step."},
    {"SESSION", "SESSION(time, gap)", "Windows of activity that end after a gap; time may be left out."},
    {"CAST", "CAST(value AS type)", "The value as another type; an error when it does not fit."},
    {"COALESCE", "COALESCE(value, value, ...)", "The first value that is not NULL."},
    {"IF", "IF(condition, then, else)", "One of two values."},
    {"NULLIF", "NULLIF(value, other)", "NULL when both are equal, else the value."},
};

/// Names between the parentheses of "F(a, b[, c]) → T"; brackets of optional ones are dropped.
std::vector<std::string> Parameters(std::string_view signature) {
  std::vector<std::string> parameters;
  const size_t open = signature.find('(');
  const size_t close = signature.find(')', open);
  if (open == std::string_view::npos || close == std::string_view::npos) return parameters;
  std::string name;
  auto flush = [&] {
    const size_t first = name.find_first_not_of(' ');
    if (first != std::string::npos) parameters.push_back(name.substr(first, name.find_last_not_of(' ') - first + 1));
    name.clear();
  };
  for (char c : signature.substr(open + 1, close - open - 1)) {
    if (c == '[' || c == ']') continue;
    if (c == ',')
      flush();
    else
      name += c;
  }
  flush();
  return parameters;
}

Signature MakeSignature(std::string label, std::string doc) {
  Signature signature;
  signature.parameters = Parameters(label);
  signature.label = std::move(label);
  signature.doc = std::move(doc);
  return signature;
}

}  // namespace

std::optional<SignatureHelp> SignatureAt(const EditorRequest& request) {
  const CursorContext context = ReadCursor(request);
  if (context.call.empty()) return std::nullopt;
  SignatureHelp help;
  if (request.functions != nullptr) {
    for (const FunctionRegistry::Entry& entry : request.functions->List()) {
      const bool match = entry.name == context.call ||
                         std::find(entry.aliases.begin(), entry.aliases.end(), context.call) != entry.aliases.end();
      if (match && entry.doc != nullptr)
        help.signatures.push_back(MakeSignature(entry.doc->signature, entry.doc->description));
    }
  }
  if (help.signatures.empty()) {
    for (const WindowForm& form : kWindowForms) {
      if (form.name == context.call)
        help.signatures.push_back(MakeSignature(std::string(form.label), std::string(form.doc)));
    }
  }
  if (help.signatures.empty()) return std::nullopt;
  const int last = std::max(0, static_cast<int>(help.signatures[0].parameters.size()) - 1);
  help.parameter = std::min(context.argument, last);
  return help;
}

}  // namespace velo::editor
