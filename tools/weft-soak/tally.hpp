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

/// What has happened so far.
struct Tally
{
    // Any thread.
    std::atomic<std::uint64_t> events = 0; // that sources emitted
    std::atomic<std::uint64_t> bytesChecked = 0;
    std::atomic<std::int64_t> worstDelayNs = 0; // of a prompt consumer's buffer, see LifeSink

    void noteDelay(std::chrono::nanoseconds delay) noexcept
    {
        auto worst = worstDelayNs.load(std::memory_order_relaxed);
        while (delay.count() > worst && !worstDelayNs.compare_exchange_weak(worst, delay.count()))
        {
        }
    }

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
    std::map<std::string, std::uint64_t, std::less<>> stops; // by kind
    std::map<std::string, std::uint64_t, std::less<>> livesOfKind;
    PeerCounts peer;
};

} // namespace weft::soak
