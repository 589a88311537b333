#pragma once

#include <weft/reactor/simulation/simulation.hpp>
#include <weft/sources/source_event.hpp>
#include <weft/sources/source_runner.hpp>

#include "plan.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

namespace weft::sim
{

/// Where the bytes of a buffer come from.
struct Place
{
    ContentId content = 0;
    std::uint64_t offsetBytes = 0;
};

/// What one life of a source emits, against what its world gave it: no byte lost, doubled or out of
/// place, no event without its cause, nothing after the last one. Each time that the source opens
/// it gets content of its own.
class StreamCheck
{
public:
    StreamCheck(simulation::Simulation& ownSimulation, std::string sourceName,
                OriginId sourceOrigin, std::size_t bufferBytes)
        : simulation(ownSimulation),
          name(std::move(sourceName)),
          origin(sourceOrigin),
          bufferSizeBytes(bufferBytes)
    {
    }

    // What the world answers.

    void gave(ContentId content);
    void told(std::error_code error);

    // What the source emits; each event once.

    Place data(OriginId from, const IoBuffer& buffer);
    void endOfStream(bool stopAsked);
    void failure(const SourceFailure& failure);

    /// The consumer is about to throw, and so to refuse a buffer: a cause for a failure.
    void consumerThrows(std::string message);

    /// The consumer has refused a buffer for a stop, or is about to: no other may be offered to it.
    /// What the source had filled behind that one is missing from then on, and nothing else.
    void refused()
    {
        wasRefused = true;
    }

    bool hasRefused() const noexcept
    {
        return wasRefused;
    }

    /// It is over: what is to be true then.
    void over(bool stopAsked);
    /// The same of its numbers. `notTaken`: buffers that were offered to the consumer and that it
    /// did not take because of a stop.
    void finalNumbers(const SourceStatistics& statistics, std::uint64_t notTaken,
                      const LifePlan& plan, bool stopAsked);

    /// The content that the source reads, if it was given any.
    std::optional<ContentId> current() const noexcept
    {
        return content;
    }

    std::uint64_t emittedOfCurrent() const noexcept
    {
        return offsetBytes;
    }

    std::uint64_t buffers() const noexcept
    {
        return bufferCount;
    }

    std::uint64_t bytes() const noexcept
    {
        return byteCount;
    }

    bool lastEventSeen() const noexcept
    {
        return last != Last::None;
    }

    /// What is wrong, with the source's name before it.
    void fail(const std::string& what);

private:
    enum class Last : std::uint8_t
    {
        None,
        EndOfStream,
        Failure,
    };

    void closeContent();
    void missing(std::uint64_t bytes);
    bool hasCause(const SourceFailure& failure) const;

    simulation::Simulation& simulation;
    const std::string name;
    const OriginId origin;
    const std::size_t bufferSizeBytes;
    std::optional<ContentId> content;
    std::uint64_t offsetBytes = 0; // of the content
    std::uint64_t bufferCount = 0;
    std::uint64_t byteCount = 0;
    bool wasRefused = false;
    std::uint64_t lastBytes = 0;    // in the last buffer
    std::uint64_t missingBytes = 0; // behind a refused buffer
    Last last = Last::None;
    std::error_code lastError;
    std::vector<std::error_code> errorsTold;
    std::string thrown;
};

} // namespace weft::sim
