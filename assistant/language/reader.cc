#include "assistant/language/reader.h"

#include <algorithm>

#include <fmt/format.h>

#include "assistant/language/lexicon.h"

namespace velo::language {

namespace {

const SourceModel& NoSource() {
  static const SourceModel kNone;
  return kNone;
}

}  // namespace

Reader::Reader(const Sentence& sentence) : Reader(sentence, NoSource(), nullptr) {}

Reader::Reader(const Sentence& sentence, const SourceModel& source, const QueryNames* names)
    : sentence(sentence), source(source), names(names) {
  size_t count = sentence.tokens.size();
  fields_.resize(count + 1);
  values_.resize(count + 1);
  names_.resize(count + 1, 0);
  for (size_t i = 0; i < count; ++i) {
    fields_[i] = LinkField(source, sentence.tokens, i);
    values_[i] = LinkValue(source, sentence.tokens, i);
    names_[i] = LinkSourceName(source, sentence.tokens, i);
    // The source's own noun ("deliveries") is no column that merely sounds like it ("delivered").
    if (names_[i] > 0 && fields_[i] && fields_[i].score < 0.9 && fields_[i].length <= names_[i]) fields_[i] = {};
  }
}

const Token& Reader::token(size_t offset) const {
  // Past the end there is nothing: no word, no number.
  static const Token kNone = [] {
    Token none;
    none.kind = Token::Kind::kSymbol;
    return none;
  }();
  return at + offset < size() ? sentence.tokens[at + offset] : kNone;
}

std::string_view Reader::word(size_t offset) const {
  if (at + offset >= size() || !sentence.tokens[at + offset].is_word()) return {};
  return sentence.tokens[at + offset].text;
}

bool Reader::IsSymbol(std::string_view text, size_t offset) const {
  return at + offset < size() && sentence.tokens[at + offset].kind == Token::Kind::kSymbol &&
         token(offset).text == text;
}

size_t Reader::Match(std::string_view alternatives, size_t offset) const {
  while (!alternatives.empty()) {
    size_t bar = alternatives.find('|');
    std::string_view phrase = alternatives.substr(0, bar);
    alternatives = bar == std::string_view::npos ? std::string_view() : alternatives.substr(bar + 1);
    size_t taken = 0;
    bool fits = true;
    while (!phrase.empty() && fits) {
      size_t space = phrase.find(' ');
      fits = word(offset + taken) == phrase.substr(0, space);
      phrase = space == std::string_view::npos ? std::string_view() : phrase.substr(space + 1);
      ++taken;
    }
    if (fits && taken > 0) return taken;
  }
  return 0;
}

bool Reader::Accept(std::string_view alternatives) {
  size_t taken = Match(alternatives);
  at += taken;
  return taken > 0;
}

bool IsFillerToken(const Token& token) {
  const bool capitals = token.raw.size() >= 2 && std::all_of(token.raw.begin(), token.raw.end(),
                                                             [](unsigned char c) { return c >= 'A' && c <= 'Z'; });
  return token.is_word() && IsFiller(token.text) && !(capitals && token.text == "us");
}

void Reader::SkipArticles() {
  while (Accept("the|a|an|all|of|their|its|our|my|each|every|any|both")) {
  }
}

const FieldLink& Reader::field(size_t offset) const { return fields_[std::min(at + offset, size())]; }
const ValueLink& Reader::value(size_t offset) const { return values_[std::min(at + offset, size())]; }
size_t Reader::source_name(size_t offset) const { return names_[std::min(at + offset, size())]; }

bool Reader::AcceptField(int* index) {
  const FieldLink link = field();
  if (!link) return false;
  *index = link.field;
  link_score += link.score;
  ++links;
  std::string said = Said(at, at + link.length);
  if (link.rival >= 0 && !frame.question) {
    Question question;
    question.question = fmt::format("Which column do you mean by \"{}\"?", said);
    for (int choice : {link.field, link.rival}) {
      std::string prompt = sentence.words;
      size_t begin = sentence.tokens[at].begin;
      prompt.replace(begin, sentence.tokens[at + link.length - 1].end - begin, fmt::format("\"{}\"", name(choice)));
      question.options.push_back({std::string(name(choice)), std::move(prompt)});
    }
    frame.question = std::move(question);
  }
  if (link.score < 0.95) Understand(said, std::string(name(link.field)));
  at += link.length;
  return true;
}

std::string Reader::Said(size_t from, size_t to) const {
  if (to <= from) return {};
  return std::string(sentence.Slice(from, to - 1));
}

void Reader::Understand(std::string words, std::string as) {
  for (const Understood& known : frame.understood) {
    if (known.text == words && known.as == as) return;
  }
  frame.understood.push_back({std::move(words), std::move(as)});
}

void Reader::Assume(std::string id, std::string text, std::vector<AssumptionChoice> alternatives) {
  for (const Assumption& known : frame.assumptions) {
    if (known.id == id) return;
  }
  frame.assumptions.push_back({std::move(id), std::move(text), std::move(alternatives)});
}

}  // namespace velo::language
