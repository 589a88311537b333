/// \file
/// That letting bytes gather keeps to the flush interval, on a machine whose clock tells exactly.

#include <weft/reactor/runtime.hpp>
#include <weft/reactor/simulation/simulation.hpp>
#include <weft/sources/source_provider.hpp>

#include "tests/simulation/feed_steps.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

namespace weft::simulation
{

namespace
{

using namespace std::chrono_literals;
using Duration = std::chrono::nanoseconds;

/// Before it parks the simulated machine may go ahead to the next action, past a deadline; so they
/// must be close to each other.
constexpr auto BetweenSamples = 250us;
/// What it needs beside the interval: to wake up, to answer, and some of these.
constexpr auto MachineMost = 2ms;

/// A machine on which nothing takes longer than it should.
constexpr Faults NoFaults{.shortTransfer = 0,
                          .socketRefused = 0,
                          .cancellationLost = 0,
                          .slowCompletion = 0,
                          .queueFull = 0,
                          .lateWakeUp = 0,
                          .clockJump = 0,
                          .threadsSlow = 0};

/// A source of one stream, and how long each byte of it was under way.
class TimedStream
{
public:
    TimedStream(std::uint64_t seed, Duration flushInterval, std::vector<FeedStep> steps)
        : simulation({.seed = seed, .faults = NoFaults}),
          interval(flushInterval)
    {
        simulation.addEndpoint("10.0.0.1", 9000,
                               [steps = std::move(steps)]
                               {
                                   return feed(steps);
                               });
    }

    /// Until the stream has ended. `look` is called with each sample.
    void run(std::function<void(SourceHandle&)> look = [](SourceHandle&) {})
    {
        auto options = simulation.runtimeOptions();
        options.buffersPerReactor = 256;
        options.threadBuffers = 0;
        options.stacksPerReactor = {16, 4, 4};
        Runtime runtime(options);
        atEachSample = std::move(look);
        simulation.after(0ns, "the source starts",
                         [&]
                         {
                             source = SourceProvider(runtime).provide(1, descriptor());
                             EXPECT_TRUE(source->start(
                                 [this](OriginId, SourceEvent event)
                                 {
                                     take(std::move(event));
                                 }));
                             sample();
                         });
        simulation.run();
        source.reset();
        EXPECT_EQ(received, simulation.account(Stream).writtenBytes);
    }

    Simulation simulation;
    std::uint64_t buffers = 0;
    std::uint64_t received = 0;
    std::uint64_t arrivals = 0; // samples with new bytes
    std::uint64_t takes = 0;    // samples since which bytes were taken
    Duration longest{};         // from a byte's arrival to its delivery
    std::uint64_t late = 0;     // buffers that were longer on the way than the machine needs

private:
    struct Arrival
    {
        std::uint64_t bytes; // in all
        Clock::time_point time;
    };

    SourceDescriptor descriptor() const
    {
        return {"feed",
                "tcp",
                {{"host", "10.0.0.1"},
                 {"port", "9000"},
                 {"flush_interval", std::to_string(interval.count()) + "ns"}}};
    }

    void sample()
    {
        const auto account = simulation.account(Stream);
        if (account.writtenBytes > (arrived.empty() ? 0 : arrived.back().bytes))
        {
            arrived.push_back({.bytes = account.writtenBytes, .time = simulation.now()});
            ++arrivals;
        }
        takes += account.deliveredBytes > taken ? 1 : 0;
        taken = account.deliveredBytes;
        if (ended && source->tryStop(0ns) == TryStopResult::Success)
        {
            simulation.end();
            return;
        }
        atEachSample(*source);
        simulation.after(BetweenSamples, "a sample",
                         [this]
                         {
                             sample();
                         });
    }

    void take(SourceEvent event)
    {
        const auto* const data = std::get_if<SourceData>(&event);
        if (data == nullptr)
        {
            EXPECT_TRUE(std::holds_alternative<EndOfStream>(event));
            ended = true;
            return;
        }
        // Its first byte has waited longest. What no sample has seen yet has just come.
        const auto first = std::ranges::upper_bound(arrived, received, {}, &Arrival::bytes);
        if (first != arrived.end())
        {
            const Duration time = simulation.now() - first->time;
            longest = std::max(longest, time);
            late += time > MachineMost ? 1 : 0;
        }
        EXPECT_EQ(firstDifference(Stream, received, data->buffer.bytes()), std::nullopt);
        received += data->buffer.sizeBytes();
        ++buffers;
    }

    const Duration interval;
    std::optional<SourceHandle> source;
    std::function<void(SourceHandle&)> atEachSample;
    std::vector<Arrival> arrived;
    std::uint64_t taken = 0;
    bool ended = false;
};

/// Trickles, bursts and silences by turns, of all lengths around the interval.
std::vector<FeedStep> changeful(Chance& chance, Duration interval)
{
    std::vector<FeedStep> steps;
    for (int spell = 0; spell < 12; ++spell)
    {
        const auto between = chance.spread(10us, interval * 2);
        const auto bytes = chance.oneIn(4) ? chance.between(1, 20'000) : chance.between(1, 200);
        for (auto messages = chance.between(1, 60); messages > 0; --messages)
        {
            steps.push_back(write(bytes));
            steps.push_back(pause(chance.between(0ns, between * 2)));
        }
        steps.push_back(pause(chance.spread(1us, interval * 5)));
    }
    steps.push_back(finish());
    return steps;
}

std::vector<FeedStep> steady(int messages, Duration between)
{
    std::vector<FeedStep> steps;
    for (int message = 0; message < messages; ++message)
    {
        steps.push_back(write(20));
        steps.push_back(pause(between));
    }
    steps.push_back(finish());
    return steps;
}

} // namespace

TEST(SimulatedGathering, flushIntervalMustNotBeExceededHoweverBytesCome)
{
    for (std::uint64_t seed = 0; seed < 40; ++seed)
    {
        for (const Duration interval : {1ms, 10ms, 200ms})
        {
            Chance chance(seed);
            TimedStream stream(seed, interval, changeful(chance, interval));
            stream.run();
            EXPECT_LE(stream.longest, interval + MachineMost)
                << "seed " << seed << ", interval of " << interval.count() << " ns";
        }
    }
}

TEST(SimulatedGathering, steadySourceIsReadOnceInAnIntervalAndStaysWithinIt)
{
    TimedStream stream(1, 20ms, steady(2000, 1ms));
    stream.run();
    EXPECT_LE(stream.longest, 20ms + MachineMost);
    EXPECT_GT(stream.longest, 10ms) << "it is used";
    EXPECT_LT(stream.takes, stream.arrivals / 5);
    EXPECT_LT(stream.buffers, stream.arrivals / 5);
}

TEST(SimulatedGathering, whatComesFurtherApartThanTheIntervalIsDeliveredAsItComes)
{
    constexpr int Messages = 200;
    TimedStream stream(1, 20ms, steady(Messages, 50ms));
    stream.run();
    EXPECT_LE(stream.longest, 20ms + MachineMost);
    // Now and then the machine brings a message in two pieces.
    EXPECT_LT(stream.late, Messages / 4);
}

TEST(SimulatedGathering, sourceThatWasSparseGathersAgainWhenBytesComeCloser)
{
    constexpr int Messages = 200;
    auto steps = steady(Messages, 50ms);
    steps.pop_back();
    std::ranges::copy(steady(Messages, 2ms), std::back_inserter(steps));
    TimedStream stream(1, 20ms, std::move(steps));
    stream.run();
    EXPECT_LE(stream.longest, 20ms + MachineMost);
    EXPECT_LT(stream.buffers, Messages + Messages / 4);
}

TEST(SimulatedGathering, demandEndsAPauseBeforeAnEmptyBuffer)
{
    TimedStream stream(1, 100ms, steady(3000, 1ms));
    std::uint64_t bytesWhenDemanded = 0;
    std::uint64_t demands = 0;
    int samples = 0;
    Clock::time_point demandedAt;
    Duration longestAnswer{};
    stream.run(
        [&](SourceHandle& source)
        {
            const auto now = stream.simulation.now();
            if (bytesWhenDemanded != 0 && stream.received > bytesWhenDemanded)
            {
                longestAnswer = std::max<Duration>(longestAnswer, now - demandedAt);
                bytesWhenDemanded = 0;
            }
            // At all phases of the interval.
            if (++samples % 801 == 0 && stream.received > 0 && bytesWhenDemanded == 0)
            {
                bytesWhenDemanded = stream.received;
                demandedAt = now;
                ++demands;
                source.requestFlush();
            }
        });
    EXPECT_GT(demands, 10);
    // Until the next message comes, where nothing has, and until a sample sees it.
    EXPECT_LE(longestAnswer, 1ms + MachineMost);
}

TEST(SimulatedGathering, stopEndsAPauseAtOnce)
{
    for (int stopAt = 2000; stopAt < 2040; ++stopAt)
    {
        Simulation simulation({.seed = 1, .faults = NoFaults});
        simulation.addEndpoint("10.0.0.1", 9000,
                               []
                               {
                                   return feed(steady(5000, 1ms));
                               });
        auto options = simulation.runtimeOptions();
        options.threadBuffers = 0;
        options.stacksPerReactor = {16, 4, 4};
        Runtime runtime(options);
        std::optional<SourceHandle> source;
        std::uint64_t received = 0;
        simulation.after(
            0ns, "the source starts",
            [&]
            {
                source = SourceProvider(runtime).provide(
                    1, SourceDescriptor(
                           "feed", "tcp",
                           {{"host", "10.0.0.1"}, {"port", "9000"}, {"flush_interval", "100ms"}}));
                EXPECT_TRUE(source->start(
                    [&](OriginId, const SourceEvent& event)
                    {
                        received += std::get<SourceData>(event).buffer.sizeBytes();
                    }));
            });
        simulation.after(stopAt * 1ms, "stop",
                         [&]
                         {
                             source->stop();
                             simulation.after(MachineMost, "is it over",
                                              [&]
                                              {
                                                  EXPECT_EQ(source->tryStop(0ns),
                                                            TryStopResult::Success);
                                                  simulation.end();
                                              });
                         });
        simulation.run();
        source.reset();
        // What it had taken is delivered; what was in the kernel goes with the connection.
        EXPECT_EQ(received, simulation.account(Stream).deliveredBytes);
    }
}

} // namespace weft::simulation
