#include "assistant/language/linker.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "assistant/language/lexicon.h"
#include "engine/base/near_names.h"

namespace velo::language {

namespace {

/// Cuts "customerId", "temp_max", "IMDB Rating" into lower-case words.
std::vector<std::string> NameParts(std::string_view name) {
  std::vector<std::string> parts;
  std::string part;
  auto finish = [&] {
    if (!part.empty()) parts.push_back(ToLower(part));
    part.clear();
  };
  for (size_t i = 0; i < name.size(); ++i) {
    unsigned char c = static_cast<unsigned char>(name[i]);
    if (std::isalnum(c) == 0 && (c & 0x80) == 0) {
      finish();
      continue;
    }
    bool hump = std::isupper(c) != 0 && i > 0 && std::islower(static_cast<unsigned char>(name[i - 1])) != 0;
    if (hump) finish();
    part += name[i];
  }
  finish();
  return parts;
}

std::string Canonical(std::string_view word) {
  std::string single = Singular(word);
  return std::string(SpellOut(single));
}

void AddRole(std::string_view role, std::vector<std::string>* roles) {
  if (std::find(roles->begin(), roles->end(), role) == roles->end()) roles->emplace_back(role);
}

/// Roles that the name alone suggests.
void AddRolesOfName(FieldModel* field) {
  for (const RoleWords& words : Roles()) {
    bool named = Joined(words.role) == field->joined;
    for (std::string_view word : words.close) named = named || Joined(word) == field->joined;
    if (named) AddRole(words.role, &field->roles);
  }
  for (const std::string& part : field->parts) {
    if (part == "price" && field->is_numeric()) AddRole("price", &field->roles);
    if (part == "quantity" && field->is_numeric()) AddRole("quantity", &field->roles);
    if ((part == "amount" || part == "revenue") && field->is_numeric()) AddRole("amount", &field->roles);
    if (part == "latency") AddRole("latency_ms", &field->roles);
    if (part == "temperature") AddRole("temperature", &field->roles);
  }
}

const FieldReport* FindReport(const SourceFact& fact, std::string_view name) {
  if (fact.report == nullptr) return nullptr;
  for (const FieldReport& report : fact.report->fields) {
    if (report.name == name) return &report;
  }
  return nullptr;
}

FieldModel MakeField(const SourceFact& fact, const Column& column) {
  FieldModel field;
  field.name = column.name;
  field.joined = Joined(column.name);
  field.type = column.type.kind();
  for (const std::string& part : NameParts(column.name)) field.parts.push_back(Canonical(part));
  if (const FieldReport* report = FindReport(fact, column.name)) {
    field.roles = report->roles;
    field.few_values = report->enum_candidate;
    field.distinct = report->distinct;
    if (field.is_numeric() && !report->max.empty() && !report->min.empty()) {
      double low = std::strtod(report->min.c_str(), nullptr), high = std::strtod(report->max.c_str(), nullptr);
      field.unit_interval = low >= 0 && high <= 1;
    }
  }
  AddRolesOfName(&field);
  // Dates are often written as text; a name or a sample tells.
  bool may_be_time = field.is_text() || field.type == TypeKind::kDate || field.type == TypeKind::kTimestamp;
  bool named = std::any_of(field.parts.begin(), field.parts.end(), [](const std::string& part) {
    return part == "date" || part == "time" || part == "datetime" || part == "timestamp";
  });
  bool sampled = false;
  if (fact.report != nullptr) {
    for (const EventTimeCandidate& candidate : fact.report->event_time_candidates) {
      if (candidate.field != column.name) continue;
      sampled = true;
      field.time_format = candidate.format;
    }
  }
  if (sampled || (may_be_time && named)) AddRole("timestamp", &field.roles);
  return field;
}

void AddValue(int field, std::string_view text, std::vector<ValueModel>* values) {
  std::string joined = Joined(text);
  if (joined.empty() || text.size() > 64) return;
  for (const ValueModel& value : *values) {
    if (value.field == field && value.text == text) return;
  }
  values->push_back({field, std::string(text), std::move(joined)});
}

struct PhraseMatch {
  double score = 0;
  bool exact = false;
};

double Weight(std::string_view part) { return IsWeakPart(part) ? 0.3 : 1.0; }

/// How well some spelt-out words name a field.
double ScoreField(const FieldModel& field, const std::vector<std::string>& words, std::string_view joined,
                  std::string_view joined_stems) {
  if (joined == field.joined || joined_stems == field.joined) return 1.0;
  if (words == field.parts) return 0.98;
  if (words.size() == field.parts.size() && std::is_permutation(words.begin(), words.end(), field.parts.begin()))
    return 0.97;
  double best = 0;
  for (const RoleWords& role : Roles()) {
    if (!field.HasRole(role.role)) continue;
    auto holds = [&](const std::vector<std::string_view>& group) {
      return std::any_of(group.begin(), group.end(), [&](std::string_view word) {
        std::string other = Joined(word);
        return other == joined || other == joined_stems;
      });
    };
    if (Joined(role.role) == joined_stems || holds(role.close)) best = std::max(best, 0.9);
    if (holds(role.loose)) best = std::max(best, 0.82);
  }
  double covered = 0, whole = 0;
  bool all_inside = true, strong = false;
  for (const std::string& part : field.parts) whole += Weight(part);
  for (const std::string& word : words) {
    bool inside = std::find(field.parts.begin(), field.parts.end(), word) != field.parts.end();
    all_inside = all_inside && inside;
    if (inside) covered += Weight(word);
    strong = strong || (inside && !IsWeakPart(word));
  }
  if (all_inside && strong && whole > 0)
    best = std::max(best, 0.6 + 0.35 * covered / whole + (field.is_id() ? 0.01 : 0));
  if (words.size() == 1 && field.parts.size() <= 2 && best < 0.75) {
    const std::string& word = words[0];
    const std::string& head = field.parts.front();
    if (word.size() >= 4 && (head.starts_with(word) || (word.starts_with(head) && head.size() >= 4)))
      best = std::max(best, 0.74);
    int distance = word.size() >= 4 && word[0] == field.joined[0] ? EditDistance(word, field.joined) : 9;
    if (distance <= 1 || (distance == 2 && word.size() >= 8)) best = std::max(best, 0.72);
  }
  return best;
}

}  // namespace

std::string Joined(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0 || (c & 0x80) != 0) {
      out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
  }
  return out;
}

bool FieldModel::HasRole(std::string_view role) const {
  return std::find(roles.begin(), roles.end(), role) != roles.end();
}

bool FieldModel::is_numeric() const {
  return type == TypeKind::kInteger || type == TypeKind::kFloat || type == TypeKind::kDecimal;
}

bool FieldModel::is_id() const { return !parts.empty() && (parts.back() == "id" || parts.back() == "uuid"); }

bool FieldModel::is_time() const {
  return type == TypeKind::kTimestamp || type == TypeKind::kDate || HasRole("timestamp") || HasRole("event_time");
}

int SourceModel::FindRole(std::string_view role) const {
  for (size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].joined == Joined(role)) return static_cast<int>(i);
  }
  for (size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].HasRole(role)) return static_cast<int>(i);
  }
  return -1;
}

int SourceModel::FindRoles(std::initializer_list<std::string_view> roles) const {
  for (std::string_view role : roles) {
    if (int field = FindRole(role); field >= 0) return field;
  }
  return -1;
}

SourceModel MakeSourceModel(const SourceFact& fact) {
  SourceModel model;
  model.fact = &fact;
  if (fact.relation != nullptr) {
    for (const Column& column : fact.relation->schema.columns) model.fields.push_back(MakeField(fact, column));
    for (const auto& [name, values] : fact.relation->sample_values) {
      int field = fact.relation->schema.Find(name);
      if (field >= 0) model.fields[static_cast<size_t>(field)].few_values = true;
      for (const std::string& value : values) AddValue(field, value, &model.values);
    }
  }
  if (fact.report != nullptr && fact.relation != nullptr) {
    for (const FieldReport& report : fact.report->fields) {
      int field = fact.relation->schema.Find(report.name);
      if (field < 0 || !model.fields[static_cast<size_t>(field)].is_text()) continue;
      for (const std::string& value : report.examples) AddValue(field, value, &model.values);
    }
  }
  for (const std::string& part : NameParts(fact.alias.empty() ? fact.name : fact.alias)) {
    model.name_parts.push_back(Singular(part));
  }
  // A format at the end of a name says how the file is written, not what it is about.
  auto is_format = [](const std::string& part) {
    return part == "csv" || part == "json" || part == "jsonl" || part == "parquet" || part == "tsv" || part == "ndjson";
  };
  while (model.name_parts.size() > 1 && is_format(model.name_parts.back())) model.name_parts.pop_back();
  model.singular = "record";
  std::vector<std::string> raw_parts = NameParts(fact.alias.empty() ? fact.name : fact.alias);
  while (raw_parts.size() > 1 && is_format(raw_parts.back())) raw_parts.pop_back();
  if (!raw_parts.empty() && raw_parts.back() != Singular(raw_parts.back())) model.singular = Singular(raw_parts.back());
  return model;
}

FieldLink LinkField(const SourceModel& source, const std::vector<Token>& tokens, size_t at) {
  FieldLink best;
  if (at >= tokens.size()) return best;
  if (tokens[at].kind == Token::Kind::kQuoted) {
    for (size_t i = 0; i < source.fields.size(); ++i) {
      if (ToLower(source.fields[i].name) == tokens[at].stem) return {static_cast<int>(i), 1, 1.0, -1};
    }
    return best;
  }
  std::vector<std::string> words;
  std::string joined, joined_stems;
  for (size_t length = 1; length <= 4 && at + length <= tokens.size(); ++length) {
    const Token& token = tokens[at + length - 1];
    if (!token.is_word() && !(token.is_number() && token.glued)) break;
    words.push_back(Canonical(token.text));
    joined += Joined(token.text);
    joined_stems += Joined(token.stem);
    bool grammar_only = length == 1 && IsGrammarWord(token.text);
    for (size_t i = 0; i < source.fields.size(); ++i) {
      double score = ScoreField(source.fields[i], words, joined, joined_stems);
      if (grammar_only && score < 0.9) continue;
      if (grammar_only && IsFiller(token.text) && score < 0.98) continue;
      if (score < 0.7) continue;
      double ranked = score + 0.03 * static_cast<double>(length - 1);
      double current = best ? best.score + 0.03 * static_cast<double>(best.length - 1) : 0;
      if (ranked > current + 1e-9) {
        int rival = best.length == length && best.score > ranked - 0.05 ? best.field : -1;
        best = {static_cast<int>(i), length, score, rival};
      } else if (best.length == length && ranked > current - 0.05) {
        best.rival = static_cast<int>(i);
      }
    }
  }
  if (best && best.score >= 0.95) best.rival = -1;
  return best;
}

ValueLink LinkValue(const SourceModel& source, const std::vector<Token>& tokens, size_t at) {
  ValueLink best;
  std::string joined, joined_stems;
  for (size_t length = 1; length <= 4 && at + length <= tokens.size(); ++length) {
    const Token& token = tokens[at + length - 1];
    if (token.kind == Token::Kind::kSymbol || token.kind == Token::Kind::kUri || token.kind == Token::Kind::kPath)
      break;
    joined += Joined(token.text.empty() ? token.digits : token.text);
    joined_stems += Joined(token.stem);
    bool grammar = length == 1 && token.is_word() && IsGrammarWord(token.text);
    // Short lower-case words in running text ("us", "in") are rarely country codes.
    bool doubtful = length == 1 && token.is_word() && IsFiller(token.text) && token.raw == token.text;
    if (doubtful || (token.is_number() && length == 1)) continue;  // "press-1" ends in a number, "5" is one.
    for (size_t i = 0; i < source.values.size(); ++i) {
      const ValueModel& value = source.values[i];
      double score = 0;
      if (value.joined == joined)
        score = 1.0;
      else if (!joined_stems.empty() && Singular(value.joined) == joined_stems)
        score = 0.93;
      else if (length == 1 && !grammar && joined.size() >= 4 && SameRoot(value.joined, joined))
        score = 0.85;
      else if (length == 1 && token.is_word() && (token.text == "error" || token.text == "failed") &&
               SameRoot(value.joined, joined))
        score = 0.85;
      if (score == 0) continue;
      double ranked = score + 0.05 * static_cast<double>(length - 1);
      if (ranked > best.score + 0.05 * static_cast<double>(best.length > 0 ? best.length - 1 : 0)) {
        best = {static_cast<int>(i), length, score};
      }
    }
  }
  return best;
}

int FieldOfQuality(const SourceModel& source, std::string_view adjective) {
  struct Quality {
    std::string_view root;
    std::initializer_list<std::string_view> parts;  ///< Words in names of columns, best first.
  };
  static const std::initializer_list<Quality> kQualities = {
      {"heav", {"weight", "mass", "load"}},
      {"light", {"weight", "mass"}},
      {"long", {"duration", "length", "distance", "latency", "second", "minute", "time", "delay"}},
      {"short", {"duration", "length", "distance", "latency", "second", "minute", "delay"}},
      {"hot", {"temperature", "celsius"}},
      {"warm", {"temperature"}},
      {"cold", {"temperature"}},
      {"cool", {"temperature"}},
      {"slow", {"latency", "duration", "elapsed", "response", "speed"}},
      {"fast", {"latency", "duration", "elapsed", "response", "speed"}},
      {"quick", {"latency", "duration", "elapsed", "speed"}},
      {"cheap", {"price", "fee", "cost", "amount", "total"}},
      {"expensiv", {"price", "fee", "cost", "amount", "total"}},
      {"pric", {"price", "fee", "cost"}},
      {"cost", {"cost", "price", "fee"}},
      {"old", {"age", "year"}},
      {"young", {"age", "year"}},
      {"tall", {"height"}},
      {"far", {"distance"}},
      {"rich", {"balance", "income", "amount"}},
      {"wet", {"precipitation", "rain", "humidity"}},
      {"rain", {"precipitation", "rain"}},
      {"late", {"delay", "lateness"}},
      {"busy", {}},
  };
  std::string root(adjective);
  for (std::string_view ending : {"iest", "ier", "est", "er", "e"}) {
    if (root.size() > ending.size() + 2 && root.ends_with(ending)) {
      root.erase(root.size() - ending.size());
      break;
    }
  }
  if (root.size() > 3 && root[root.size() - 1] == root[root.size() - 2]) root.pop_back();
  auto find = [&](std::string_view part) {
    int best = -1;
    for (size_t i = 0; i < source.fields.size(); ++i) {
      const FieldModel& field = source.fields[i];
      bool has = std::find(field.parts.begin(), field.parts.end(), part) != field.parts.end();
      if (!has || !field.is_numeric()) continue;
      // Of temp_max and temp_min the higher one is meant, unless it is about the cold.
      bool low = std::find(field.parts.begin(), field.parts.end(), "min") != field.parts.end();
      if (best < 0 || low == (root == "cold" || root == "cool")) best = static_cast<int>(i);
    }
    return best;
  };
  for (const Quality& quality : kQualities) {
    if (quality.root != root) continue;
    for (std::string_view part : quality.parts) {
      if (int field = find(part); field >= 0) return field;
    }
  }
  return root.size() >= 4 && root != adjective ? find(root) : -1;
}

size_t LinkSourceName(const SourceModel& source, const std::vector<Token>& tokens, size_t at) {
  if (at >= tokens.size() || source.fact == nullptr) return 0;
  const Token& first = tokens[at];
  if (first.kind == Token::Kind::kUri || first.kind == Token::Kind::kPath || first.kind == Token::Kind::kQuoted) {
    std::string text = ToLower(first.text);
    std::string name = ToLower(source.fact->name);
    bool same = text == name || text == ToLower(source.fact->alias) ||
                (first.kind == Token::Kind::kPath && name.ends_with(text));
    return same ? 1 : 0;
  }
  size_t matched = 0;
  while (matched < source.name_parts.size() && at + matched < tokens.size() &&
         (tokens[at + matched].is_word() || tokens[at + matched].glued) &&
         (tokens[at + matched].stem == source.name_parts[matched] ||
          tokens[at + matched].text == source.name_parts[matched])) {
    ++matched;
  }
  if (matched == source.name_parts.size() && matched > 0) return matched;
  // The last part alone ("requests" for api-requests), when it is a plural noun.
  if (source.name_parts.size() > 1 && first.is_word() && first.stem == source.name_parts.back() &&
      first.stem != first.text) {
    return 1;
  }
  return 0;
}

}  // namespace velo::language
