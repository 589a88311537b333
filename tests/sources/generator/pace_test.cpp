/// \file
/// The pace over a long time, on a machine whose clock tells exactly.

#include <weft/reactor/runtime.hpp>
#include <weft/reactor/simulation/simulation.hpp>
#include <weft/sources/source_provider.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <string>

using namespace std::chrono_literals;
using namespace weft;

namespace
{

/// What the records of a minute have met.
struct Minute
{
    std::uint64_t records = 0;
    std::uint64_t buffers = 0;
    std::chrono::nanoseconds latest{}; // from when a buffer's first record was due to its delivery
    bool early = false;                // a record that was not due
};

constexpr std::size_t RecordBytes = 20; // with its time in nanoseconds

Minute simulateMinute(const std::string& rate, const std::string& flushInterval)
{
    simulation::Simulation simulation({.seed = 1,
                                       .faults = {.shortTransfer = 0,
                                                  .slowCompletion = 0,
                                                  .queueFull = 0,
                                                  .lateWakeUp = 0,
                                                  .clockJump = 0,
                                                  .threadsSlow = 0}});
    auto options = simulation.runtimeOptions();
    options.buffersPerReactor = 16;
    options.threadBuffers = 0;
    options.stacksPerReactor = {16, 4, 4};
    Runtime runtime(options);
    Minute minute;
    std::optional<SourceHandle> source;
    std::chrono::nanoseconds firstTime{};
    Clock::time_point start;
    const auto take = [&](OriginId, const SourceEvent& event)
    {
        const auto* const data = std::get_if<SourceData>(&event);
        if (data == nullptr || simulation.now() - simulation.startTime() > 1min)
        {
            return;
        }
        const auto bytes = data->buffer.bytes();
        EXPECT_EQ(bytes.size() % RecordBytes, 0U);
        const auto dueOf = [&](std::size_t record)
        {
            const std::string text(
                reinterpret_cast<const char*>(bytes.data()) + record * RecordBytes, RecordBytes);
            return std::chrono::nanoseconds(std::stoll(text));
        };
        if (minute.buffers++ == 0)
        {
            firstTime = dueOf(0);
        }
        const auto count = bytes.size() / RecordBytes;
        const auto sinceStart = simulation.now() - start;
        minute.records += count;
        minute.early = minute.early || dueOf(count - 1) - firstTime > sinceStart;
        minute.latest =
            std::max<std::chrono::nanoseconds>(minute.latest, sinceStart - (dueOf(0) - firstTime));
    };
    simulation.after(0ns, "the source starts",
                     [&]
                     {
                         const ParameterTexts texts{{"schema", "t:timestamp(ns)"},
                                                    {"rate", rate},
                                                    {"flush_interval", flushInterval}};
                         source = SourceProvider(runtime).provide(
                             1, SourceDescriptor("made-up", "generator", texts));
                         start = simulation.now();
                         EXPECT_TRUE(source->start(take));
                     });
    // Before it parks the machine may go ahead to the next action: so these are close to each
    // other.
    std::function<void()> sample = [&]
    {
        if (simulation.now() - simulation.startTime() < 1min)
        {
            simulation.after(250us, "sample", sample);
            return;
        }
        simulation.end();
    };
    simulation.after(250us, "sample", sample);
    simulation.run();
    source.reset();
    return minute;
}

} // namespace

TEST(GeneratorPace, doesNotDriftInAMinute)
{
    const auto minute = simulateMinute("70", "0");
    EXPECT_NEAR(static_cast<double>(minute.records), 70 * 60, 2);
    EXPECT_EQ(minute.records, minute.buffers);
    EXPECT_FALSE(minute.early);
    EXPECT_LE(minute.latest, 5ms);
}

TEST(GeneratorPace, recordsCloserThanTimersComeTogether)
{
    const auto minute = simulateMinute("10000", "0");
    EXPECT_NEAR(static_cast<double>(minute.records), 10000 * 60, 200);
    EXPECT_LT(minute.buffers, minute.records / 8);
    EXPECT_FALSE(minute.early);
    EXPECT_LE(minute.latest, 5ms);
}

TEST(GeneratorPace, bufferIsFilledUpToItsFlushAndNoLonger)
{
    const auto minute = simulateMinute("100", "100ms");
    EXPECT_NEAR(static_cast<double>(minute.records), 100 * 60, 20);
    EXPECT_NEAR(static_cast<double>(minute.buffers), 10 * 60, 60);
    EXPECT_FALSE(minute.early);
    EXPECT_LE(minute.latest, 105ms);
}
