#include <weft/reactor/runtime.hpp>

#include "tests/sources/event_log.hpp"
#include "tests/sources/scripted_source.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <thread>

using namespace std::chrono_literals;
using namespace weft;
using namespace weft::test;

namespace
{

class StopWhileClosingTest : public testing::TestWithParam<RunnerKind>
{
protected:
    Runtime runtime{
        {.reactors = 1, .buffersPerReactor = 8, .threadBuffers = 8, .bufferSizeBytes = 64}};
    EventLog log;
    SourceScript script;
};

} // namespace

WEFT_INSTANTIATE_OVER_RUNNERS(StopWhileClosingTest);

/// The stream had ended, and while the source closed its connection, which may take long, a stop
/// was asked for: the end of the stream was emitted all the same. The simulator found it.
TEST_P(StopWhileClosingTest, endOfStreamIsNotEmittedAfterAStop)
{
    std::unique_ptr<SourceRunner> runner;
    script.close = [&]
    {
        runner->stop();
    };
    runner = makeRunner(GetParam(), runtime, script);
    ASSERT_TRUE(runner->start(log.emit()));
    const auto isOver = [&]
    {
        const auto state = runner->statistics().state;
        return state == SourceState::Stopped || state == SourceState::Ended;
    };
    while (!isOver())
    {
        std::this_thread::yield();
    }
    EXPECT_EQ(runner->tryStop(10s), TryStopResult::Success);
    EXPECT_EQ(script.closes, script.opens);
    EXPECT_EQ(log.lastEventCount(), 0);
    EXPECT_EQ(runner->statistics().state, SourceState::Stopped);
}
