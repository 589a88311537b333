#pragma once

#include "tests/support/runtime.hpp"

#include <chrono>
#include <functional>
#include <random>
#include <thread>

/// \file
/// What tests need in which a call's deadline, or its stop, races with its completion.

namespace weft
{

/// A wheel fine enough that deadlines of some microseconds are told apart, and a reactor that does
/// not share a core with the test's own thread if it can help it.
inline RuntimeOptions runtimeForRaces()
{
    auto options = smallRuntime();
    options.timerTick = std::chrono::microseconds(10);
    options.pin = false;
    return options;
}

/// Short, so that either side may win.
class Delays
{
public:
    Clock::duration next()
    {
        return std::chrono::microseconds(
            std::uniform_int_distribution<int>(0, MicrosecondsMax)(generator));
    }

private:
    static constexpr int MicrosecondsMax = 100;

    std::mt19937 generator{20'240'611};
};

/// Gives the other side time to be slower or faster.
inline void spinFor(Clock::duration duration)
{
    const auto until = Clock::now() + duration;
    while (Clock::now() < until)
    {
        std::this_thread::yield();
    }
}

/// Runs the body on a fiber over and over, each time stopped at some moment.
template <typename Body>
void raceWithStops(Runtime& runtime, int rounds, Body body)
{
    Delays delays;
    for (int round = 0; round < rounds; ++round)
    {
        auto fiber = runtime.spawn(testFiber("raced"), std::ref(body));
        spinFor(delays.next() / 4);
        fiber.requestStop();
        fiber.join();
    }
}

} // namespace weft
