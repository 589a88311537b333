/// \file
/// What becomes of the buffers that a source has filled together, when one of them is refused.

#include <weft/reactor/runtime.hpp>
#include <weft/sources/emit_when_ready.hpp>

#include "tests/sources/event_log.hpp"
#include "tests/sources/scripted_source.hpp"
#include "tests/support/test_engine.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <thread>

using namespace std::chrono_literals;
using namespace weft;
using namespace weft::test;

namespace
{

constexpr std::size_t BufferBytes = 64;

/// The source is offered 1, 2, 4 and so on while it fills all of them: a call of fillBuffer has
/// buffers 0, 1 to 2, 3 to 6.
constexpr std::uint64_t FirstOfTheThirdCall = 3;
constexpr std::uint64_t BuffersOfThreeCalls = 7;

class RefusedWindowTest : public testing::TestWithParam<RunnerKind>
{
protected:
    /// Fills everything that is offered, with letters in order, but for so many bytes at the end of
    /// the third call.
    void fillAllBut(std::size_t bytesLess)
    {
        script.fillBuffer = [this, bytesLess](Fill& fill)
        {
            std::size_t count = 0;
            for (const auto& part : fill.space())
            {
                count += part.iov_len;
            }
            count -= ++calls == 3 ? bytesLess : 0;
            auto rest = count;
            for (const auto& part : fill.space())
            {
                const auto used = std::min(rest, part.iov_len);
                for (std::size_t index = 0; index < used; ++index)
                {
                    static_cast<char*>(part.iov_base)[index] = letterAt(filled++);
                }
                rest -= used;
            }
            fill.advance(count);
            return FillStatus::More;
        };
    }

    static char letterAt(std::size_t position)
    {
        return static_cast<char>('a' + position % 23);
    }

    /// Refuses by throwing.
    EmitFunction refuse(std::uint64_t sequenceNumber)
    {
        return
            [this, sequenceNumber, inner = log.emit()](OriginId origin, SourceEvent event) mutable
        {
            if (const auto* const data = std::get_if<SourceData>(&event))
            {
                offered = data->buffer.metadata().sequenceNumber;
                if (offered == sequenceNumber)
                {
                    throw std::runtime_error("no more");
                }
            }
            inner(origin, std::move(event));
        };
    }

    /// Refuses for now, which is until the source is stopped.
    EmitFunction refuseForNow(std::uint64_t sequenceNumber)
    {
        return emitWhenReady(
            [this, sequenceNumber, inner = log.emit()](OriginId origin, SourceEvent& event) mutable
            {
                if (const auto* const data = std::get_if<SourceData>(&event))
                {
                    offered = data->buffer.metadata().sequenceNumber;
                    if (offered >= sequenceNumber)
                    {
                        refused = true;
                        return false;
                    }
                }
                inner(origin, std::move(event));
                return true;
            },
            std::make_shared<EmitReadiness>());
    }

    void expectReceived(std::uint64_t buffers)
    {
        const auto received = log.received();
        EXPECT_EQ(received.size(), buffers * BufferBytes);
        for (std::size_t index = 0; index < received.size(); ++index)
        {
            ASSERT_EQ(received[index], letterAt(index));
        }
        for (std::uint64_t number = 0; const auto& metadata : log.buffers())
        {
            EXPECT_EQ(metadata.sequenceNumber, number++);
        }
    }

    void expectAllBuffersBack()
    {
        const auto& buffers = runtime.buffers();
        EXPECT_EQ(runtime.buffers().ioPool(0).statistics().inUse, 0);
        EXPECT_EQ(buffers.threadPool().statistics().inUse, 0);
    }

    Runtime runtime{onTestEngine({.reactors = 1,
                                  .buffersPerReactor = 64,
                                  .threadBuffers = 64,
                                  .bufferSizeBytes = BufferBytes})};
    EventLog log;
    SourceScript script;
    std::size_t filled = 0;
    int calls = 0;
    std::atomic<std::uint64_t> offered = 0;
    std::atomic<bool> refused = false;
};

} // namespace

WEFT_INSTANTIATE_OVER_RUNNERS(RefusedWindowTest);

TEST_P(RefusedWindowTest, whatIsBehindABufferThatIsRefusedIsCountedAndNotOffered)
{
    fillAllBut(0);
    auto runner = makeRunner(GetParam(), runtime, script);
    ASSERT_TRUE(runner->start(refuse(FirstOfTheThirdCall + 1)));
    log.waitForLast();
    EXPECT_EQ(runner->tryStop(10s), TryStopResult::Success);
    EXPECT_EQ(log.failure()->message, "no more");
    EXPECT_EQ(offered, FirstOfTheThirdCall + 1) << "what comes after it would leave a gap";
    expectReceived(FirstOfTheThirdCall + 1);
    const auto statistics = runner->statistics();
    EXPECT_EQ(statistics.buffers, BuffersOfThreeCalls);
    EXPECT_EQ(statistics.bytes, filled);
    EXPECT_EQ(statistics.buffersDropped, 2U);
    EXPECT_EQ(statistics.bytesDropped, 2 * BufferBytes);
    EXPECT_EQ(calls, 3);
    EXPECT_EQ(script.closes, 1);
    expectAllBuffersBack();
}

/// It is not due yet, and would have stayed for the next call.
TEST_P(RefusedWindowTest, partBehindTheFullBuffersIsCountedToo)
{
    fillAllBut(BufferBytes + 54);
    auto runner = makeRunner(GetParam(), runtime, script,
                             {.name = "patient", .flushInterval = std::chrono::hours(1)});
    ASSERT_TRUE(runner->start(refuse(FirstOfTheThirdCall)));
    log.waitForLast();
    EXPECT_EQ(runner->tryStop(10s), TryStopResult::Success);
    expectReceived(FirstOfTheThirdCall);
    const auto statistics = runner->statistics();
    EXPECT_EQ(statistics.buffers, FirstOfTheThirdCall + 3);
    EXPECT_EQ(statistics.bytes, filled);
    EXPECT_EQ(statistics.buffersDropped, 2U) << "a full one and the part";
    EXPECT_EQ(statistics.bytesDropped, BufferBytes + 10);
    expectAllBuffersBack();
}

TEST_P(RefusedWindowTest, stopWhileTheFirstOfSeveralIsRefusedDropsThemAll)
{
    fillAllBut(0);
    auto runner = makeRunner(GetParam(), runtime, script);
    ASSERT_TRUE(runner->start(refuseForNow(FirstOfTheThirdCall + 1)));
    while (!refused)
    {
        std::this_thread::yield();
    }
    EXPECT_EQ(runner->tryStop(10s), TryStopResult::Success);
    EXPECT_EQ(offered, FirstOfTheThirdCall + 1);
    expectReceived(FirstOfTheThirdCall + 1);
    EXPECT_EQ(log.lastEventCount(), 0) << "a stop is no failure";
    const auto statistics = runner->statistics();
    EXPECT_EQ(statistics.state, SourceState::Stopped);
    EXPECT_EQ(statistics.buffers, BuffersOfThreeCalls);
    EXPECT_EQ(statistics.bytes, filled);
    EXPECT_EQ(statistics.buffersDropped, 3U) << "the refused one and two behind it";
    EXPECT_EQ(statistics.bytesDropped, 3 * BufferBytes);
    expectAllBuffersBack();
}

TEST_P(RefusedWindowTest, stopInTheMiddleDropsNothingThatIsTaken)
{
    fillAllBut(10);
    auto runner = makeRunner(GetParam(), runtime, script,
                             {.name = "patient", .flushInterval = std::chrono::hours(1)});
    ASSERT_TRUE(runner->start(
        [&, inner = log.emit()](OriginId origin, SourceEvent event) mutable
        {
            const auto* const data = std::get_if<SourceData>(&event);
            if (data != nullptr &&
                data->buffer.metadata().sequenceNumber == FirstOfTheThirdCall + 1)
            {
                runner->stop();
            }
            inner(origin, std::move(event));
        }));
    log.waitForBytes(BuffersOfThreeCalls * BufferBytes - 10);
    EXPECT_EQ(runner->tryStop(10s), TryStopResult::Success);
    EXPECT_EQ(log.received().size(), filled) << "the part too";
    const auto statistics = runner->statistics();
    EXPECT_EQ(statistics.buffers, BuffersOfThreeCalls);
    EXPECT_EQ(statistics.buffersDropped, 0U);
    EXPECT_EQ(statistics.bytesDropped, 0U);
    EXPECT_EQ(calls, 3);
    expectAllBuffersBack();
}

/// The source's own failure comes after the bytes before it; these are refused, and that is first.
TEST_P(RefusedWindowTest, refusalOfTheLastBytesIsTheFailureNotWhatTheSourceThrows)
{
    fillAllBut(0);
    script.fillBuffer = [this, fillAll = script.fillBuffer](Fill& fill)
    {
        const auto status = fillAll(fill);
        if (calls == 3)
        {
            throw std::runtime_error("the source's own");
        }
        return status;
    };
    auto runner = makeRunner(GetParam(), runtime, script);
    ASSERT_TRUE(runner->start(refuse(FirstOfTheThirdCall)));
    log.waitForLast();
    EXPECT_EQ(runner->tryStop(10s), TryStopResult::Success);
    EXPECT_EQ(log.failure()->message, "no more");
    EXPECT_EQ(log.lastEventCount(), 1);
    EXPECT_EQ(runner->statistics().buffersDropped, 3U);
}
