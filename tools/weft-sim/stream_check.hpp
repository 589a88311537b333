#pragma once

#include <weft/reactor/simulation/simulation.hpp>
#include <weft/sources/source_event.hpp>
#include <weft/sources/source_runner.hpp>

#include "plan.hpp"

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
                OriginId sourceOrigin)
        : simulation(ownSimulation),
          name(std::move(sourceName)),
          origin(sourceOrigin)
    {
    }

    // What the world answers.

    void gave(ContentId content);
    void told(std::error_code error);

    // What the source emits; each event once.

    Place data(OriginId from, const IoBuffer& buffer);
    void endOfStream(bool stopAsked);
    void failure(const SourceFailure& failure);

    /// The consumer is about to throw: a cause for a failure.
    void consumerThrows(std::string message);

    /// It is over: what is to be true then.
    void over(bool stopAsked);
    /// The same of its numbers. `notTaken`: buffers that the consumer did not take.
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
    bool hasCause(const SourceFailure& failure) const;

    simulation::Simulation& simulation;
    const std::string name;
    const OriginId origin;
    std::optional<ContentId> content;
    std::uint64_t offsetBytes = 0; // of the content
    std::uint64_t bufferCount = 0;
    std::uint64_t byteCount = 0;
    Last last = Last::None;
    std::error_code lastError;
    std::vector<std::error_code> errorsTold;
    std::string thrown;
};

} // namespace weft::sim
