#include <weft/reactor/io.hpp>

#include "tests/support/heap_count.hpp"
#include "tests/support/rounds.hpp"
#include "tests/support/runtime.hpp"
#include "tests/support/sockets.hpp"

#include <boost/fiber/context.hpp>
#include <gtest/gtest.h>

#include <array>
#include <chrono>

/// \file
/// The path of a running source takes nothing from the heap.

namespace weft
{

namespace
{

constexpr int WarmUpRounds = 100;

/// A thread gets its Boost.Fiber scheduler, from the heap, when it first waits in a primitive of
/// Boost.Fiber. The main thread, which joins, gets it before we count.
[[maybe_unused]] const auto* const mainContext = boost::fibers::context::active();

void pingPong(int socket, int rounds, bool first)
{
    std::array<std::byte, 8> message{};
    for (int round = 0; round < rounds; ++round)
    {
        if (first)
        {
            (void)io::send(socket, message, 0, io::after(std::chrono::hours(1)));
        }
        (void)io::recv(socket, message, 0, io::after(std::chrono::hours(1)));
        if (!first)
        {
            (void)io::send(socket, message, 0, io::after(std::chrono::hours(1)));
        }
    }
}

/// Allocations by the body's second run: the first may fill caches.
template <typename Body>
std::size_t allocationsWhenWarm(Body body)
{
    body(WarmUpRounds);
    const auto before = heapAllocationCount();
    body(ManyRounds);
    return heapAllocationCount() - before;
}

} // namespace

TEST(NoAllocation, bySendAndReceiveWithDeadlines)
{
    Runtime runtime(smallRuntime());
    const auto pair = socketPair();
    const auto allocations = allocationsWhenWarm(
        [&](int rounds)
        {
            auto left = runtime.spawn({.reactor = 0},
                                      [&]
                                      {
                                          pingPong(pair.first.get(), rounds, true);
                                      });
            auto right = runtime.spawn({.reactor = 0},
                                       [&]
                                       {
                                           pingPong(pair.second.get(), rounds, false);
                                       });
            left.join();
            right.join();
        });
    EXPECT_EQ(allocations, 0U);
}

TEST(NoAllocation, bySpawnAndJoinFromAFiber)
{
    Runtime runtime(smallRuntime());
    const auto allocations = onFiber(runtime,
                                     []
                                     {
                                         return allocationsWhenWarm(
                                             [](int rounds)
                                             {
                                                 for (int round = 0; round < rounds; ++round)
                                                 {
                                                     spawn({}, [] {}).join();
                                                 }
                                             });
                                     });
    EXPECT_EQ(allocations, 0U);
}

TEST(NoAllocation, bySpawnAndJoinFromAPlainThread)
{
    Runtime runtime(smallRuntime());
    const auto allocations = allocationsWhenWarm(
        [&runtime](int rounds)
        {
            for (int round = 0; round < rounds; ++round)
            {
                runtime.spawn({}, [] {}).join();
            }
        });
    EXPECT_EQ(allocations, 0U);
}

TEST(NoAllocation, bySleeping)
{
    Runtime runtime(smallRuntime());
    const auto allocations =
        onFiber(runtime,
                []
                {
                    return allocationsWhenWarm(
                        [](int rounds)
                        {
                            for (int round = 0; round < rounds / 100; ++round)
                            {
                                (void)io::sleepFor(std::chrono::microseconds(1));
                            }
                        });
                });
    EXPECT_EQ(allocations, 0U);
}

} // namespace weft
