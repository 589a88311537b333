#include <weft/reactor/io.hpp>

#include "tests/support/runtime.hpp"
#include "tests/support/sockets.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <ctime>
#include <thread>

#include <pthread.h>

/// \file
/// An idle reactor costs nothing. These tests let real time pass: there is no event for nothing
/// happening.

namespace weft
{

namespace
{

using namespace std::chrono_literals;

constexpr auto IdleTime = 300ms;

/// CPU time that the reactor's own thread has used.
std::chrono::nanoseconds cpuTimeOf(clockid_t clock)
{
    timespec time = {};
    ::clock_gettime(clock, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

clockid_t reactorCpuClock(Runtime& runtime)
{
    return onFiber(runtime,
                   []
                   {
                       clockid_t clock = {};
                       ::pthread_getcpuclockid(::pthread_self(), &clock);
                       return clock;
                   });
}

std::uint64_t systemCallsWhileIdle(const Runtime& runtime)
{
    const auto before = runtime.statistics().at(0).engine.systemCalls;
    std::this_thread::sleep_for(IdleTime);
    return runtime.statistics().at(0).engine.systemCalls - before;
}

} // namespace

TEST(IdleReactor, withoutFibersMakesHardlyASystemCall)
{
    Runtime runtime(smallRuntime());
    EXPECT_LE(systemCallsWhileIdle(runtime), 8U);
}

TEST(IdleReactor, withAFiberAsleepForAnHourMakesHardlyASystemCall)
{
    Runtime runtime(smallRuntime());
    const auto sleeper = runtime.spawn({.name = "sleeper"},
                                       []
                                       {
                                           (void)io::sleepFor(std::chrono::hours(1));
                                       });
    awaitState(runtime, "sleeper", FiberState::Suspended);
    EXPECT_LE(systemCallsWhileIdle(runtime), 8U);
}

TEST(IdleReactor, withAFiberThatWaitsForASilentPeerMakesHardlyASystemCall)
{
    Runtime runtime(smallRuntime());
    const auto pair = socketPair();
    const auto receiver = runtime.spawn({.name = "receiver"},
                                        [&pair]
                                        {
                                            std::array<std::byte, 16> buffer;
                                            (void)io::recv(pair.first.get(), buffer);
                                        });
    awaitState(runtime, "receiver", FiberState::Suspended);
    EXPECT_LE(systemCallsWhileIdle(runtime), 8U);
}

TEST(IdleReactor, usesNoMeasurableCpu)
{
    Runtime runtime(smallRuntime());
    const auto clock = reactorCpuClock(runtime);
    const auto sleeper = runtime.spawn({.name = "sleeper"},
                                       []
                                       {
                                           (void)io::sleepFor(std::chrono::hours(1));
                                       });
    awaitState(runtime, "sleeper", FiberState::Suspended);
    const auto before = cpuTimeOf(clock);
    std::this_thread::sleep_for(IdleTime);
    EXPECT_LT(cpuTimeOf(clock) - before, 5ms);
}

TEST(IdleReactor, statisticsCountTheCpuTimeOfItsThread)
{
    Runtime runtime(smallRuntime());
    const auto idle = runtime.statistics().at(0).cpuTime;
    runtime
        .spawn({},
               []
               {
                   const auto end = Clock::now() + IdleTime;
                   while (Clock::now() < end)
                   {
                   }
               })
        .join();
    const auto busy = runtime.statistics().at(0).cpuTime;
    EXPECT_GT(busy, idle);
    runtime.shutdown();
    EXPECT_GE(runtime.statistics().at(0).cpuTime, busy) << "it is kept when the thread has ended";
}

} // namespace weft
