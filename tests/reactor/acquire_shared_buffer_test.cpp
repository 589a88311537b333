#include <weft/fibers/this_fiber.hpp>
#include <weft/reactor/acquire_buffer.hpp>

#include "tests/support/races.hpp"
#include "tests/support/results.hpp"
#include "tests/support/runtime.hpp"
#include "tests/support/stoppable_thread.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <random>
#include <thread>
#include <vector>

/// \file
/// Buffers for sources on threads of their own: waits that end by a return, a deadline or a stop,
/// and the guarantee of one each.

namespace weft
{

namespace
{

using namespace std::chrono_literals;

IoBufferPoolOptions ofBuffers(std::uint32_t count)
{
    return {.name = "io-threads", .bufferCount = count, .bufferSizeBytes = 256};
}

SharedBufferReservation reserveIn(SharedIoBufferPool& pool, std::string_view name = "test")
{
    // Without the adaptive limit: these tests are about waiting, not about whose turn it is.
    return std::move(pool.reserve(name, {.buffersInFlightMax = 64}).value());
}

void awaitWaiters(const SharedIoBufferPool& pool, std::uint32_t count)
{
    while (pool.statistics().waiting != count)
    {
        std::this_thread::yield();
    }
}

} // namespace

TEST(AcquireSharedBuffer, givesAFreeBufferAtOnce)
{
    SharedIoBufferPool pool(ofBuffers(1));
    auto reservation = reserveIn(pool);
    EXPECT_TRUE(acquireBuffer(reservation).has_value());
}

TEST(AcquireSharedBuffer, waitsForAReleaseByAnotherThread)
{
    SharedIoBufferPool pool(ofBuffers(1));
    auto reservation = reserveIn(pool);
    auto held = std::move(acquireBuffer(reservation).value());
    std::jthread releaser(
        [&]
        {
            awaitWaiters(pool, 1);
            held.reset();
        });
    EXPECT_TRUE(acquireBuffer(reservation).has_value());
}

TEST(AcquireSharedBuffer, givesUpAtItsDeadlineAndNotBefore)
{
    SharedIoBufferPool pool(ofBuffers(1));
    auto reservation = reserveIn(pool);
    const auto held = acquireBuffer(reservation);
    const auto deadline = io::after(3ms);
    EXPECT_EQ(errorOf(acquireBuffer(reservation, deadline)), IoError::DeadlineExpired);
    EXPECT_GE(Clock::now(), deadline);
    EXPECT_EQ(pool.statistics().waiting, 0U);
}

TEST(AcquireSharedBuffer, isRefusedWhenStoppedAlready)
{
    SharedIoBufferPool pool(ofBuffers(1));
    auto reservation = reserveIn(pool);
    std::error_code error;
    std::latch stopped(1);
    StoppableThread thread(
        [&]
        {
            stopped.wait();
            error = errorOf(acquireBuffer(reservation));
        });
    thread.requestStop();
    stopped.count_down();
    thread.join();
    EXPECT_EQ(error, IoError::Stopped);
}

TEST(AcquireSharedBuffer, aStopEndsTheWait)
{
    SharedIoBufferPool pool(ofBuffers(1));
    auto reservation = reserveIn(pool);
    const auto held = acquireBuffer(reservation);
    std::error_code error;
    StoppableThread thread(
        [&]
        {
            error = errorOf(acquireBuffer(reservation));
        });
    awaitWaiters(pool, 1);
    thread.requestStop();
    thread.join();
    EXPECT_EQ(error, IoError::Stopped);
}

TEST(AcquireSharedBuffer, aStopBehindAShieldIsNotSeen)
{
    SharedIoBufferPool pool(ofBuffers(1));
    auto reservation = reserveIn(pool);
    auto held = acquireBuffer(reservation);
    bool given = false;
    StoppableThread thread(
        [&]
        {
            const StopShield shield;
            given = acquireBuffer(reservation).has_value();
        });
    awaitWaiters(pool, 1);
    thread.requestStop();
    held->reset();
    thread.join();
    EXPECT_TRUE(given);
}

TEST(AcquireSharedBuffer, bringingItsDeadlineForwardEndsTheWait)
{
    SharedIoBufferPool pool(ofBuffers(1));
    auto reservation = reserveIn(pool);
    const auto held = acquireBuffer(reservation);
    const auto deadline = io::after(1h);
    std::error_code error;
    StoppableThread thread(
        [&]
        {
            error = errorOf(acquireBuffer(reservation, deadline));
        });
    awaitWaiters(pool, 1);
    thread.waits().bringForward(deadline);
    thread.join();
    EXPECT_EQ(error, IoError::DeadlineExpired);
}

TEST(AcquireSharedBuffer, isWokenByAReleaseOnAReactor)
{
    Runtime runtime(smallRuntime());
    SharedIoBufferPool pool(ofBuffers(2));
    auto reservation = reserveIn(pool);
    int granted = 0;
    for (int round = 0; round < 200; ++round)
    {
        auto first = std::move(acquireBuffer(reservation).value());
        auto second = std::move(acquireBuffer(reservation).value());
        auto fiber = runtime.spawn(testFiber("consumer"),
                                   [&pool, kept = std::move(first)]() mutable
                                   {
                                       if (pool.statistics().waiting == 0)
                                       {
                                           this_fiber::yield();
                                       }
                                       kept.reset();
                                   });
        granted += acquireBuffer(reservation, io::after(1min)) ? 1 : 0;
        fiber.join();
    }
    EXPECT_EQ(granted, 200);
}

TEST(AcquireSharedBuffer, deadlineThatRacesWithAReleaseLosesNoBuffer)
{
    constexpr std::uint32_t Buffers = 4;
    SharedIoBufferPool pool(ofBuffers(Buffers));
    auto reservation = reserveIn(pool);
    for (int round = 0; round < 1000; ++round)
    {
        std::vector<IoBuffer> held;
        for (std::uint32_t count = 0; count < Buffers; ++count)
        {
            held.push_back(std::move(acquireBuffer(reservation).value()));
        }
        const std::jthread releaser(
            [buffers = std::move(held)]() mutable
            {
                buffers.clear();
            });
        (void)acquireBuffer(reservation, io::after(std::chrono::microseconds(round % 100)));
    }
    EXPECT_EQ(pool.statistics().free, Buffers);
    EXPECT_EQ(pool.statistics().waiting, 0U);
    pool.checkInvariants();
}

TEST(AcquireSharedBuffer, stopThatRacesWithAReleaseLosesNoBuffer)
{
    SharedIoBufferPool pool(ofBuffers(1));
    auto reservation = reserveIn(pool);
    Delays delays;
    for (int round = 0; round < 1000; ++round)
    {
        auto held = std::move(acquireBuffer(reservation).value());
        StoppableThread thread(
            [&]
            {
                (void)acquireBuffer(reservation);
            });
        std::jthread releaser(
            [buffer = std::move(held)]() mutable
            {
                buffer.reset();
            });
        spinFor(delays.next() / 4);
        thread.requestStop();
        thread.join();
        releaser.join();
    }
    EXPECT_EQ(pool.statistics().free, 1U);
    pool.checkInvariants();
}

TEST(AcquireSharedBuffer, eachThreadGoesOnWithItsOwnWhileOneHoldsAllThatAreShared)
{
    constexpr int Threads = 8;
    constexpr int BuffersEach = 500;
    SharedIoBufferPool pool(ofBuffers(Threads + 16));
    auto hog = reserveIn(pool, "hog");
    std::vector<SharedBufferReservation> reservations;
    for (int index = 0; index < Threads; ++index)
    {
        reservations.push_back(reserveIn(pool));
    }
    std::vector<IoBuffer> hogged;
    while (auto buffer = pool.tryAcquire(hog))
    {
        hogged.push_back(std::move(*buffer));
    }
    std::atomic<int> filled = 0;
    {
        std::vector<std::jthread> threads;
        for (auto& reservation : reservations)
        {
            threads.emplace_back(
                [&]
                {
                    for (int count = 0; count < BuffersEach; ++count)
                    {
                        filled += acquireBuffer(reservation, io::after(1min)) ? 1 : 0;
                    }
                });
        }
    }
    EXPECT_EQ(hogged.size(), 16U);
    EXPECT_EQ(filled, Threads * BuffersEach);
    pool.checkInvariants();
}

TEST(AcquireSharedBuffer, manyThreadsAndReactorsShareFewBuffersWithoutALostWakeUp)
{
    constexpr int Threads = 8;
    constexpr int BuffersEach = 1000;
    Runtime runtime(smallRuntime(2));
    SharedIoBufferPool pool(ofBuffers(Threads + 2));
    std::atomic<int> granted = 0;
    {
        std::vector<std::jthread> threads;
        for (int index = 0; index < Threads; ++index)
        {
            threads.emplace_back(
                [&, index]
                {
                    std::minstd_rand random(static_cast<unsigned>(index) + 1);
                    auto reservation = reserveIn(pool);
                    for (int count = 0; count < BuffersEach; ++count)
                    {
                        auto buffer = acquireBuffer(reservation, io::after(1min));
                        if (!buffer)
                        {
                            return;
                        }
                        ++granted;
                        if (random() % 4 == 0)
                        {
                            continue; // released here
                        }
                        runtime
                            .spawn({.reactor = random() % 2},
                                   [kept = std::move(*buffer)]() mutable
                                   {
                                       kept.reset();
                                   })
                            .detach();
                    }
                });
        }
    }
    runtime.shutdown();
    EXPECT_EQ(granted, Threads * BuffersEach);
    EXPECT_EQ(pool.statistics().free, pool.statistics().total);
    pool.checkInvariants();
}

TEST(ThreadPool, isNamedAndSizedByTheOptions)
{
    auto options = smallRuntime();
    options.threadBuffers = 3;
    Runtime runtime(options);
    EXPECT_EQ(runtime.buffers().threadPool().name(), "io-threads");
    EXPECT_EQ(runtime.buffers().threadPool().statistics().total, 3U);
}

TEST(ThreadPool, isNotThereWhenItHasNoBuffers)
{
    auto options = smallRuntime();
    options.threadBuffers = 0;
    const Runtime runtime(options);
    EXPECT_FALSE(const_cast<Runtime&>(runtime).buffers().hasThreadPool());
}

} // namespace weft
