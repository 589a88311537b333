#include <weft/fibers/this_fiber.hpp>
#include <weft/reactor/io.hpp>
#include <weft/reactor/runtime.hpp>
#include <weft/sources/source_error.hpp>

#include "tests/sources/event_log.hpp"
#include "tests/sources/scripted_source.hpp"
#include "tests/support/test_engine.hpp"

#include <boost/fiber/buffered_channel.hpp>
#include <gtest/gtest.h>

#include <mutex>
#include <semaphore>
#include <stdexcept>
#include <thread>

using namespace std::chrono_literals;
using namespace weft;
using namespace weft::test;

namespace
{

/// Waits for nothing but a stop.
FillStatus waitForStop(Fill& fill)
{
    const auto slept = io::sleepUntil(fill.deadline());
    return slept || gaveUp(slept.error()) ? FillStatus::More : FillStatus::EndOfStream;
}

class RunnerContractTest : public testing::TestWithParam<RunnerKind>
{
protected:
    IoBufferPoolStatistics poolStatistics()
    {
        return GetParam() == RunnerKind::Fiber ? runtime.buffers().ioPool(0).statistics()
                                               : runtime.buffers().threadPool().statistics();
    }

    Runtime runtime{onTestEngine(
        {.reactors = 1, .buffersPerReactor = 8, .threadBuffers = 8, .bufferSizeBytes = 64})};
    EventLog log;
    SourceScript script;
};

} // namespace

WEFT_INSTANTIATE_OVER_RUNNERS(RunnerContractTest);

TEST_P(RunnerContractTest, secondStartIsRefusedAndItsEmitFunctionDestroyed)
{
    script.fillBuffer = waitForStop;
    auto runner = makeRunner(GetParam(), runtime, script);
    EXPECT_TRUE(runner->start(log.emit()));
    EventLog other;
    EXPECT_FALSE(runner->start(other.emit()));
    EXPECT_EQ(other.emitFunctionCount(), 0);
    EXPECT_EQ(runner->tryStop(10s), TryStopResult::Success);
    EXPECT_FALSE(runner->start(other.emit())) << "a stopped runner does not start again";
}

TEST_P(RunnerContractTest, tryStopSucceedsOnlyWhenClosedAndTheEmitFunctionIsGone)
{
    std::binary_semaphore letClose(0);
    script.fillBuffer = waitForStop;
    script.close = [&]
    {
        letClose.acquire();
    };
    auto runner = makeRunner(GetParam(), runtime, script);
    ASSERT_TRUE(runner->start(log.emit()));
    while (runner->statistics().state != SourceState::Running)
    {
        std::this_thread::yield();
    }
    EXPECT_EQ(runner->tryStop(1ms), TryStopResult::Timeout);
    EXPECT_EQ(log.emitFunctionCount(), 1);
    letClose.release();
    EXPECT_EQ(runner->tryStop(10s), TryStopResult::Success);
    EXPECT_EQ(log.emitFunctionCount(), 0);
    EXPECT_EQ(script.closes, 1);
    EXPECT_EQ(script.destructions, 1);
}

TEST_P(RunnerContractTest, tryStopOfARunnerThatWasNeverStartedSucceeds)
{
    auto runner = makeRunner(GetParam(), runtime, script);
    EXPECT_EQ(runner->tryStop(0ns), TryStopResult::Success);
    EXPECT_EQ(script.opens, 0);
}

TEST_P(RunnerContractTest, endOfStreamDeliversWhatIsInTheBuffer)
{
    script.fillBuffer = [](Fill& fill)
    {
        put(fill, "last words");
        return FillStatus::EndOfStream;
    };
    auto runner = makeRunner(GetParam(), runtime, script);
    ASSERT_TRUE(runner->start(log.emit()));
    log.waitForLast();
    EXPECT_EQ(log.received(), "last words");
    EXPECT_TRUE(log.ended());
    EXPECT_EQ(runner->tryStop(10s), TryStopResult::Success);
    EXPECT_EQ(log.lastEventCount(), 1);
    EXPECT_EQ(runner->statistics().state, SourceState::Ended);
}

TEST_P(RunnerContractTest, endOfStreamIsNotEmittedWhenAStopWasAskedFor)
{
    script.fillBuffer = [](Fill& fill)
    {
        waitForStop(fill);
        return FillStatus::EndOfStream;
    };
    auto runner = makeRunner(GetParam(), runtime, script);
    ASSERT_TRUE(runner->start(log.emit()));
    while (runner->statistics().state != SourceState::Running)
    {
        std::this_thread::yield();
    }
    EXPECT_EQ(runner->tryStop(10s), TryStopResult::Success);
    EXPECT_EQ(log.lastEventCount(), 0);
    EXPECT_EQ(runner->statistics().state, SourceState::Stopped);
}

TEST_P(RunnerContractTest, closeDoesNotRunWhenOpenFailed)
{
    script.open = []
    {
        throw std::runtime_error("cannot open");
    };
    auto runner = makeRunner(GetParam(), runtime, script);
    ASSERT_TRUE(runner->start(log.emit()));
    log.waitForLast();
    EXPECT_EQ(runner->tryStop(10s), TryStopResult::Success);
    EXPECT_EQ(log.failure()->message, "cannot open");
    EXPECT_EQ(script.closes, 0);
    EXPECT_EQ(log.lastEventCount(), 1);
}

TEST_P(RunnerContractTest, exceptionBecomesOneFailureAndThatOfCloseDoesNotReplaceIt)
{
    script.fillBuffer = [](Fill& fill) -> FillStatus
    {
        put(fill, "kept");
        throw std::runtime_error("broken pipe dream");
    };
    script.close = []
    {
        throw std::runtime_error("close failed too");
    };
    auto runner = makeRunner(GetParam(), runtime, script);
    ASSERT_TRUE(runner->start(log.emit()));
    log.waitForLast();
    EXPECT_EQ(runner->tryStop(10s), TryStopResult::Success);
    EXPECT_EQ(log.received(), "kept");
    EXPECT_EQ(log.failure()->message, "broken pipe dream");
    EXPECT_THROW(std::rethrow_exception(log.failure()->exception), std::runtime_error);
    EXPECT_EQ(log.lastEventCount(), 1);
    EXPECT_EQ(script.closes, 1);
}

TEST_P(RunnerContractTest, failureOfCloseAloneIsTheFailure)
{
    script.close = []
    {
        throw std::runtime_error("close failed");
    };
    auto runner = makeRunner(GetParam(), runtime, script);
    ASSERT_TRUE(runner->start(log.emit()));
    log.waitForLast();
    EXPECT_FALSE(log.ended());
    EXPECT_EQ(log.failure()->message, "close failed");
}

TEST_P(RunnerContractTest, somethingThatIsNoExceptionClassIsAFailureToo)
{
    script.fillBuffer = [](Fill&) -> FillStatus
    {
        throw 42;
    };
    auto runner = makeRunner(GetParam(), runtime, script);
    ASSERT_TRUE(runner->start(log.emit()));
    log.waitForLast();
    EXPECT_EQ(log.failure()->message, "the source threw something unknown");
}

TEST_P(RunnerContractTest, stopIsNotSeenInClose)
{
    bool slept = false;
    script.fillBuffer = waitForStop;
    script.close = [&]
    {
        slept = io::sleepFor(1ms).has_value();
    };
    auto runner = makeRunner(GetParam(), runtime, script);
    ASSERT_TRUE(runner->start(log.emit()));
    while (runner->statistics().state != SourceState::Running)
    {
        std::this_thread::yield();
    }
    EXPECT_EQ(runner->tryStop(10s), TryStopResult::Success);
    EXPECT_TRUE(slept);
}

TEST_P(RunnerContractTest, emitMaySuspendWhileOtherSourcesGoOn)
{
    boost::fibers::buffered_channel<int> gate(2);
    std::binary_semaphore suspended(0);
    script.fillBuffer = [](Fill& fill)
    {
        put(fill, "slow");
        return FillStatus::EndOfStream;
    };
    SourceScript otherScript;
    otherScript.fillBuffer = [](Fill& fill)
    {
        put(fill, "fast");
        return FillStatus::EndOfStream;
    };
    EventLog otherLog;
    auto runner = makeRunner(GetParam(), runtime, script);
    auto other = makeRunner(GetParam(), runtime, otherScript);
    ASSERT_TRUE(runner->start(
        [&, inner = log.emit()](OriginId origin, SourceEvent event) mutable
        {
            if (std::holds_alternative<SourceData>(event))
            {
                suspended.release();
                int token = 0;
                gate.pop(token);
            }
            inner(origin, std::move(event));
        }));
    suspended.acquire();
    ASSERT_TRUE(other->start(otherLog.emit()));
    otherLog.waitForLast();
    EXPECT_EQ(otherLog.received(), "fast");
    EXPECT_EQ(log.received(), "");
    gate.push(1);
    log.waitForLast();
    EXPECT_EQ(log.received(), "slow");
}

TEST_P(RunnerContractTest, emitFunctionThatThrowsFailsTheSourceOnce)
{
    script.fillBuffer = [](Fill& fill)
    {
        put(fill, "x");
        return FillStatus::More;
    };
    auto runner = makeRunner(GetParam(), runtime, script);
    ASSERT_TRUE(runner->start(
        [inner = log.emit()](OriginId origin, SourceEvent event) mutable
        {
            if (std::holds_alternative<SourceData>(event))
            {
                throw std::runtime_error("downstream refuses");
            }
            inner(origin, std::move(event));
        }));
    log.waitForLast();
    EXPECT_EQ(log.failure()->message, "downstream refuses");
    EXPECT_EQ(log.lastEventCount(), 1);
    EXPECT_EQ(script.closes, 1);
}

TEST_P(RunnerContractTest, sourceWithoutAnythingToSayDoesNotKeepOthersOut)
{
    script.fillBuffer = [](Fill&)
    {
        return FillStatus::More;
    };
    SourceScript otherScript;
    auto runner = makeRunner(GetParam(), runtime, script);
    auto other = makeRunner(GetParam(), runtime, otherScript);
    EventLog otherLog;
    ASSERT_TRUE(runner->start(log.emit()));
    ASSERT_TRUE(other->start(otherLog.emit()));
    otherLog.waitForLast();
    EXPECT_TRUE(otherLog.ended());
}

TEST_P(RunnerContractTest, moreSourcesThanThePoolCanReserveForAreRefusedWithTheNumbers)
{
    script.fillBuffer = waitForStop;
    std::vector<std::unique_ptr<SourceRunner>> runners;
    for (int index = 0; index < 8; ++index)
    {
        runners.push_back(makeRunner(GetParam(), runtime, script, {.name = "first"}));
        ASSERT_TRUE(runners.back()->start(log.emit()));
    }
    while (script.opens < 8)
    {
        std::this_thread::yield();
    }
    auto ninth = makeRunner(GetParam(), runtime, script, {.name = "ninth"});
    EventLog refused;
    ASSERT_TRUE(ninth->start(refused.emit()));
    refused.waitForLast();
    EXPECT_EQ(refused.failure()->code, std::errc::no_buffer_space);
    const auto message = refused.failure()->message;
    EXPECT_NE(message.find("source 'ninth' cannot be given its buffer"), std::string::npos);
    EXPECT_NE(message.find("has 8 buffers of 64 bytes and 8 are reserved"), std::string::npos);
    EXPECT_NE(message.find(GetParam() == RunnerKind::Fiber
                               ? "raise runtime.buffers_per_reactor to at least 9"
                               : "raise runtime.thread_buffers to at least 9"),
              std::string::npos)
        << message;
    EXPECT_EQ(script.opens, 8) << "it was refused before it was opened";
}

TEST_P(RunnerContractTest, stuckConsumerOfOneSourceDoesNotStopAnother)
{
    // The hoarder's consumer keeps every buffer that it is given.
    std::mutex hoardMutex;
    std::vector<IoBuffer> hoard;
    script.fillBuffer = [](Fill& fill)
    {
        put(fill, "mine");
        return FillStatus::More;
    };
    SourceScript otherScript;
    int fills = 0;
    otherScript.fillBuffer = [&](Fill& fill)
    {
        put(fill, "x");
        return ++fills == 1000 ? FillStatus::EndOfStream : FillStatus::More;
    };
    auto hoarder =
        makeRunner(GetParam(), runtime, script, {.name = "hoarder", .buffersInFlightMax = 8});
    ASSERT_TRUE(hoarder->start(
        [&](OriginId, SourceEvent event)
        {
            if (auto* const data = std::get_if<SourceData>(&event))
            {
                const std::lock_guard lock(hoardMutex);
                hoard.push_back(std::move(data->buffer));
            }
        }));
    while (poolStatistics().waiting == 0)
    {
        std::this_thread::yield();
    }
    EXPECT_EQ(hoarder->statistics().buffers, 8U) << "all are held";
    auto other = makeRunner(GetParam(), runtime, otherScript);
    EventLog otherLog;
    ASSERT_TRUE(other->start(otherLog.emit()));
    while (poolStatistics().waiting < 2)
    {
        std::this_thread::yield();
    }
    // A source that opens when all are out is owed the next one that comes back.
    {
        const std::lock_guard lock(hoardMutex);
        hoard.pop_back();
    }
    otherLog.waitForLast();
    EXPECT_EQ(otherLog.received(), std::string(1000, 'x'));
    EXPECT_EQ(hoarder->tryStop(10s), TryStopResult::Success) << "while it waits for a buffer";
}

TEST_P(RunnerContractTest, runtimeShutdownStopsSourcesThatAreStarting)
{
    std::atomic<bool> starting = true;
    script.fillBuffer = waitForStop;
    std::vector<std::unique_ptr<SourceRunner>> runners;
    std::jthread starter(
        [&]
        {
            while (starting)
            {
                auto runner = makeRunner(GetParam(), runtime, script, {.name = "late"});
                try
                {
                    ASSERT_TRUE(runner->start([](OriginId, const SourceEvent&) {}));
                }
                catch (const std::system_error& error)
                {
                    EXPECT_EQ(error.code(), std::errc::resource_unavailable_try_again);
                    return; // the runtime has shut down
                }
                runners.push_back(std::move(runner));
            }
        });
    while (script.opens < 3)
    {
        std::this_thread::yield();
    }
    runtime.shutdown();
    starting = false;
    starter.join();
    EXPECT_EQ(script.opens, script.closes);
    for (auto& runner : runners)
    {
        EXPECT_EQ(runner->tryStop(0ns), TryStopResult::Success);
    }
}

TEST_P(RunnerContractTest, runnerMayOutliveTheRuntime)
{
    script.fillBuffer = waitForStop;
    auto second = std::make_unique<SourceScript>();
    std::unique_ptr<SourceRunner> runner;
    runtime.shutdown();
    runner = makeRunner(GetParam(), runtime, *second, {.name = "late"});
    EXPECT_THROW(runner->start(log.emit()), std::system_error);
    EXPECT_EQ(log.emitFunctionCount(), 0);
    EXPECT_EQ(runner->tryStop(0ns), TryStopResult::Success);
}
