#pragma once

#include <weft/reactor/runtime.hpp>

#include "tests/support/test_engine.hpp"

#include <cstddef>
#include <functional>
#include <latch>
#include <optional>
#include <string_view>
#include <thread>
#include <type_traits>

/// \file
/// Small runtimes for tests, and ways to run a piece of a test on their fibers.

namespace weft
{

/// Few stacks and buffers, so that a runtime starts within a millisecond.
inline RuntimeOptions smallRuntime(std::size_t reactors = 1)
{
    auto options = onTestEngine({});
    options.reactors = reactors;
    options.buffersPerReactor = 64;
    options.threadBuffers = 64;
    options.stacksPerReactor = {1024, 64, 8};
    return options;
}

/// Fibers that may format a message of a failed expectation need more than a small stack.
inline SpawnOptions testFiber(std::string_view name = "test", std::size_t reactor = 0)
{
    return {.name = name, .stack = StackClass::Large, .reactor = reactor};
}

/// Runs the function on a fiber and returns what it returns, or throws what it throws.
template <typename Function>
auto onFiber(Runtime& runtime, Function function, const SpawnOptions& options = testFiber())
{
    using Result = std::invoke_result_t<Function&>;
    if constexpr (std::is_void_v<Result>)
    {
        runtime.spawn(options, std::ref(function)).join();
    }
    else
    {
        std::optional<Result> result;
        runtime
            .spawn(options,
                   [&result, &function]
                   {
                       result.emplace(function());
                   })
            .join();
        return std::move(*result);
    }
}

/// Where the two parties of a test run.
enum class Placement
{
    OneReactor,
    TwoReactors,
    ReactorAndThread,
};

inline std::string_view toString(Placement placement)
{
    switch (placement)
    {
    case Placement::OneReactor:
        return "oneReactor";
    case Placement::TwoReactors:
        return "twoReactors";
    case Placement::ReactorAndThread:
        return "reactorAndThread";
    }
    return "unknown";
}

/// Runs both parties at once and returns when both have ended. The first is always a fiber.
template <typename First, typename Second>
void runBoth(Placement placement, First first, Second second)
{
    Runtime runtime(smallRuntime(placement == Placement::TwoReactors ? 2 : 1));
    auto firstFiber = runtime.spawn(testFiber("first"), std::ref(first));
    if (placement == Placement::ReactorAndThread)
    {
        // The thread outlives the fiber: Boost.Fiber's waker still touches the scheduler of a
        // thread that it has woken.
        std::latch firstEnded(1);
        std::jthread thread(
            [&]
            {
                second();
                firstEnded.wait();
            });
        firstFiber.join();
        firstEnded.count_down();
        return;
    }
    const std::size_t reactor = placement == Placement::TwoReactors ? 1 : 0;
    auto secondFiber = runtime.spawn(testFiber("second", reactor), std::ref(second));
    firstFiber.join();
    secondFiber.join();
}

/// The registry's line of the fiber; none when it has ended.
inline std::optional<FiberInfo> findFiber(const Runtime& runtime, std::string_view name)
{
    for (auto& info : runtime.fibers())
    {
        if (info.name == name)
        {
            return info;
        }
    }
    return std::nullopt;
}

/// Returns when the fiber of that name has reached the state. On a plain thread: the registry
/// has no event to wait on.
inline void awaitState(const Runtime& runtime, std::string_view name, FiberState state)
{
    for (;;)
    {
        const auto info = findFiber(runtime, name);
        if (info && info->state == state)
        {
            return;
        }
        std::this_thread::yield();
    }
}

} // namespace weft
