// The precompiled header of what speaks JSON: services, conversation, doors. They reach Arrow through the headers of
// the engine.
#pragma once

#include "cmake/precompiled.h"

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <set>
#include <thread>
#include <variant>

#include <boost/describe.hpp>
#include <boost/mp11.hpp>
#include <nlohmann/json.hpp>
