#include "engine/functions/registry.h"

#include <algorithm>

#include "engine/functions/column_reader.h"

namespace velo {
namespace {

char UpperAscii(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }

bool SameName(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return UpperAscii(x) == UpperAscii(y); });
}

template <typename Function>
bool Answers(const Function& function, std::string_view name) {
  if (SameName(function.name, name)) return true;
  if constexpr (requires { function.aliases; }) {
    for (const std::string& alias : function.aliases) {
      if (SameName(alias, name)) return true;
    }
  }
  return false;
}

template <typename Function>
const Function* FindIn(const std::vector<std::unique_ptr<Function>>& functions, std::string_view name) {
  for (const auto& function : functions) {
    if (Answers(*function, name)) return function.get();
  }
  return nullptr;
}

// Operators live in the registry under their symbol or keyword and have no doc of their own.
bool CallableByName(const FunctionDoc& doc) { return doc.category != "Operator"; }

}  // namespace

void FunctionRegistry::Add(ScalarFunction function) {
  scalars_.push_back(std::make_unique<ScalarFunction>(std::move(function)));
}

void FunctionRegistry::Add(AggregateFunction function) {
  aggregates_.push_back(std::make_unique<AggregateFunction>(std::move(function)));
}

void FunctionRegistry::Add(WindowFunction function) {
  windows_.push_back(std::make_unique<WindowFunction>(std::move(function)));
}

const ScalarFunction* FunctionRegistry::FindScalar(std::string_view name) const { return FindIn(scalars_, name); }

const AggregateFunction* FunctionRegistry::FindAggregate(std::string_view name) const {
  return FindIn(aggregates_, name);
}

const WindowFunction* FunctionRegistry::FindWindow(std::string_view name) const { return FindIn(windows_, name); }

bool FunctionRegistry::Knows(std::string_view name) const {
  return FindScalar(name) != nullptr || FindAggregate(name) != nullptr || FindWindow(name) != nullptr;
}

std::vector<FunctionRegistry::Entry> FunctionRegistry::List() const {
  std::vector<Entry> entries;
  for (const auto& function : scalars_) {
    if (CallableByName(function->doc))
      entries.push_back({function->name, function->aliases, false, false, &function->doc});
  }
  for (const auto& function : aggregates_) {
    entries.push_back({function->name, function->aliases, true, false, &function->doc});
  }
  for (const auto& function : windows_) entries.push_back({function->name, {}, false, true, &function->doc});
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.name < b.name; });
  return entries;
}

std::vector<std::string> FunctionRegistry::Names() const {
  std::vector<std::string> names;
  for (const Entry& entry : List()) {
    names.push_back(entry.name);
    names.insert(names.end(), entry.aliases.begin(), entry.aliases.end());
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

const FunctionRegistry& BuiltinFunctions() {
  static const FunctionRegistry* registry = [] {
    auto* filled = new FunctionRegistry;
    RegisterAllFunctions(filled);
    return filled;
  }();
  return *registry;
}

}  // namespace velo
