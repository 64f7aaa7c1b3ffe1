#include "engine/functions/families.h"

namespace velo {

void RegisterAllFunctions(FunctionRegistry* registry) {
  RegisterArithmetic(registry);
  RegisterComparison(registry);
  RegisterLogic(registry);
  RegisterPatterns(registry);
  RegisterMembership(registry);
  RegisterEach(registry);
  RegisterCounts(registry);
  RegisterSums(registry);
  RegisterExtremes(registry);
  RegisterMoments(registry);
  RegisterApproximateCount(registry);
  RegisterPairs(registry);
  RegisterCollectedValues(registry);
  RegisterQuantiles(registry);
  RegisterPositions(registry);
  RegisterStrings(registry);
  RegisterStringSearch(registry);
  RegisterCollections(registry);
  RegisterPaths(registry);
  RegisterJson(registry);
  RegisterWindowFunctions(registry);
  RegisterTimeConversions(registry);
  RegisterTimeFields(registry);
  RegisterConditionals(registry);
  RegisterMath(registry);
  RegisterDigests(registry);
  RegisterFormatText(registry);
  RegisterArrayFunctions(registry);
  RegisterLargestValues(registry);
  RegisterMapValues(registry);
  RegisterApproximateQuantile(registry);
  RegisterRecordOrigin(registry);
  RegisterJsonDecode(registry);
}

}  // namespace velo
