#pragma once

#include <weft/sources/source_event.hpp>

#include "generator.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace weft::bench
{

struct Latencies
{
    std::size_t messages = 0;
    std::chrono::nanoseconds p50{};
    std::chrono::nanoseconds p99{};
    std::chrono::nanoseconds p999{};
    std::chrono::nanoseconds max{};
};

/// Takes what the slow sources emit, all on one reactor, and keeps each message's time from its
/// send to here while a phase is measured.
class LatencySink
{
public:
    /// `messagesMax`: kept in one phase; more are not.
    LatencySink(std::size_t sources, std::size_t messagesMax);

    /// On the reactor.
    void take(OriginId source, const IoBuffer& buffer);

    void noteFailure(const SourceFailure& failure);

    void begin();

    /// Ends the phase that begin() began.
    Latencies end();

    std::uint64_t failures() const noexcept
    {
        return failureCount.load();
    }

private:
    /// A message that has come in part.
    struct Partial
    {
        Message message;
        std::size_t sizeBytes = 0;
        std::uint64_t nextNumber = 0;
    };

    std::vector<Partial> partials;
    std::vector<std::int64_t> samples; // of the phase, in nanoseconds
    std::atomic<std::size_t> sampleCount = 0;
    std::atomic<bool> measuring = false;
    std::atomic<std::uint64_t> failureCount = 0;
};

} // namespace weft::bench
