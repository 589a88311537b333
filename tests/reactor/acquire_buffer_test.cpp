#include <weft/fibers/this_fiber.hpp>
#include <weft/reactor/acquire_buffer.hpp>

#include "tests/support/results.hpp"
#include "tests/support/runtime.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <thread>
#include <vector>

namespace weft
{

namespace
{

using namespace std::chrono_literals;

RuntimeOptions withBuffers(std::uint32_t buffers)
{
    auto options = smallRuntime();
    options.buffersPerReactor = buffers;
    return options;
}

BufferReservation reserve(std::string_view name)
{
    // Without the adaptive limit: these tests are about waiting, not about whose turn it is.
    return *Reactor::current()->buffers().reserve(name, {.buffersInFlightMax = 8});
}

std::uint32_t freeBuffers(Runtime& runtime)
{
    return onFiber(runtime,
                   []
                   {
                       auto& pool = Reactor::current()->buffers();
                       pool.reclaim();
                       return pool.statistics().free;
                   });
}

} // namespace

TEST(AcquireBuffer, givesAFreeBufferAtOnce)
{
    Runtime runtime(withBuffers(1));
    const bool given = onFiber(runtime,
                               []
                               {
                                   auto reservation = reserve("test");
                                   return acquireBuffer(reservation).has_value();
                               });
    EXPECT_TRUE(given);
}

TEST(AcquireBuffer, waitsForAReleaseByAnotherThread)
{
    Runtime runtime(withBuffers(1));
    std::optional<IoBuffer> held;
    std::atomic<bool> holding = false;
    auto fiber = runtime.spawn(testFiber("waiter"),
                               [&]
                               {
                                   auto reservation = reserve("test");
                                   held = *acquireBuffer(reservation);
                                   holding = true;
                                   holding.notify_all();
                                   EXPECT_TRUE(acquireBuffer(reservation).has_value());
                               });
    holding.wait(false);
    awaitState(runtime, "waiter", FiberState::Suspended);
    held.reset();
    fiber.join();
    EXPECT_EQ(freeBuffers(runtime), 1U);
}

TEST(AcquireBuffer, givesUpAtItsDeadline)
{
    Runtime runtime(withBuffers(1));
    const auto error = onFiber(runtime,
                               []
                               {
                                   auto reservation = reserve("test");
                                   const auto held = acquireBuffer(reservation);
                                   return errorOf(acquireBuffer(reservation, io::after(2ms)));
                               });
    EXPECT_EQ(error, IoError::DeadlineExpired);
}

TEST(AcquireBuffer, thatGaveUpLeavesTheBuffersToOthers)
{
    Runtime runtime(withBuffers(2));
    const bool given = onFiber(runtime,
                               []
                               {
                                   auto first = reserve("first");
                                   auto second = reserve("second");
                                   const auto held = acquireBuffer(first);
                                   (void)acquireBuffer(first, io::after(1ms));
                                   return acquireBuffer(second).has_value();
                               });
    EXPECT_TRUE(given);
}

TEST(AcquireBuffer, deadlineThatRacesWithAReleaseLosesNoBuffer)
{
    constexpr std::uint32_t Buffers = 4;
    Runtime runtime(withBuffers(Buffers));
    constexpr int Rounds = 2000;
    int granted = 0;
    int expired = 0;
    onFiber(runtime,
            [&]
            {
                auto reservation = reserve("test");
                for (int round = 0; round < Rounds; ++round)
                {
                    std::vector<IoBuffer> held;
                    for (std::uint32_t count = 0; count < Buffers; ++count)
                    {
                        held.push_back(acquireBuffer(reservation).value());
                    }
                    const std::jthread releaser(
                        [buffers = std::move(held)]() mutable
                        {
                            buffers.clear();
                        });
                    const auto wait = std::chrono::microseconds(round % 100);
                    ++(acquireBuffer(reservation, io::after(wait)) ? granted : expired);
                }
            });
    EXPECT_EQ(granted + expired, Rounds);
    EXPECT_EQ(freeBuffers(runtime), Buffers);
}

TEST(AcquireBuffer, stopThatRacesWithAReleaseLosesNoBuffer)
{
    Runtime runtime(withBuffers(2));
    int rounds = 0;
    for (; rounds < 2000; ++rounds)
    {
        std::vector<IoBuffer> held;
        std::atomic<bool> holding = false;
        auto fiber = runtime.spawn(testFiber("raced"),
                                   [&]
                                   {
                                       auto reservation = reserve("test");
                                       for (int count = 0; count < 2; ++count)
                                       {
                                           held.push_back(acquireBuffer(reservation).value());
                                       }
                                       holding = true;
                                       holding.notify_all();
                                       (void)acquireBuffer(reservation);
                                   });
        holding.wait(false);
        const std::jthread releaser(
            [buffers = std::move(held)]() mutable
            {
                buffers.clear();
            });
        fiber.requestStop();
        fiber.join();
    }
    EXPECT_EQ(freeBuffers(runtime), 2U);
}

} // namespace weft
