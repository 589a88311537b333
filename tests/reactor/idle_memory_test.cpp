#include <weft/memory/memory_mapping.hpp>
#include <weft/reactor/acquire_buffer.hpp>
#include <weft/reactor/io.hpp>

#include "tests/support/results.hpp"
#include "tests/support/runtime.hpp"
#include "tests/support/sockets.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include <alloca.h>
#include <poll.h>

/// \file
/// Memory that fibers do not use while they wait goes back to the system, and nothing that they
/// need.

namespace weft
{

namespace
{

using namespace std::chrono_literals;

constexpr std::size_t BufferBytes = 64 << 10;

RuntimeOptions releasingAfter(std::chrono::nanoseconds time)
{
    auto options = smallRuntime();
    options.buffersPerReactor = 4;
    options.bufferSizeBytes = BufferBytes;
    options.idleMemoryAfter = time;
    return options;
}

std::size_t residentPages(std::span<const std::byte> bytes)
{
    return residentBytes(bytes) / pageSizeBytes();
}

/// No system call of the test's own fiber tells when it has happened.
void awaitResidentPages(std::span<const std::byte> bytes, std::size_t pages)
{
    while (residentPages(bytes) != pages)
    {
        std::this_thread::yield();
    }
}

/// Half of a small stack, which sanitizers make larger, as they do frames.
const std::size_t TouchedBytes = stackSizeBytes(StackClass::Small) / 2;

[[gnu::noinline]] void touchHalfOfStack()
{
    auto* const bytes = static_cast<volatile std::byte*>(::alloca(TouchedBytes));
    for (std::size_t index = 0; index < TouchedBytes; index += 256)
    {
        bytes[index] = std::byte{1};
    }
}

const std::size_t TouchedPages = TouchedBytes / pageSizeBytes();

/// Pages of all small stacks that are resident.
std::size_t residentStackPages(Runtime& runtime)
{
    return onFiber(runtime,
                   []
                   {
                       const auto& stacks = Scheduler::current()->stacks();
                       std::size_t bytes = 0;
                       stacks.forEachTaken(
                           [&](const Stack& stack)
                           {
                               if (stack.stackClass == StackClass::Small)
                               {
                                   bytes += stacks.residentBytes(stack);
                               }
                           });
                       return bytes / pageSizeBytes();
                   });
}

/// A fiber that waits to receive into a buffer of the pool.
struct Receiver
{
    Receiver(Runtime& runtime, std::size_t skippedBytes, int flags = 0)
        : fiber(runtime.spawn(testFiber("receiver"),
                              [this, skippedBytes, flags]
                              {
                                  auto reservation =
                                      *Reactor::current()->buffers().reserve("receiver");
                                  auto buffer = *acquireBuffer(reservation);
                                  bytes = buffer.writable();
                                  std::ranges::fill(bytes, std::byte{7});
                                  const auto rest = bytes.subspan(skippedBytes);
                                  const auto got = io::recv(pair.first.get(), rest, flags);
                                  received = std::string(textOf(rest.first(got.value_or(0))));
                                  skipped = std::string(textOf(bytes.first(skippedBytes)));
                              }))
    {
        awaitState(runtime, "receiver", FiberState::Suspended);
    }

    void send(std::string_view text)
    {
        EXPECT_EQ(::send(pair.second.get(), text.data(), text.size(), 0),
                  static_cast<ssize_t>(text.size()));
    }

    DescriptorPair pair = socketPair();
    std::span<std::byte> bytes;
    std::string received;
    std::string skipped;
    Fiber fiber;
};

} // namespace

TEST(IdleMemory, ofAnEmptyBufferThatWaitsForBytesGoesBack)
{
    Runtime runtime(releasingAfter(1ms));
    Receiver receiver(runtime, 0);
    awaitResidentPages(receiver.bytes, 0);
    receiver.send("and then they came");
    receiver.fiber.join();
    EXPECT_EQ(receiver.received, "and then they came");
}

TEST(IdleMemory, bytesThatComeInThatMomentAreNotLost)
{
    constexpr int Rounds = 200;
    Runtime runtime(releasingAfter(1ms));
    const auto pair = socketPair();
    std::atomic<int> whole = 0;
    auto receiver = runtime.spawn(testFiber("receiver"),
                                  [&]
                                  {
                                      auto reservation =
                                          *Reactor::current()->buffers().reserve("receiver");
                                      auto buffer = *acquireBuffer(reservation);
                                      const auto bytes = buffer.writable();
                                      for (int round = 0; round < Rounds; ++round)
                                      {
                                          const auto text = "message " + std::to_string(round);
                                          std::ranges::fill(bytes, std::byte{7});
                                          const auto got = io::recv(pair.first.get(), bytes);
                                          if (got && textOf(bytes.first(*got)) == text)
                                          {
                                              ++whole;
                                          }
                                      }
                                  });
    for (int round = 0; round < Rounds; ++round)
    {
        // From half of the time after which it goes back to twice of it.
        std::this_thread::sleep_for(500us + 10us * (round % 150));
        const auto text = "message " + std::to_string(round);
        checkedCall(static_cast<int>(::send(pair.second.get(), text.data(), text.size(), 0)),
                    "send");
        while (whole <= round)
        {
            std::this_thread::yield();
        }
        ASSERT_EQ(whole, round + 1);
    }
    receiver.join();
}

TEST(IdleMemory, aStopAndADeadlineEndTheWaitThatGoesOn)
{
    Runtime runtime(releasingAfter(1ms));
    const auto pair = socketPair();
    std::error_code error;
    std::span<std::byte> bytes;
    const auto receiveUntil = [&](Deadline deadline)
    {
        auto reservation = *Reactor::current()->buffers().reserve("receiver");
        auto buffer = *acquireBuffer(reservation);
        bytes = buffer.writable();
        std::ranges::fill(bytes, std::byte{7});
        error = io::recv(pair.first.get(), bytes, 0, deadline).error();
    };
    onFiber(runtime,
            [&]
            {
                receiveUntil(io::after(100ms));
            });
    EXPECT_EQ(error, IoError::DeadlineExpired);
    EXPECT_EQ(residentPages(bytes), 0U);
    auto stopped = runtime.spawn(testFiber("receiver"),
                                 [&]
                                 {
                                     receiveUntil(NoDeadline);
                                 });
    awaitState(runtime, "receiver", FiberState::Suspended);
    awaitResidentPages(bytes, 0);
    stopped.requestStop();
    stopped.join();
    EXPECT_EQ(error, IoError::Stopped);
}

/// With more fibers than one visit looks at.
TEST(IdleMemory, ofWhoGoesOnBetweenTwoVisitsIsNotForgotten)
{
    constexpr int Rounds = 30;
    constexpr auto IdleTime = 10ms;
    Runtime runtime(releasingAfter(IdleTime));
    const auto pair = socketPair();
    std::span<std::byte> bytes;
    std::atomic<int> received = 0;
    auto receiver = runtime.spawn(testFiber("receiver"),
                                  [&]
                                  {
                                      auto reservation =
                                          *Reactor::current()->buffers().reserve("receiver");
                                      auto buffer = *acquireBuffer(reservation);
                                      bytes = buffer.writable();
                                      for (int round = 0; round < Rounds; ++round)
                                      {
                                          std::ranges::fill(bytes, std::byte{7});
                                          (void)io::recv(pair.first.get(), bytes);
                                          ++received;
                                      }
                                  });
    awaitState(runtime, "receiver", FiberState::Suspended);
    const auto silence = socketPair();
    std::vector<Fiber> others;
    for (std::size_t index = 0; index < 3 * IdleMemory::FibersInOneVisit; ++index)
    {
        others.push_back(runtime.spawn({.name = "other"},
                                       [&]
                                       {
                                           (void)io::poll(silence.first.get(), POLLIN);
                                       }));
    }
    for (int round = 0; round < Rounds; ++round)
    {
        // At another moment of the round of visits each time.
        std::this_thread::sleep_for(IdleTime + round * IdleTime / Rounds);
        awaitResidentPages(bytes, 0);
        checkedCall(static_cast<int>(::send(pair.second.get(), "x", 1, 0)), "send");
        while (received <= round)
        {
            std::this_thread::yield();
        }
    }
    receiver.join();
}

TEST(IdleMemory, ofABufferThatHasBytesStays)
{
    Runtime runtime(releasingAfter(1ms));
    const auto filled = pageSizeBytes() + 100;
    Receiver receiver(runtime, filled);
    awaitResidentPages(receiver.bytes, 2);
    receiver.send("more");
    receiver.fiber.join();
    EXPECT_EQ(receiver.received, "more");
    EXPECT_EQ(receiver.skipped, std::string(filled, '\7'));
}

TEST(IdleMemory, ofACallThatCollectsStays)
{
    Runtime runtime(releasingAfter(100ms));
    Receiver receiver(runtime, 0, MSG_WAITALL);
    const std::string half(BufferBytes / 2, 'x');
    receiver.send(half);
    // Another one has waited since then: when its stack has gone back, both have been looked at.
    const auto pair = socketPair();
    const auto other = runtime.spawn({.name = "other"},
                                     [&pair]
                                     {
                                         touchHalfOfStack();
                                         std::array<std::byte, 1> byte;
                                         (void)io::recv(pair.first.get(), byte);
                                     });
    awaitState(runtime, "other", FiberState::Suspended);
    while (residentStackPages(runtime) > TouchedPages)
    {
        std::this_thread::sleep_for(1ms);
    }
    receiver.send(half);
    receiver.fiber.join();
    EXPECT_EQ(receiver.received, half + half);
}

TEST(IdleMemory, thatIsNotOfThePoolStays)
{
    Runtime runtime(releasingAfter(1ms));
    const auto pair = socketPair();
    const MemoryMapping mapping(MemoryMapping::Use::Buffers, 4 * pageSizeBytes(), "a test");
    const std::span bytes(mapping.data(), mapping.sizeBytes());
    std::ranges::fill(bytes, std::byte{7});
    auto receiver = runtime.spawn({.name = "receiver"},
                                  [&]
                                  {
                                      touchHalfOfStack();
                                      (void)io::recv(pair.first.get(), bytes);
                                  });
    awaitState(runtime, "receiver", FiberState::Suspended);
    while (residentStackPages(runtime) > TouchedPages)
    {
        std::this_thread::sleep_for(1ms);
    }
    EXPECT_EQ(residentPages(bytes), 4U);
    receiver.requestStop();
    receiver.join();
    EXPECT_TRUE(std::ranges::all_of(bytes,
                                    [](std::byte byte)
                                    {
                                        return byte == std::byte{7};
                                    }));
}

/// How far down the frame lies that waits decides what may go: every place within a page is tried.
TEST(IdleMemory, belowTheFramesThatWaitGoesBack)
{
    constexpr std::size_t Step = 64;
    constexpr std::size_t Fibers = 4096 / Step;
    constexpr auto IdleTime = 20ms;
    Runtime runtime(releasingAfter(IdleTime));
    const auto pipe = socketPair();
    std::atomic<std::size_t> intact = 0;
    std::vector<Fiber> fibers;
    for (std::size_t index = 0; index < Fibers; ++index)
    {
        const auto name = "deep-" + std::to_string(index);
        fibers.push_back(runtime.spawn({.name = name},
                                       [&, depth = (index + 1) * Step]
                                       {
                                           touchHalfOfStack();
                                           auto* const bytes =
                                               static_cast<std::byte*>(::alloca(depth));
                                           const std::span above(bytes, depth);
                                           std::ranges::fill(above, std::byte{7});
                                           const auto ready = io::poll(pipe.first.get(), POLLIN);
                                           if (ready && std::ranges::count(above, std::byte{7}) ==
                                                            static_cast<std::ptrdiff_t>(depth))
                                           {
                                               ++intact;
                                           }
                                       }));
    }
    for (const auto& fiber : fibers)
    {
        awaitState(runtime, fiber.name(), FiberState::Suspended);
    }
    // A page more each before, and at least one less when what was touched has gone back.
    while (residentStackPages(runtime) > TouchedPages * Fibers)
    {
        std::this_thread::sleep_for(1ms);
    }
    // The last of them, too.
    std::this_thread::sleep_for(3 * IdleTime);
    checkedCall(static_cast<int>(::send(pipe.second.get(), "x", 1, 0)), "send");
    for (auto& fiber : fibers)
    {
        fiber.join();
    }
    EXPECT_EQ(intact, Fibers);
}

TEST(IdleMemory, isGivenBackOncePerWait)
{
    Runtime runtime(releasingAfter(1ms));
    Receiver receiver(runtime, 0);
    awaitResidentPages(receiver.bytes, 0);
    // The round that found nothing else has ended, or ends now.
    std::this_thread::sleep_for(20ms);
    const auto before = runtime.statistics().at(0).engine.systemCalls;
    std::this_thread::sleep_for(200ms);
    EXPECT_LE(runtime.statistics().at(0).engine.systemCalls - before, 8U);
    receiver.send("x");
    receiver.fiber.join();
}

TEST(IdleMemory, staysWhereTheOptionIsZero)
{
    Runtime runtime(releasingAfter(0ms));
    Receiver receiver(runtime, 0);
    std::this_thread::sleep_for(50ms);
    EXPECT_EQ(residentPages(receiver.bytes), BufferBytes / pageSizeBytes());
    receiver.send("x");
    receiver.fiber.join();
}

} // namespace weft
