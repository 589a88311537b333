#pragma once

#include <benchmark/benchmark.h>

/// \file
/// Boost.Fiber from its shared library, which is what a program gets that says no more than
/// `find_package(Boost)`, measured in the same run as the one that is linked into this program. It
/// is loaded as a plugin: linked to it, the program would lend its own copy to the plugin.

namespace weft::bench
{

using Work = void (*)(benchmark::State&);

// The plugin's functions.
constexpr const char* SwitchAmongSharedStock = "weftBenchSwitchAmongSharedStock";
constexpr const char* SpawnAndJoinSharedStock = "weftBenchSpawnAndJoinSharedStock";

/// A function of the plugin, for a thread that has not used Boost.Fiber. Null when it cannot be
/// loaded; the benchmark is then marked as failed.
Work sharedStock(const char* function, benchmark::State& state);

} // namespace weft::bench
