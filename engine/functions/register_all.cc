#include "engine/functions/families.h"

namespace velo {

void RegisterAllFunctions(FunctionRegistry* registry) {
  RegisterArithmetic(registry);
}

}  // namespace velo
