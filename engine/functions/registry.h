#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/functions/function.h"

namespace velo {

/// The functions a query may call. Filled once by RegisterAllFunctions, then read by any thread.
class FunctionRegistry {
 public:
  void Add(ScalarFunction function);
  void Add(AggregateFunction function);
  void Add(WindowFunction function);

  /// Names are matched without case, aliases included. Null when unknown. Pointers live as long as the registry.
  const ScalarFunction* FindScalar(std::string_view name) const;
  const AggregateFunction* FindAggregate(std::string_view name) const;
  const WindowFunction* FindWindow(std::string_view name) const;
  bool Knows(std::string_view name) const;

  struct Entry {
    std::string name;
    std::vector<std::string> aliases;
    bool is_aggregate = false;
    bool is_window = false;
    const FunctionDoc* doc = nullptr;
  };
  /// Everything a user can call by name (operators left out), sorted by name.
  std::vector<Entry> List() const;
  std::vector<std::string> Names() const;

 private:
  std::vector<std::unique_ptr<ScalarFunction>> scalars_;
  std::vector<std::unique_ptr<AggregateFunction>> aggregates_;
  std::vector<std::unique_ptr<WindowFunction>> windows_;
};

/// Calls the Register function of every family, in plain order (engine/functions/register_all.cc).
void RegisterAllFunctions(FunctionRegistry* registry);
/// The registry with everything, made on first use.
const FunctionRegistry& BuiltinFunctions();

}  // namespace velo
