#include <weft/reactor/runtime.hpp>
#include <weft/sources/source_provider.hpp>

#include "tests/sources/event_log.hpp"
#include "tests/sources/runner_kind.hpp"
#include "tests/support/heap_count.hpp"
#include "tests/support/test_engine.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <semaphore>
#include <sstream>
#include <thread>

using namespace std::chrono_literals;
using namespace weft;
using namespace weft::test;

namespace
{

std::vector<std::string> linesOf(const std::string& text)
{
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);)
    {
        lines.push_back(line);
    }
    return lines;
}

class GeneratorSourceTest : public testing::TestWithParam<RunnerKind>
{
protected:
    static SourceHandle make(Runtime& runtime, ParameterTexts texts, OriginId origin = 7)
    {
        texts.try_emplace("execution", executionText(GetParam()));
        return SourceProvider(runtime).provide(origin,
                                               SourceDescriptor("made-up", "generator", texts));
    }

    /// All that a generator of so many records makes.
    static std::string madeBy(ParameterTexts texts, std::size_t bufferSizeBytes = 4096)
    {
        Runtime runtime(onTestEngine({.reactors = 1, .bufferSizeBytes = bufferSizeBytes}));
        EventLog log;
        auto source = make(runtime, std::move(texts));
        EXPECT_TRUE(source.start(log.emit()));
        log.waitForLast();
        EXPECT_TRUE(log.ended());
        EXPECT_EQ(source.statistics().bytes, log.received().size());
        return log.received();
    }
};

constexpr auto MixedSchema = "id:sequence, value:normal(20.00,5), dice:uniform(1,6), "
                             "place:choice(Berlin|Aachen|Lübeck), note:text(30)";

} // namespace

WEFT_INSTANTIATE_OVER_RUNNERS(GeneratorSourceTest);

TEST_P(GeneratorSourceTest, streamEndsAfterItsRecords)
{
    EXPECT_EQ(madeBy({{"schema", "id:sequence(10)"}, {"records", "3"}}), "10\n11\n12\n");
}

TEST_P(GeneratorSourceTest, headerIsTheFirstLine)
{
    EXPECT_EQ(madeBy({{"schema", "id:sequence,b:choice(x)"}, {"records", "2"}, {"header", "true"}}),
              "id,b\n0,x\n1,x\n");
}

TEST_P(GeneratorSourceTest, recordsAreThoseOfTheSeedWhateverTheBuffersCut)
{
    const ParameterTexts texts{{"schema", MixedSchema}, {"records", "2000"}, {"seed", "5"}};
    const auto made = madeBy(texts);
    EXPECT_EQ(linesOf(made).size(), 2000U);
    EXPECT_EQ(linesOf(made).front(), "0,18.18,1,Berlin,ecqoaycgw21cbzgy2n2deptylz1tjd");
    EXPECT_EQ(madeBy(texts, 64), made) << "each record is longer than a buffer";
    auto paced = texts;
    paced["rate"] = "1000000";
    paced["flush_interval"] = "0";
    EXPECT_EQ(madeBy(paced), made) << "the pace does not matter";
    auto other = texts;
    other["seed"] = "6";
    EXPECT_NE(madeBy(other), made);
}

/// Each record has the moment at which it was due, so the moments tell the pace.
TEST_P(GeneratorSourceTest, recordsAreDueAtTheirRateAndNeverMadeSooner)
{
    const auto start = Clock::now();
    const auto lines =
        linesOf(madeBy({{"schema", "t:timestamp(ns)"}, {"records", "31"}, {"rate", "300"}}));
    EXPECT_GE(Clock::now() - start, 100ms) << "30 intervals between 31 records";
    ASSERT_EQ(lines.size(), 31U);
    for (std::size_t record = 0; record < lines.size(); ++record)
    {
        const auto offset = std::stoll(lines[record]) - std::stoll(lines.front());
        EXPECT_NEAR(static_cast<double>(offset), static_cast<double>(record) * 1e9 / 300, 1.0);
    }
}

TEST_P(GeneratorSourceTest, flushIntervalDeliversWhatIsThere)
{
    Runtime runtime(onTestEngine({.reactors = 1}));
    EventLog log;
    // A second record would be due in a second, a full buffer in minutes.
    auto source =
        make(runtime, {{"schema", "id:sequence"}, {"rate", "1"}, {"flush_interval", "1ms"}});
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForBytes(2);
    EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
    EXPECT_TRUE(log.received().starts_with("0\n"));
}

TEST_P(GeneratorSourceTest, demandDeliversWhatIsThere)
{
    Runtime runtime(onTestEngine({.reactors = 1}));
    EventLog log;
    auto source =
        make(runtime, {{"schema", "id:sequence"}, {"rate", "50"}, {"flush_interval", "1h"}});
    ASSERT_TRUE(source.start(log.emit()));
    while (source.statistics().buffers == 0)
    {
        source.requestFlush(); // one that finds an empty buffer is good for the first record
        std::this_thread::yield();
    }
    log.waitForBytes(2);
    EXPECT_TRUE(log.received().starts_with("0\n"));
    // The buffer is full in half a minute; the wait for that is cut short.
    const auto before = log.received().size();
    const auto buffers = source.statistics().buffers;
    while (source.statistics().buffers < buffers + 3)
    {
        source.requestFlush();
        std::this_thread::yield();
    }
    log.waitForBytes(before + 1);
    EXPECT_GE(source.statistics().buffersDemanded, 3U);
    EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
}

TEST_P(GeneratorSourceTest, stopEndsAnIdleOneAndABusyOne)
{
    Runtime runtime(onTestEngine({.reactors = 1}));
    for (const auto* const rate : {"0", "1"})
    {
        EventLog log;
        std::atomic<bool> emitted = false;
        auto source = make(runtime, {{"rate", rate}, {"flush_interval", "0"}});
        ASSERT_TRUE(source.start(
            [&, life = log.emit()](OriginId, const SourceEvent& event)
            {
                EXPECT_TRUE(std::holds_alternative<SourceData>(event));
                emitted = true;
            }));
        while (!emitted)
        {
            std::this_thread::yield();
        }
        EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
        EXPECT_EQ(log.emitFunctionCount(), 0);
        EXPECT_EQ(source.statistics().state, SourceState::Stopped);
    }
}

TEST_P(GeneratorSourceTest, manyAtFullSpeedAllGetTheirTurn)
{
    constexpr std::size_t SourceCount = 100;
    Runtime runtime(onTestEngine({.reactors = 1, .buffersPerReactor = 2 * SourceCount}));
    std::vector<std::unique_ptr<EventLog>> logs;
    std::vector<SourceHandle> sources;
    for (std::size_t index = 0; index < SourceCount; ++index)
    {
        logs.push_back(std::make_unique<EventLog>());
        // All but the last go on for ever.
        sources.push_back(
            make(runtime,
                 {{"schema", "id:sequence"}, {"records", index + 1 < SourceCount ? "0" : "10000"}},
                 index));
        ASSERT_TRUE(sources.back().start(
            [&log = *logs.back(), last = index + 1 == SourceCount,
             emit = logs.back()->emit()](OriginId origin, SourceEvent event) mutable
            {
                if (last)
                {
                    emit(origin, std::move(event));
                }
            }));
    }
    logs.back()->waitForLast();
    EXPECT_TRUE(logs.back()->ended());
    for (const auto& source : sources)
    {
        while (source.statistics().bytes == 0)
        {
            std::this_thread::yield();
        }
    }
    EXPECT_EQ(tryStopAll(sources, 10s), TryStopResult::Success);
}

TEST_P(GeneratorSourceTest, runningAllocatesNothing)
{
    constexpr std::uint64_t LastBuffer = 10000;
    Runtime runtime(onTestEngine({.reactors = 1, .bufferSizeBytes = 256}));
    std::uint64_t buffers = 0;
    std::uint64_t atFirst = 0;
    std::uint64_t atLast = 0;
    std::binary_semaphore done(0);
    auto source = make(runtime, {{"schema", MixedSchema}});
    ASSERT_TRUE(source.start(
        [&](OriginId, const SourceEvent&)
        {
            ++buffers;
            if (buffers == 1)
            {
                atFirst = heapAllocationCount();
            }
            else if (buffers == LastBuffer)
            {
                atLast = heapAllocationCount();
                done.release();
            }
        }));
    done.acquire();
    EXPECT_EQ(atLast, atFirst);
    EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
}

TEST_P(GeneratorSourceTest, describesItself)
{
    Runtime runtime(onTestEngine({.reactors = 1}));
    EventLog log;
    auto source = make(runtime, {{"schema", "id:sequence"}, {"records", "1"}, {"rate", "5"}});
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForLast();
    EXPECT_EQ(source.statistics().endpoint, "id:sequence at 5/s, seed 1");
}

TEST(GeneratorSource, wrongSchemaIsRefusedWhenTheSourceIsMade)
{
    Runtime runtime(onTestEngine({.reactors = 1}));
    const SourceDescriptor descriptor("made-up", "generator", {{"schema", "id:sequnce"}});
    EXPECT_THROW(SourceProvider(runtime).provide(1, descriptor), InvalidParameter);
}
