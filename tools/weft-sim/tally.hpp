#pragma once

#include <cstdint>

namespace weft::sim
{

/// What happened in a run.
struct Tally
{
    std::uint64_t steps = 0;
    std::uint64_t lives = 0; // starts of sources
    std::uint64_t ended = 0;
    std::uint64_t failed = 0;
    std::uint64_t stopped = 0;
    std::uint64_t opens = 0;
    std::uint64_t retries = 0;
    std::uint64_t buffers = 0;
    std::uint64_t bytes = 0;
    std::uint64_t bufferWaits = 0;
    std::uint64_t buffersDropped = 0;
    std::uint64_t flushes = 0; // asked for

    Tally& operator+=(const Tally& other) noexcept
    {
        steps += other.steps;
        lives += other.lives;
        ended += other.ended;
        failed += other.failed;
        stopped += other.stopped;
        opens += other.opens;
        retries += other.retries;
        buffers += other.buffers;
        bytes += other.bytes;
        bufferWaits += other.bufferWaits;
        buffersDropped += other.buffersDropped;
        flushes += other.flushes;
        return *this;
    }
};

} // namespace weft::sim
