#pragma once

#include "engine/functions/registry.h"

namespace velo {

// One function per family, defined in the file of that family and called by RegisterAllFunctions.
void RegisterArithmetic(FunctionRegistry* registry);
void RegisterComparison(FunctionRegistry* registry);
void RegisterLogic(FunctionRegistry* registry);
void RegisterPatterns(FunctionRegistry* registry);
void RegisterMembership(FunctionRegistry* registry);
void RegisterEach(FunctionRegistry* registry);
void RegisterCounts(FunctionRegistry* registry);
void RegisterSums(FunctionRegistry* registry);
void RegisterExtremes(FunctionRegistry* registry);
void RegisterMoments(FunctionRegistry* registry);
void RegisterApproximateCount(FunctionRegistry* registry);
void RegisterPairs(FunctionRegistry* registry);
void RegisterCollectedValues(FunctionRegistry* registry);
void RegisterQuantiles(FunctionRegistry* registry);
void RegisterPositions(FunctionRegistry* registry);
void RegisterStrings(FunctionRegistry* registry);
void RegisterCollections(FunctionRegistry* registry);
void RegisterPaths(FunctionRegistry* registry);
void RegisterJson(FunctionRegistry* registry);
void RegisterWindowFunctions(FunctionRegistry* registry);
void RegisterTimeConversions(FunctionRegistry* registry);
void RegisterTimeFields(FunctionRegistry* registry);
void RegisterConditionals(FunctionRegistry* registry);
void RegisterMath(FunctionRegistry* registry);
void RegisterStringSearch(FunctionRegistry* registry);
void RegisterDigests(FunctionRegistry* registry);
void RegisterFormatText(FunctionRegistry* registry);
void RegisterArrayFunctions(FunctionRegistry* registry);
void RegisterLargestValues(FunctionRegistry* registry);
void RegisterMapValues(FunctionRegistry* registry);
void RegisterApproximateQuantile(FunctionRegistry* registry);
void RegisterRecordOrigin(FunctionRegistry* registry);
void RegisterJsonDecode(FunctionRegistry* registry);

}  // namespace velo
