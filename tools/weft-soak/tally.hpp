#pragma once

#include "feed.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

namespace weft::soak
{

/// Any thread.
class WorstDelay
{
public:
    void note(std::chrono::nanoseconds delay) noexcept
    {
        auto worst = worstNs.load(std::memory_order_relaxed);
        while (delay.count() > worst && !worstNs.compare_exchange_weak(worst, delay.count()))
        {
        }
    }

    std::chrono::nanoseconds value() const noexcept
    {
        return std::chrono::nanoseconds(worstNs.load(std::memory_order_relaxed));
    }

private:
    std::atomic<std::int64_t> worstNs = 0;
};

/// What has happened so far.
struct Tally
{
    // Any thread.
    std::atomic<std::uint64_t> events = 0; // that sources emitted
    std::atomic<std::uint64_t> bytesChecked = 0;
    // Of a prompt consumer's buffers, see LifeSink.
    WorstDelay worstDelay;
    WorstDelay worstDemandDelay;

    // The driver's thread.
    std::uint64_t rounds = 0;
    std::uint64_t lives = 0;
    std::uint64_t restarts = 0; // lives after a source's first
    std::uint64_t ended = 0;
    std::uint64_t failed = 0;
    std::uint64_t stopped = 0;
    std::uint64_t reconnects = 0;
    std::uint64_t refusedOpens = 0; // lives that failed because nobody listened
    std::chrono::nanoseconds worstStop{};
    std::uint64_t livesOnThreads = 0;
    std::uint64_t livesLimited = 0; // by a number of buffers in flight
    std::uint64_t throws = 0;       // of consumers
    std::uint64_t demands = 0;
    std::uint64_t buffersDemanded = 0; // what came of them
    std::uint64_t buffersDropped = 0;
    std::uint64_t bufferWaits = 0;
    std::chrono::nanoseconds worstBufferWait{};
    std::chrono::nanoseconds worstBufferWaitPrompt{};        // of sources with a prompt consumer
    std::map<std::string, std::uint64_t, std::less<>> stops; // by kind
    std::map<std::string, std::uint64_t, std::less<>> livesOfKind;
    std::map<std::string, std::uint64_t, std::less<>> livesOfConsumer;
    PeerCounts peer;
};

} // namespace weft::soak
