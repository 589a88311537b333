/// \file
/// docs/recovery.md, "This machine": limits that a source meets. recovery_runtime_test.cpp has
/// those that a runtime meets when it starts.

#include <weft/reactor/io_error.hpp>
#include <weft/reactor/runtime.hpp>
#include <weft/reactor/socket_address.hpp>
#include <weft/sources/blocking_consumer.hpp>
#include <weft/sources/source_error.hpp>

#include "tests/sources/event_log.hpp"
#include "tests/sources/retried_feed.hpp"
#include "tests/sources/scripted_server.hpp"
#include "tests/sources/scripted_source.hpp"
#include "tests/support/limits.hpp"
#include "tests/support/own_process.hpp"
#include "tests/support/test_engine.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <optional>
#include <semaphore>

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

template <typename Start>
std::optional<std::system_error> refusalOf(Start start)
{
    try
    {
        start();
        return std::nullopt;
    }
    catch (const std::system_error& error)
    {
        return error;
    }
}

void expectText(const std::system_error& error, std::string_view text)
{
    EXPECT_NE(std::string_view(error.what()).find(text), std::string_view::npos) << error.what();
}

class RecoveryMachineTest : public testing::TestWithParam<RunnerKind>
{
protected:
    /// Descriptors that a runner needs to start.
    std::size_t descriptorsToStart() const
    {
        return GetParam() == RunnerKind::Thread ? 1 : 0;
    }

    void expectToWaitForDescriptors(const std::string& host)
    {
        const LoopbackListener listener;
        auto source = retriedFeed(runtime, GetParam(), listener.address.port(), AttemptsWithoutEnd,
                                  {{"host", host}});
        {
            const FewDescriptors limit(descriptorsToStart());
            ASSERT_TRUE(source.start(log.emit()));
            awaitRetries(source, 3);
            EXPECT_NE(source.statistics().lastError.find("Too many open files"), std::string::npos)
                << source.statistics().lastError;
        }
        {
            const auto connection = listener.acceptClient();
            ASSERT_EQ(::send(connection.get(), "at last", 7, 0), 7);
        }
        log.waitForLast();
        EXPECT_TRUE(log.ended());
        EXPECT_EQ(log.received(), "at last");
    }

    Runtime runtime{onTestEngine(
        {.reactors = 1, .buffersPerReactor = 8, .threadBuffers = 8, .bufferSizeBytes = 64})};
    EventLog log;
    SourceScript script;
};

/// In a process of its own, without the privileges that no limit holds for.
class RecoveryThreadsTest : public testing::TestWithParam<RunnerKind>
{
protected:
    Runtime& startRuntime()
    {
        giveUpPrivileges();
        return runtime.emplace(onTestEngine(
            {.reactors = 1, .buffersPerReactor = 8, .threadBuffers = 8, .bufferSizeBytes = 64}));
    }

    std::optional<Runtime> runtime;
    EventLog log;
    SourceScript script;
};

} // namespace

WEFT_INSTANTIATE_OVER_RUNNERS(RecoveryMachineTest);
WEFT_INSTANTIATE_OVER_RUNNERS(RecoveryThreadsTest);

TEST_P(RecoveryMachineTest, fileIsNotOpenedWithoutADescriptor)
{
    auto source = SourceProvider(runtime).provide(
        1, SourceDescriptor("log", "file",
                            {{"path", "/dev/zero"}, {"execution", executionText(GetParam())}}));
    const FewDescriptors limit(descriptorsToStart());
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForLast();
    EXPECT_EQ(log.failure()->code, errnoError(EMFILE));
    EXPECT_EQ(log.failure()->message, "open '/dev/zero': Too many open files");
}

TEST_P(RecoveryMachineTest, lackOfDescriptorsIsWaitedOutByAConnection)
{
    expectToWaitForDescriptors("127.0.0.1");
}

TEST_P(RecoveryMachineTest, lackOfDescriptorsIsWaitedOutByANameLookup)
{
    expectToWaitForDescriptors("localhost");
}

TEST_P(RecoveryMachineTest, lackOfDescriptorsDoesNotDisturbASourceThatRuns)
{
    std::binary_semaphore goOn(0);
    ScriptedServer server(
        [&](TcpStream& stream)
        {
            sendText(stream, "before,");
            goOn.acquire();
            sendText(stream, "meanwhile");
        });
    auto source = retriedFeed(runtime, GetParam(), server.port(), 0);
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForBytes(7);
    const FewDescriptors limit(0);
    goOn.release();
    log.waitForLast();
    EXPECT_TRUE(log.ended());
    EXPECT_EQ(log.received(), "before,meanwhile");
}

TEST_P(RecoveryMachineTest, moreSourcesThanBuffersAreRefusedAndNotRetried)
{
    script.fillBuffer = [](Fill&)
    {
        return FillStatus::More;
    };
    std::vector<std::unique_ptr<SourceRunner>> runners;
    while (runners.size() < 8)
    {
        runners.push_back(makeRunner(GetParam(), runtime, script));
        ASSERT_TRUE(runners.back()->start([](OriginId, const SourceEvent&) {}));
    }
    while (script.opens < 8)
    {
        std::this_thread::yield();
    }
    SourceScript refused;
    auto runner = makeRunner(GetParam(), runtime, refused,
                             {.name = "ninth", .reconnect = {.attemptsMax = 5}});
    ASSERT_TRUE(runner->start(log.emit()));
    log.waitForLast();
    EXPECT_EQ(log.failure()->code, std::make_error_code(std::errc::no_buffer_space));
    EXPECT_EQ(runner->statistics().retries, 0U);
    EXPECT_EQ(refused.opens, 0);
    EXPECT_EQ(script.closes, 0) << "the others go on";
}

TEST(RecoveryMachine, startWithoutADescriptorForTheThreadThrowsAndMayBeRepeated)
{
    Runtime runtime(onTestEngine({.reactors = 1, .buffersPerReactor = 8, .threadBuffers = 8}));
    SourceScript script;
    EventLog log;
    auto runner = makeRunner(RunnerKind::Thread, runtime, script, {.name = "unlucky"});
    {
        const FewDescriptors limit(0);
        const auto refusal = refusalOf(
            [&]
            {
                runner->start(log.emit());
            });
        ASSERT_TRUE(refusal);
        EXPECT_EQ(refusal->code(), std::errc::too_many_files_open);
        expectText(*refusal, "cannot start a thread for 'unlucky' beside 0 that run: ");
        expectText(*refusal, "raise 'ulimit -n'");
    }
    EXPECT_EQ(log.emitFunctionCount(), 0);
    EXPECT_EQ(runner->statistics().state, SourceState::Created);
    ASSERT_TRUE(runner->start(log.emit()));
    log.waitForLast();
    EXPECT_TRUE(log.ended());
}

TEST(RecoveryMachine, startWithoutAFiberThrowsAndMayBeRepeated)
{
    // Three stacks, and one more fiber that may wait for one.
    Runtime runtime(onTestEngine({.reactors = 1,
                                  .buffersPerReactor = 8,
                                  .stacksPerReactor = {1, 1, 1},
                                  .spawnQueuePerReactor = 1}));
    SourceScript script;
    script.fillBuffer = [](Fill&)
    {
        return FillStatus::More;
    };
    std::vector<std::unique_ptr<SourceRunner>> runners;
    std::optional<std::system_error> refusal;
    while (!refusal)
    {
        runners.push_back(makeRunner(RunnerKind::Fiber, runtime, script, {.name = "many"}));
        refusal = refusalOf(
            [&]
            {
                runners.back()->start([](OriginId, const SourceEvent&) {});
            });
    }
    EXPECT_EQ(runners.size(), 5U);
    EXPECT_EQ(refusal->code(), std::errc::resource_unavailable_try_again);
    expectText(*refusal, "cannot spawn fiber 'many': all 4 fiber records of reactor 0 are in use");
    EXPECT_EQ(runners.front()->tryStop(10s), TryStopResult::Success);
    // Its record is given back a moment after it is over.
    while (refusalOf(
        [&]
        {
            runners.back()->start([](OriginId, const SourceEvent&) {});
        }))
    {
        std::this_thread::yield();
    }
}

TEST_P(RecoveryThreadsTest, refusedThreadIsToldByStartOfASourceThatNeedsOne)
{
    if (!inOwnProcess())
    {
        return;
    }
    startRuntime();
    script.fillBuffer = fillForEver;
    auto other = makeRunner(GetParam(), *runtime, script, {.name = "other"});
    ASSERT_TRUE(other->start([](OriginId, const SourceEvent&) {}));
    while (other->statistics().buffers == 0)
    {
        std::this_thread::yield();
    }
    SourceScript refused;
    auto runner = makeRunner(RunnerKind::Thread, *runtime, refused, {.name = "unlucky"});
    {
        const NoThreads limit;
        const auto refusal = refusalOf(
            [&]
            {
                runner->start(log.emit());
            });
        ASSERT_TRUE(refusal);
        EXPECT_EQ(refusal->code(), std::errc::resource_unavailable_try_again);
        expectText(*refusal, "cannot start a thread for 'unlucky' beside ");
        expectText(*refusal, "raise 'ulimit -u' or the cgroup's pids.max");
        EXPECT_EQ(log.emitFunctionCount(), 0);
        EXPECT_EQ(runner->tryStop(0ns), TryStopResult::Success) << "it never began";
        const auto buffers = other->statistics().buffers;
        while (other->statistics().buffers == buffers)
        {
            std::this_thread::yield(); // the others go on
        }
    }
    auto again = makeRunner(RunnerKind::Thread, *runtime, refused, {.name = "lucky"});
    ASSERT_TRUE(again->start(log.emit()));
    log.waitForLast();
    EXPECT_TRUE(log.ended());
}

TEST_P(RecoveryThreadsTest, sourceWhoseThreadWasRefusedCanBeStartedLater)
{
    if (!inOwnProcess())
    {
        return;
    }
    startRuntime();
    auto runner = makeRunner(GetParam(), *runtime, script);
    {
        const NoThreads limit;
        const auto refusal = refusalOf(
            [&]
            {
                runner->start(log.emit());
            });
        EXPECT_EQ(refusal.has_value(), GetParam() == RunnerKind::Thread) << "a fiber needs none";
    }
    if (GetParam() == RunnerKind::Thread)
    {
        EXPECT_EQ(runner->statistics().state, SourceState::Created);
        ASSERT_TRUE(runner->start(log.emit()));
    }
    log.waitForLast();
    EXPECT_TRUE(log.ended());
}

TEST_P(RecoveryThreadsTest, refusedThreadForTheResolverIsWaitedOut)
{
    if (!inOwnProcess())
    {
        return;
    }
    startRuntime();
    std::binary_semaphore refused(0);
    script.open = [&]
    {
        if (script.opens == 1)
        {
            refused.acquire(); // keeps the whole reactor, which has nothing else to do
        }
        if (const auto found = resolve("localhost", 9000); !found)
        {
            throw SourceError(found.error(), "resolve");
        }
    };
    auto runner = makeRunner(
        GetParam(), *runtime, script,
        {.name = "named",
         .reconnect = {.attemptsMax = AttemptsWithoutEnd, .pauseLeast = 1ms, .pauseMost = 1ms}});
    ASSERT_TRUE(runner->start(log.emit()));
    {
        const NoThreads limit;
        refused.release();
        awaitRetries(*runner, 3);
        EXPECT_EQ(runner->statistics().lastError, "resolve: Resource temporarily unavailable");
    }
    log.waitForLast();
    EXPECT_TRUE(log.ended());
}

/// The failure needs the same thread as the data: it is seen by the operator alone.
TEST_P(RecoveryThreadsTest, refusedThreadOfAConsumerFailsItsSourcesAndNoOther)
{
    if (!inOwnProcess())
    {
        return;
    }
    startRuntime();
    std::binary_semaphore refused(0);
    script.fillBuffer = [&](Fill& fill)
    {
        refused.acquire();
        put(fill, "x");
        return FillStatus::More;
    };
    SourceScript otherScript;
    otherScript.fillBuffer = [](Fill& fill)
    {
        put(fill, "y");
        return FillStatus::EndOfStream;
    };
    BlockingConsumer consumer({.name = "query", .threadsMax = 1});
    auto runner =
        makeRunner(GetParam(), *runtime, script, {.name = "fed", .reconnect = {.attemptsMax = 5}});
    auto other = makeRunner(RunnerKind::Fiber, *runtime, otherScript);
    ASSERT_TRUE(runner->start(consumer.emitFunction([](OriginId, const SourceEvent&) {})));
    const NoThreads limit;
    refused.release();
    while (runner->statistics().state != SourceState::Failed)
    {
        std::this_thread::yield();
    }
    EXPECT_EQ(runner->statistics().retries, 0U) << "it is downstream that is short of threads";
    EXPECT_EQ(runner->statistics().lastError,
              "start a thread of consumer 'query' ('ulimit -u' and the cgroup's pids.max limit "
              "them): Resource temporarily unavailable");
    EXPECT_EQ(script.closes, 1);
    ASSERT_TRUE(other->start(log.emit()));
    log.waitForLast();
    EXPECT_EQ(log.received(), "y");
}
