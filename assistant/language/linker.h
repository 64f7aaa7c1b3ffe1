#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "assistant/language/language.h"
#include "assistant/language/normalise.h"

namespace velo::language {

/// A column as people may call it.
struct FieldModel {
  std::string name;
  std::string joined;              ///< Lower case, letters and digits only: "customerid".
  std::vector<std::string> parts;  ///< Spelt-out singular parts: {"customer", "id"}.
  std::vector<std::string> roles;  ///< From the schema report and from the name.
  TypeKind type = TypeKind::kAny;
  std::string time_format;     ///< How times are written, as in event time candidates; empty: as a time.
  int64_t distinct = 0;        ///< Distinct values in the sample; 0: not known.
  bool few_values = false;     ///< Samples hold few distinct values: good to group by.
  bool unit_interval = false;  ///< Samples lie in 0..1: a share rather than a percentage.

  bool HasRole(std::string_view role) const;
  bool is_numeric() const;
  bool is_text() const { return type == TypeKind::kString; }
  bool is_id() const;
  bool is_time() const;
};

/// A value seen in the data.
struct ValueModel {
  int field = -1;
  std::string text;    ///< As it stands in the data.
  std::string joined;  ///< Lower case, letters and digits only.
};

/// A source with everything words are linked against.
struct SourceModel {
  const SourceFact* fact = nullptr;
  std::vector<FieldModel> fields;
  std::vector<ValueModel> values;
  std::vector<std::string> name_parts;  ///< Singular parts of the alias: {"customer", "event"}.
  std::string singular;                 ///< "trade", "order", "event"; "record" when the name says nothing.

  int FindRole(std::string_view role) const;  ///< The only or first field with a role; -1.
  int FindRoles(std::initializer_list<std::string_view> roles) const;
  bool is_trading() const { return FindRole("symbol") >= 0 && FindRole("price") >= 0; }
};

SourceModel MakeSourceModel(const SourceFact& fact);

/// A column that some tokens mean.
struct FieldLink {
  int field = -1;
  size_t length = 0;  ///< Tokens used.
  double score = 0;   ///< 0..1
  int rival = -1;     ///< Another column that fits about as well.
  explicit operator bool() const { return field >= 0; }
};

struct ValueLink {
  int value = -1;  ///< Position in SourceModel::values, or -1.
  size_t length = 0;
  double score = 0;
  explicit operator bool() const { return value >= 0; }
};

/// Finds the column that the tokens from `at` on mean: exact name, same parts, synonym of the role, some of the parts,
/// abbreviation, one letter off; at most four tokens.
FieldLink LinkField(const SourceModel& source, const std::vector<Token>& tokens, size_t at);
ValueLink LinkValue(const SourceModel& source, const std::vector<Token>& tokens, size_t at);
/// Number of tokens from `at` on that name the source ("customer events", "trades", "trade"); 0 when they do not.
size_t LinkSourceName(const SourceModel& source, const std::vector<Token>& tokens, size_t at);

/// The column that an adjective is about: "heavier" and "heaviest" mean a weight, "windiest" the wind; -1 for none.
int FieldOfQuality(const SourceModel& source, std::string_view adjective);

/// Lower case, letters and digits only.
std::string Joined(std::string_view text);

}  // namespace velo::language
