#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/diagnostic.h"
#include "engine/sql/parser.h"

namespace velo::sql {

enum class TokenKind : uint8_t {
  kWord,         ///< Bare word; whether it is a keyword depends on its place.
  kBacktick,     ///< `name`; text is the content.
  kDouble,       ///< "text": identifier or string by position.
  kString,       ///< 'text'; text is the content.
  kInteger,      ///< Decimal digits; hex and separators are already resolved.
  kDecimal,      ///< 12.50
  kFloat,        ///< 1e6
  kDuration,     ///< 5m
  kNumberWord,   ///< 2024q1: only part of a hyphenated name.
  kUri,          ///< file:///in/*.csv
  kPlaceholder,  ///< {name}; already reported.
  kSymbol,       ///< Operator or punctuation.
  kInvalid,      ///< Already reported.
  kEnd
};

/// What the parser took a token for; kNone until it did.
enum class TokenRole : uint8_t { kNone, kKeyword, kFunction, kType, kName };

struct Token {
  TokenKind kind = TokenKind::kEnd;
  TokenRole role = TokenRole::kNone;
  bool reserved = false;
  int32_t depth = 0;  ///< Number of closed brackets around it.
  std::string text;
  SourceSpan span;

  bool Is(std::string_view symbol) const { return kind == TokenKind::kSymbol && text == symbol; }
};

struct LexedText {
  std::vector<Token> tokens;  ///< Ends with a kEnd token placed just after the last real one.
  std::vector<Comment> comments;
  /// Places of strings and comments that are not closed: what follows them is not worth complaining about.
  std::vector<int32_t> broken_from;
};

/// Splits a text into tokens and comments. Reports E1001, E1002, E1003, E1010 and W1004.
LexedText Lex(std::string_view text, Diagnostics* diagnostics);

/// True when the text reads as one bare name (which may still be a reserved word).
bool IsBareName(std::string_view text);

}  // namespace velo::sql
