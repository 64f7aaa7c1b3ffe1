#include "engine/functions/column_reader.h"
#include "engine/functions/families.h"
#include "engine/functions/regular_expression.h"
#include "engine/functions/type_rules.h"

namespace velo {
namespace {

size_t CharacterLength(unsigned char first) { return first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4; }

// A LIKE pattern taken apart once. Most patterns are one literal with % around it and need no search by character.
class LikeMatcher {
 public:
  static Result<LikeMatcher> Make(std::string_view pattern, std::string_view escape) {
    if (escape.size() > 4) return Status::User("E2310", "ESCAPE takes exactly one character");
    LikeMatcher matcher;
    for (size_t i = 0; i < pattern.size();) {
      const size_t length = CharacterLength(static_cast<unsigned char>(pattern[i]));
      const std::string_view character = pattern.substr(i, length);
      i += character.size();
      if (!escape.empty() && character == escape && i < pattern.size()) {
        const std::string_view escaped = pattern.substr(i, CharacterLength(static_cast<unsigned char>(pattern[i])));
        i += escaped.size();
        matcher.AddLiteral(escaped);
      } else if (character == "%") {
        if (matcher.steps_.empty() || matcher.steps_.back().kind != Step::kRun)
          matcher.steps_.push_back({Step::kRun, ""});
      } else if (character == "_") {
        matcher.steps_.push_back({Step::kOne, ""});
      } else {
        matcher.AddLiteral(character);
      }
    }
    return matcher;
  }

  bool Matches(std::string_view text) const { return MatchFrom(0, text); }

 private:
  struct Step {
    enum Kind : uint8_t { kLiteral, kOne, kRun } kind;
    std::string text;
  };

  void AddLiteral(std::string_view text) {
    if (steps_.empty() || steps_.back().kind != Step::kLiteral) steps_.push_back({Step::kLiteral, ""});
    steps_.back().text.append(text);
  }

  // Greedy with one point of return, the last %: linear for usual patterns.
  bool MatchFrom(size_t step, std::string_view text) const {
    size_t at = 0;
    size_t run_step = std::string::npos;
    size_t run_at = 0;
    while (true) {
      if (step < steps_.size() && steps_[step].kind == Step::kRun) {
        if (step + 1 == steps_.size()) return true;
        run_step = step++;
        run_at = at;
        SkipToLiteral(run_step, text, &run_at, &at);
        if (at == std::string::npos) return false;
        continue;
      }
      if (step == steps_.size() && at == text.size()) return true;
      if (step < steps_.size() && Take(steps_[step], text, &at)) {
        ++step;
        continue;
      }
      if (run_step == std::string::npos || run_at >= text.size()) return false;
      run_at += CharacterLength(static_cast<unsigned char>(text[run_at]));
      SkipToLiteral(run_step, text, &run_at, &at);
      if (at == std::string::npos) return false;
      step = run_step + 1;
    }
  }

  // After a % nothing can match before the next place of the literal that follows.
  void SkipToLiteral(size_t run_step, std::string_view text, size_t* run_at, size_t* at) const {
    *at = *run_at;
    const Step& next = steps_[run_step + 1];
    if (next.kind != Step::kLiteral) return;
    // A literal at the end can only match at the end.
    if (run_step + 2 == steps_.size()) {
      const bool fits = text.size() >= *run_at + next.text.size() && text.ends_with(next.text);
      *at = fits ? text.size() - next.text.size() : std::string::npos;
    } else {
      *at = text.find(next.text, *run_at);
    }
    *run_at = *at;
  }

  static bool Take(const Step& step, std::string_view text, size_t* at) {
    if (step.kind == Step::kOne) {
      if (*at >= text.size()) return false;
      *at += CharacterLength(static_cast<unsigned char>(text[*at]));
      return true;
    }
    if (text.compare(*at, step.text.size(), step.text) != 0) return false;
    *at += step.text.size();
    return true;
  }

  std::vector<Step> steps_;
};

// The regular expression that means the same as a LIKE pattern.
std::string LikeToRegex(std::string_view pattern, std::string_view escape) {
  constexpr std::string_view kSpecial = "\\^$.|?*+()[]{}-";
  std::string regex = "(?s)^";
  for (size_t i = 0; i < pattern.size();) {
    std::string_view character = pattern.substr(i, CharacterLength(static_cast<unsigned char>(pattern[i])));
    i += character.size();
    bool literal = character != "%" && character != "_";
    if (!escape.empty() && character == escape && i < pattern.size()) {
      character = pattern.substr(i, CharacterLength(static_cast<unsigned char>(pattern[i])));
      i += character.size();
      literal = true;
    }
    if (literal) {
      if (character.size() == 1 && kSpecial.find(character[0]) != std::string_view::npos) regex += '\\';
      regex += character;
    } else {
      regex += character == "%" ? ".*" : ".";
    }
  }
  return regex + "$";
}

Result<arrow::Datum> Like(const KernelContext& context, std::span<const arrow::Datum> arguments) {
  const Values<std::string_view> text(arguments[0]);
  const Values<std::string_view> pattern(arguments[1]);
  const Values<std::string_view> escape(arguments.size() > 2 ? arguments[2] : arrow::Datum(""));
  if (pattern.constant() && escape.constant() && !pattern.IsNull(0) && !escape.IsNull(0)) {
    VELO_ASSIGN_OR_RETURN(const LikeMatcher matcher, LikeMatcher::Make(pattern[0], escape[0]));
    return MapBoolean(context, {&text}, [&](int64_t row) { return matcher.Matches(text[row]); });
  }
  Status failure;
  auto result = MapBoolean(context, {&text, &pattern, &escape}, [&](int64_t row) {
    auto matcher = LikeMatcher::Make(pattern[row], escape[row]);
    if (!matcher.ok()) failure = matcher.status();
    return matcher.ok() && matcher->Matches(text[row]);
  });
  VELO_RETURN_IF_ERROR(failure);
  return result;
}

Result<arrow::Datum> ILike(const KernelContext& context, std::span<const arrow::Datum> arguments) {
  return ForEachPattern(context, arguments, [](const arrow::Datum& text, const std::vector<std::string>& parts) {
    return MatchPattern(text, "(?i)" + LikeToRegex(parts[0], parts.size() > 1 ? parts[1] : ""));
  });
}

Result<arrow::Datum> Regexp(const KernelContext& context, std::span<const arrow::Datum> arguments) {
  return ForEachPattern(context, arguments, [](const arrow::Datum& text, const std::vector<std::string>& parts) {
    return MatchPattern(text, PatternWithFlags(parts[0], parts.size() > 1 ? parts[1] : ""));
  });
}

Result<CallTypes> RegexpTypes(std::string_view name, TypeSpan arguments, ConstantSpan constants) {
  VELO_ASSIGN_OR_RETURN(CallTypes types,
                        (FixedTypes<TypeKind::kBoolean, 2, TypeKind::kString, TypeKind::kString, TypeKind::kString>(
                            name, arguments, constants)));
  if (constants.size() > 1 && constants[1] != nullptr) {
    VELO_RETURN_IF_ERROR(CheckPattern(*constants[1]));
  }
  return types;
}

}  // namespace

void RegisterPatterns(FunctionRegistry* registry) {
  const auto rule = FixedTypes<TypeKind::kBoolean, 2, TypeKind::kString, TypeKind::kString, TypeKind::kString>;
  ScalarFunction like;
  like.name = "LIKE";
  like.types = rule;
  like.kernel = Like;
  like.doc.category = "Operator";
  registry->Add(like);
  like.name = "ILIKE";
  like.kernel = ILike;
  registry->Add(like);
  ScalarFunction regexp;
  regexp.name = "REGEXP";
  regexp.aliases = {"REGEXP_MATCHES", "REGEXP_LIKE", "RLIKE"};
  regexp.types = RegexpTypes;
  regexp.kernel = Regexp;
  regexp.doc = {"String",
                "REGEXP(text, pattern[, flags]) → BOOLEAN",
                "Whether the pattern (RE2) matches anywhere in the text; flag i ignores case.",
                "NULL in, NULL out",
                "REGEXP('velo-7', '[0-9]$')",
                "true"};
  registry->Add(std::move(regexp));
}

}  // namespace velo
