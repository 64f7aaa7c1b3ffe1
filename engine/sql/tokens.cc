#include "engine/sql/tokens.h"

#include "engine/sql/lexer.h"
#include "engine/sql/parser_internal.h"

namespace velo::sql {
namespace {

HighlightClass ClassOf(const Token& token) {
  switch (token.kind) {
    case TokenKind::kWord:
      if (token.role == TokenRole::kKeyword) return HighlightClass::kKeyword;
      if (token.role == TokenRole::kFunction) return HighlightClass::kFunction;
      if (token.role == TokenRole::kType) return HighlightClass::kType;
      if (token.role == TokenRole::kName) return HighlightClass::kIdentifier;
      return token.reserved ? HighlightClass::kKeyword : HighlightClass::kIdentifier;
    case TokenKind::kString:
      return HighlightClass::kString;
    case TokenKind::kInteger:
    case TokenKind::kDecimal:
    case TokenKind::kFloat:
    case TokenKind::kDuration:
      return token.role == TokenRole::kName ? HighlightClass::kIdentifier : HighlightClass::kNumber;
    case TokenKind::kUri:
      return HighlightClass::kUri;
    case TokenKind::kSymbol:
    case TokenKind::kInvalid:
      return token.role == TokenRole::kName ? HighlightClass::kIdentifier : HighlightClass::kOperator;
    case TokenKind::kDouble:
      return token.role == TokenRole::kName ? HighlightClass::kIdentifier : HighlightClass::kString;
    default:
      return HighlightClass::kIdentifier;
  }
}

}  // namespace

std::string_view HighlightClassName(HighlightClass kind) {
  static constexpr std::string_view kNames[] = {"keyword",    "function", "type",     "string",     "number",
                                                "annotation", "comment",  "operator", "identifier", "uri"};
  return kNames[static_cast<size_t>(kind)];
}

std::vector<HighlightToken> Highlight(std::string_view text) {
  Diagnostics ignored;
  LexedText lexed = Lex(text, &ignored);
  Script script;
  // Parsing tells keywords from names: the parser marks every token with what it took it for.
  Parser(text, &lexed, &ignored).ParseStatements(&script);
  std::vector<HighlightToken> out;
  out.reserve(lexed.tokens.size() + lexed.comments.size());
  auto comment = lexed.comments.begin();
  const auto comments_before = [&](int32_t offset) {
    for (; comment != lexed.comments.end() && comment->span.offset < offset; ++comment) {
      const bool annotation = comment->line && comment->text.starts_with('@');
      out.push_back({comment->span, annotation ? HighlightClass::kAnnotation : HighlightClass::kComment});
    }
  };
  for (const Token& token : lexed.tokens) {
    if (token.kind == TokenKind::kEnd) break;
    comments_before(token.span.offset);
    out.push_back({token.span, ClassOf(token)});
  }
  comments_before(static_cast<int32_t>(text.size()) + 1);
  return out;
}

}  // namespace velo::sql
