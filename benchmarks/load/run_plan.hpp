#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace weft::bench
{

inline constexpr std::size_t BufferBytes = 4096;

/// One run of one receiver, or one lane of a run: what its processes must know. Plain memory,
/// because it lies in the board that they share.
struct RunPlan
{
    char receiver[32] = {};
    /// Connections or files of the flood come first in the numbering of sources.
    std::uint32_t floodSources = 0;
    std::uint32_t slowSources = 0;
    double messagesPerSecond = 0; // to all slow sources together
    /// How long a partly filled buffer may wait: 0 not at all, negative for ever.
    std::int64_t flushNs = -1;
    std::int64_t warmUpNs = 0;
    std::int64_t windowNs = 0;
    int receiverCpu = 0;
    int generatorCpu = 0;
    int niceness = 0;        // of the processes of the run
    bool ownSessions = true; // of each process of the run, see setUpProcess()
    /// The generator sleeps until a message is due, for a CPU that it shares with the receiver;
    /// else it waits actively, so that a timer's delay is not in the figures.
    bool generatorSleeps = false;
    bool computeBeside = false;
    /// Sources are files, all of them of the flood's kind.
    bool files = false;
    std::uint64_t fileBytes = 0; // each
    char directory[256] = {};

    std::size_t sources() const noexcept
    {
        return std::size_t{floodSources} + slowSources;
    }
};

static_assert(std::is_trivially_copyable_v<RunPlan>);

} // namespace weft::bench
