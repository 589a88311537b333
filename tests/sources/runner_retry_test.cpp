#include <weft/reactor/io_error.hpp>
#include <weft/reactor/runtime.hpp>
#include <weft/reactor/socket_address.hpp>
#include <weft/sources/source_error.hpp>

#include "tests/sources/event_log.hpp"
#include "tests/sources/scripted_source.hpp"
#include "tests/support/test_engine.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <thread>

#include <netdb.h>

using namespace std::chrono_literals;
using namespace weft;
using namespace weft::test;

namespace
{

SourceRunnerOptions retrying(std::uint64_t attempts)
{
    return {.name = "retrying",
            .reconnect = {.attemptsMax = attempts, .pauseLeast = 1ms, .pauseMost = 4ms}};
}

[[noreturn]] void refuse()
{
    throw SourceError(errnoError(ECONNREFUSED), "connect");
}

class RunnerRetryTest : public testing::TestWithParam<RunnerKind>
{
protected:
    Runtime runtime{onTestEngine(
        {.reactors = 1, .buffersPerReactor = 8, .threadBuffers = 8, .bufferSizeBytes = 64})};
    EventLog log;
    SourceScript script;
};

} // namespace

WEFT_INSTANTIATE_OVER_RUNNERS(RunnerRetryTest);

TEST_P(RunnerRetryTest, transientErrorsAreTriedAgainUntilTheSourceOpens)
{
    script.open = [&]
    {
        if (script.opens < 4)
        {
            refuse();
        }
    };
    auto runner = makeRunner(GetParam(), runtime, script, retrying(3));
    ASSERT_TRUE(runner->start(log.emit()));
    log.waitForLast();
    EXPECT_TRUE(log.ended());
    EXPECT_EQ(runner->statistics().retries, 3U);
    EXPECT_EQ(script.closes, 1);
}

TEST_P(RunnerRetryTest, afterTheLastAttemptTheErrorIsFinal)
{
    script.open = refuse;
    auto runner = makeRunner(GetParam(), runtime, script, retrying(2));
    ASSERT_TRUE(runner->start(log.emit()));
    log.waitForLast();
    EXPECT_EQ(log.failure()->code, std::errc::connection_refused);
    EXPECT_EQ(script.opens, 3);
    EXPECT_EQ(log.lastEventCount(), 1);
}

TEST_P(RunnerRetryTest, withoutAPolicyTheFirstErrorIsFinal)
{
    script.open = refuse;
    auto runner = makeRunner(GetParam(), runtime, script);
    ASSERT_TRUE(runner->start(log.emit()));
    log.waitForLast();
    EXPECT_EQ(script.opens, 1);
}

TEST_P(RunnerRetryTest, whatCannotBeRetriedIsFinalAtOnce)
{
    script.open = []
    {
        throw SourceError(errnoError(ENOENT), "open");
    };
    auto runner = makeRunner(GetParam(), runtime, script, retrying(5));
    ASSERT_TRUE(runner->start(log.emit()));
    log.waitForLast();
    EXPECT_EQ(script.opens, 1);
    EXPECT_EQ(log.failure()->code, std::errc::no_such_file_or_directory);
}

TEST_P(RunnerRetryTest, connectionLostInMidStreamIsClosedAndOpenedAgainWithoutLosingBytes)
{
    script.fillBuffer = [&](Fill& fill)
    {
        put(fill, script.opens == 1 ? "before " : "after");
        if (script.opens == 1)
        {
            throw SourceError(errnoError(ECONNRESET), "receive");
        }
        return FillStatus::EndOfStream;
    };
    auto runner = makeRunner(GetParam(), runtime, script, retrying(1));
    ASSERT_TRUE(runner->start(log.emit()));
    log.waitForLast();
    EXPECT_EQ(log.received(), "before after");
    EXPECT_TRUE(log.ended());
    EXPECT_EQ(script.closes, 2);
    EXPECT_EQ(log.buffers().back().sequenceNumber, 1U);
}

TEST_P(RunnerRetryTest, stopEndsThePauseBeforeTheNextAttempt)
{
    script.open = refuse;
    auto options = retrying(1000);
    options.reconnect.pauseLeast = 1h;
    options.reconnect.pauseMost = 1h;
    auto runner = makeRunner(GetParam(), runtime, script, options);
    ASSERT_TRUE(runner->start(log.emit()));
    while (runner->statistics().retries == 0)
    {
        std::this_thread::yield();
    }
    EXPECT_EQ(runner->tryStop(10s), TryStopResult::Success);
    EXPECT_EQ(log.lastEventCount(), 0);
    EXPECT_NE(runner->statistics().lastError.find("Connection refused"), std::string::npos);
}

/// The last bytes before a reset were emitted, the consumer stopped the source from there, and the
/// reset, which would have been tried again a moment later or earlier, came out as a failure.
TEST_P(RunnerRetryTest, stopWhileTheLastBytesAreEmittedIsNoFailure)
{
    script.fillBuffer = [](Fill& fill) -> FillStatus
    {
        put(fill, "before");
        throw SourceError(errnoError(ECONNRESET), "receive");
    };
    auto runner = makeRunner(GetParam(), runtime, script, retrying(5));
    ASSERT_TRUE(runner->start(
        [&, emit = log.emit()](OriginId origin, SourceEvent event) mutable
        {
            runner->stop();
            emit(origin, std::move(event));
        }));
    EXPECT_EQ(runner->tryStop(10s), TryStopResult::Success);
    EXPECT_EQ(log.lastEventCount(), 0);
    EXPECT_EQ(runner->statistics().state, SourceState::Stopped);
}

TEST(TransientErrors, arePeersThatAreNotThere)
{
    for (const int error : {ECONNREFUSED, ECONNRESET, EPIPE, ETIMEDOUT, EHOSTUNREACH, ENETUNREACH})
    {
        EXPECT_TRUE(isTransient(errnoError(error))) << error;
    }
    EXPECT_TRUE(isTransient(IoError::DeadlineExpired));
    EXPECT_TRUE(isTransient(std::error_code(EAI_AGAIN, resolverCategory())));
    EXPECT_FALSE(isTransient(std::error_code(EAI_NONAME, resolverCategory())));
    EXPECT_FALSE(isTransient(IoError::Stopped));
    EXPECT_FALSE(isTransient(errnoError(ENOENT)));
    EXPECT_TRUE(isTransient(std::make_error_code(std::errc::connection_refused)))
        << "an errno is meant by the generic category too";
}
