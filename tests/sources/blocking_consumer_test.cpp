#include <weft/reactor/io_error.hpp>
#include <weft/reactor/runtime.hpp>
#include <weft/sources/blocking_consumer.hpp>
#include <weft/sources/source_error.hpp>

#include "tests/sources/event_log.hpp"
#include "tests/sources/scripted_source.hpp"
#include "tests/support/test_engine.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <semaphore>
#include <stdexcept>
#include <thread>

using namespace std::chrono_literals;
using namespace weft;
using namespace weft::test;

namespace
{

FillStatus fillForEver(Fill& fill)
{
    put(fill, "x");
    return FillStatus::More;
}

class BlockingConsumerTest : public testing::TestWithParam<RunnerKind>
{
protected:
    std::unique_ptr<SourceRunner> start(BlockingConsumer& consumer, SourceScript& played,
                                        BlockingConsumer::Function take)
    {
        auto runner = makeRunner(GetParam(), runtime, played);
        EXPECT_TRUE(runner->start(consumer.emitFunction(std::move(take))));
        return runner;
    }

    Runtime runtime{onTestEngine({.reactors = 1, .buffersPerReactor = 16, .bufferSizeBytes = 64})};
    EventLog log;
    SourceScript script;
};

} // namespace

WEFT_INSTANTIATE_OVER_RUNNERS(BlockingConsumerTest);

TEST_P(BlockingConsumerTest, eventsOfOneSourceComeInOrderAndOneAtATime)
{
    constexpr int Events = 2000;
    BlockingConsumer consumer({.name = "query", .threadsMax = 4});
    int fills = 0;
    script.fillBuffer = [&](Fill& fill)
    {
        const auto byte = static_cast<char>('a' + fills % 26);
        put(fill, std::string_view(&byte, 1));
        return ++fills == Events ? FillStatus::EndOfStream : FillStatus::More;
    };
    std::atomic<int> inside = 0;
    auto runner = start(consumer, script,
                        [&, inner = log.emit()](OriginId origin, SourceEvent event) mutable
                        {
                            EXPECT_EQ(++inside, 1);
                            inner(origin, std::move(event));
                            --inside;
                        });
    log.waitForLast();
    const auto received = log.received();
    ASSERT_EQ(received.size(), static_cast<std::size_t>(Events));
    for (int index = 0; index < Events; ++index)
    {
        EXPECT_EQ(received[static_cast<std::size_t>(index)], 'a' + index % 26);
    }
}

TEST_P(BlockingConsumerTest, consumerThatBlocksHoldsUpItsOwnSourcesAndNoOther)
{
    BlockingConsumer stuck({.name = "stuck", .threadsMax = 1});
    BlockingConsumer alive({.name = "alive", .threadsMax = 1});
    std::binary_semaphore entered(0);
    std::binary_semaphore goOn(0);
    script.fillBuffer = fillForEver;
    auto blocked = start(stuck, script,
                         [&, first = true](OriginId, const SourceEvent&) mutable
                         {
                             if (std::exchange(first, false))
                             {
                                 entered.release();
                                 goOn.acquire();
                             }
                         });
    entered.acquire();
    SourceScript otherScript;
    int fills = 0;
    otherScript.fillBuffer = [&](Fill& fill)
    {
        put(fill, "y");
        return ++fills == 1000 ? FillStatus::EndOfStream : FillStatus::More;
    };
    auto other = start(alive, otherScript, log.emit());
    log.waitForLast();
    EXPECT_EQ(log.received().size(), 1000U);
    EXPECT_EQ(blocked->statistics().buffers, 1U);
    goOn.release();
    EXPECT_EQ(blocked->tryStop(10s), TryStopResult::Success);
}

TEST_P(BlockingConsumerTest, threadsAreAsManyAsAllowedHoweverManySources)
{
    BlockingConsumer consumer({.name = "narrow", .threadsMax = 2});
    std::atomic<int> inside = 0;
    std::atomic<int> most = 0;
    std::counting_semaphore<16> goOn(0);
    SourceScript scripts[8];
    std::vector<std::unique_ptr<SourceRunner>> runners;
    std::atomic<int> ended = 0;
    for (auto& each : scripts)
    {
        each.fillBuffer = [](Fill& fill)
        {
            put(fill, "x");
            return FillStatus::EndOfStream;
        };
        runners.push_back(start(consumer, each,
                                [&](OriginId, const SourceEvent& event)
                                {
                                    const int now = ++inside;
                                    int seen = most;
                                    while (now > seen && !most.compare_exchange_weak(seen, now))
                                    {
                                    }
                                    goOn.acquire();
                                    --inside;
                                    ended += std::holds_alternative<EndOfStream>(event) ? 1 : 0;
                                }));
    }
    while (inside < 2)
    {
        std::this_thread::yield();
    }
    goOn.release(16); // a letter and an end of each
    while (ended < 8)
    {
        std::this_thread::yield();
    }
    EXPECT_EQ(most, 2);
    EXPECT_EQ(consumer.threadCount(), 2U);
}

TEST_P(BlockingConsumerTest, stopDropsAnEventThatNoThreadHasBegunToTake)
{
    BlockingConsumer consumer({.name = "narrow", .threadsMax = 1});
    std::binary_semaphore entered(0);
    std::binary_semaphore goOn(0);
    script.fillBuffer = fillForEver;
    auto first = start(consumer, script,
                       [&, once = true](OriginId, const SourceEvent&) mutable
                       {
                           if (std::exchange(once, false))
                           {
                               entered.release();
                               goOn.acquire();
                           }
                       });
    entered.acquire();
    SourceScript queuedScript;
    queuedScript.fillBuffer = fillForEver;
    auto queued = start(consumer, queuedScript, log.emit());
    while (queued->statistics().buffers == 0)
    {
        std::this_thread::yield();
    }
    EXPECT_EQ(queued->tryStop(10s), TryStopResult::Success);
    EXPECT_EQ(queued->statistics().buffersDropped, 1U);
    EXPECT_EQ(log.received(), "");
    EXPECT_EQ(log.lastEventCount(), 0);
    EXPECT_EQ(log.emitFunctionCount(), 0);
    goOn.release();
    EXPECT_EQ(first->tryStop(10s), TryStopResult::Success);
}

TEST_P(BlockingConsumerTest, stopWaitsForAnEventThatIsBeingTaken)
{
    BlockingConsumer consumer({.name = "query", .threadsMax = 1});
    std::binary_semaphore entered(0);
    std::binary_semaphore goOn(0);
    script.fillBuffer = fillForEver;
    auto runner =
        start(consumer, script,
              [&, inner = log.emit(), once = true](OriginId origin, SourceEvent event) mutable
              {
                  if (std::exchange(once, false))
                  {
                      entered.release();
                      goOn.acquire();
                  }
                  inner(origin, std::move(event));
              });
    entered.acquire();
    EXPECT_EQ(runner->tryStop(20ms), TryStopResult::Timeout) << "the consumer has the buffer";
    EXPECT_EQ(log.emitFunctionCount(), 1);
    goOn.release();
    EXPECT_EQ(runner->tryStop(10s), TryStopResult::Success);
    EXPECT_EQ(log.received(), "x") << "what was being taken is taken";
    EXPECT_EQ(runner->statistics().buffersDropped, 0U);
    EXPECT_EQ(log.emitFunctionCount(), 0);
}

TEST_P(BlockingConsumerTest, withoutThreadsIsRefused)
{
    EXPECT_THROW(BlockingConsumer({.name = "idle", .threadsMax = 0}), InvalidOption);
}

TEST_P(BlockingConsumerTest, thatGoesBeforeItsEmitFunctionsIsFoundOut)
{
    testing::GTEST_FLAG(death_test_style) = "threadsafe";
    EXPECT_DEATH(
        {
            EmitFunction emit;
            {
                BlockingConsumer consumer({.name = "short-lived", .threadsMax = 1});
                emit = consumer.emitFunction([](OriginId, const SourceEvent&) {});
            }
        },
        "emitFunctions == 0");
}

TEST_P(BlockingConsumerTest, whatTheConsumerThrowsFailsTheSourceAndIsNotRetried)
{
    BlockingConsumer consumer({.name = "query", .threadsMax = 1});
    script.fillBuffer = fillForEver;
    auto runner = makeRunner(GetParam(), runtime, script,
                             {.name = "retrying", .reconnect = {.attemptsMax = 5}});
    ASSERT_TRUE(runner->start(consumer.emitFunction(
        [inner = log.emit()](OriginId origin, SourceEvent event) mutable
        {
            if (std::holds_alternative<SourceData>(event))
            {
                // Transient if a source had it; but it is downstream that is away.
                throw SourceError(errnoError(ECONNRESET), "store");
            }
            inner(origin, std::move(event));
        })));
    log.waitForLast();
    EXPECT_EQ(log.failure()->code, std::errc::connection_reset);
    EXPECT_EQ(script.opens, 1);
    EXPECT_EQ(runner->statistics().retries, 0U);
}
