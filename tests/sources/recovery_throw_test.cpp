/// \file
/// docs/recovery.md, "What a source or those downstream throw", where a source is retried.
/// runner_contract_test.cpp has the same without; stop_everywhere_test.cpp has the stops.

#include <weft/reactor/io.hpp>
#include <weft/reactor/io_error.hpp>
#include <weft/reactor/runtime.hpp>
#include <weft/sources/source_error.hpp>

#include "tests/sources/event_log.hpp"
#include "tests/sources/retried_feed.hpp"
#include "tests/sources/scripted_source.hpp"
#include "tests/support/test_engine.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <stdexcept>

using namespace std::chrono_literals;
using namespace weft;
using namespace weft::test;

namespace
{

class RecoveryThrowTest : public testing::TestWithParam<RunnerKind>
{
protected:
    std::unique_ptr<SourceRunner> make(std::uint64_t attempts = 5)
    {
        return makeRunner(
            GetParam(), runtime, script,
            {.name = "scripted",
             .reconnect = {.attemptsMax = attempts, .pauseLeast = 1ms, .pauseMost = 1ms}});
    }

    /// The failure of a source that fails at once.
    SourceFailure onlyFailure()
    {
        auto runner = make();
        EXPECT_TRUE(runner->start(log.emit()));
        log.waitForLast();
        EXPECT_EQ(runner->tryStop(10s), TryStopResult::Success);
        EXPECT_EQ(script.opens, 1) << "it is not retried";
        EXPECT_EQ(log.lastEventCount(), 1);
        EXPECT_FALSE(log.ended());
        return log.failure().value_or(SourceFailure{});
    }

    [[noreturn]] static void throwReset()
    {
        throw SourceError(errnoError(ECONNRESET), "receive");
    }

    Runtime runtime{onTestEngine(
        {.reactors = 1, .buffersPerReactor = 8, .threadBuffers = 8, .bufferSizeBytes = 64})};
    EventLog log;
    SourceScript script;
};

} // namespace

WEFT_INSTANTIATE_OVER_RUNNERS(RecoveryThrowTest);

TEST_P(RecoveryThrowTest, systemErrorsOfTheStandardLibraryAreRetriedLikeOurOwn)
{
    script.open = [&]
    {
        if (script.opens == 1)
        {
            throw std::system_error(std::make_error_code(std::errc::connection_refused));
        }
    };
    auto runner = make();
    ASSERT_TRUE(runner->start(log.emit()));
    log.waitForLast();
    EXPECT_TRUE(log.ended());
    EXPECT_EQ(script.opens, 2);
}

TEST_P(RecoveryThrowTest, exceptionThatIsNoSystemErrorIsNotRetried)
{
    script.open = []
    {
        throw std::runtime_error("bad configuration");
    };
    const auto failure = onlyFailure();
    EXPECT_EQ(failure.message, "bad configuration");
    EXPECT_FALSE(failure.code);
}

TEST_P(RecoveryThrowTest, stopThatNobodyAskedForIsAFailure)
{
    script.fillBuffer = [](Fill&) -> FillStatus
    {
        throw SourceError(IoError::Stopped, "wait");
    };
    EXPECT_EQ(onlyFailure().code, IoError::Stopped);
}

TEST_P(RecoveryThrowTest, exceptionOfCloseDoesNotKeepAnErrorFromBeingRetried)
{
    script.fillBuffer = [&](Fill&) -> FillStatus
    {
        if (script.opens == 1)
        {
            throwReset();
        }
        return FillStatus::EndOfStream;
    };
    script.close = [&]
    {
        if (script.opens == 1)
        {
            throw std::runtime_error("close failed too");
        }
    };
    auto runner = make();
    ASSERT_TRUE(runner->start(log.emit()));
    log.waitForLast();
    EXPECT_TRUE(log.ended());
    EXPECT_EQ(script.closes, 2);
    EXPECT_EQ(runner->statistics().lastError, "receive: Connection reset by peer");
}

/// A transient error of close after the end of the stream opened the source again: a file would
/// have been delivered twice.
TEST_P(RecoveryThrowTest, streamThatHasEndedMustNotBeDeliveredTwiceBecauseCloseFailed)
{
    script.fillBuffer = [](Fill& fill)
    {
        put(fill, "once");
        return FillStatus::EndOfStream;
    };
    script.close = throwReset;
    EXPECT_EQ(onlyFailure().code, errnoError(ECONNRESET));
    EXPECT_EQ(log.received(), "once");
}

TEST_P(RecoveryThrowTest, sourceThatCannotDescribeItselfIsClosedAllTheSame)
{
    script.describe = []() -> std::string
    {
        throw std::runtime_error("who am I");
    };
    EXPECT_EQ(onlyFailure().message, "who am I");
    EXPECT_EQ(script.closes, 1);
}

TEST_P(RecoveryThrowTest, whatTheEmitFunctionThrowsIsNotRetriedHoweverTransient)
{
    script.fillBuffer = [](Fill& fill)
    {
        put(fill, "x");
        return FillStatus::More;
    };
    auto runner = make();
    ASSERT_TRUE(runner->start(
        [inner = log.emit()](OriginId origin, SourceEvent event) mutable
        {
            if (std::holds_alternative<SourceData>(event))
            {
                throwReset();
            }
            inner(origin, std::move(event));
        }));
    log.waitForLast();
    EXPECT_EQ(log.failure()->message, "receive: Connection reset by peer");
    EXPECT_EQ(script.opens, 1);
    EXPECT_EQ(script.closes, 1);
    EXPECT_EQ(runner->statistics().retries, 0U);
}

TEST_P(RecoveryThrowTest, errorThatIsNotRetriedIsToldEvenUnderAStop)
{
    script.fillBuffer = [](Fill& fill)
    {
        static_cast<void>(io::sleepUntil(fill.deadline()));
        return FillStatus::More;
    };
    script.close = []
    {
        throw std::runtime_error("cannot say goodbye");
    };
    auto runner = make();
    ASSERT_TRUE(runner->start(log.emit()));
    while (runner->statistics().state != SourceState::Running)
    {
        std::this_thread::yield();
    }
    EXPECT_EQ(runner->tryStop(10s), TryStopResult::Success);
    ASSERT_TRUE(log.failure());
    EXPECT_EQ(log.failure()->message, "cannot say goodbye");
    EXPECT_EQ(log.lastEventCount(), 1);
}

TEST_P(RecoveryThrowTest, errorThatWouldBeRetriedIsNotToldUnderAStop)
{
    script.fillBuffer = [](Fill& fill)
    {
        static_cast<void>(io::sleepUntil(fill.deadline()));
        return FillStatus::More;
    };
    script.close = throwReset;
    auto runner = make();
    ASSERT_TRUE(runner->start(log.emit()));
    while (runner->statistics().state != SourceState::Running)
    {
        std::this_thread::yield();
    }
    EXPECT_EQ(runner->tryStop(10s), TryStopResult::Success);
    EXPECT_EQ(log.lastEventCount(), 0);
    EXPECT_EQ(runner->statistics().state, SourceState::Stopped);
}

TEST_P(RecoveryThrowTest, answerToAStopIsNoErrorToBeShown)
{
    script.fillBuffer = [](Fill&) -> FillStatus
    {
        static_cast<void>(io::sleepUntil(NoDeadline));
        throw SourceError(IoError::Stopped, "wait");
    };
    auto runner = make();
    ASSERT_TRUE(runner->start(log.emit()));
    while (runner->statistics().state != SourceState::Running)
    {
        std::this_thread::yield();
    }
    EXPECT_EQ(runner->tryStop(10s), TryStopResult::Success);
    EXPECT_EQ(log.lastEventCount(), 0);
    EXPECT_EQ(runner->statistics().lastError, "");
}
