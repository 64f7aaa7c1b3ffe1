#include "engine/functions/families.h"

namespace velo {

void RegisterAllFunctions(FunctionRegistry* registry) {
  RegisterArithmetic(registry);
  RegisterComparison(registry);
  RegisterLogic(registry);
  RegisterPatterns(registry);
  RegisterMembership(registry);
}

}  // namespace velo
