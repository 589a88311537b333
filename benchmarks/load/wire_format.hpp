#pragma once

#include <cstddef>
#include <cstdint>

namespace weft::bench
{

/// What a slow source is sent: when, by CLOCK_MONOTONIC, and which of its messages it is, from 0.
struct Message
{
    static constexpr std::size_t SizeBytes = 128;

    std::int64_t sentNs = 0;
    std::uint64_t number = 0;
    std::byte filling[SizeBytes - 16]{};
};

static_assert(sizeof(Message) == Message::SizeBytes);

/// What a flood and a file consist of: blocks that begin with their number, from 0.
struct Block
{
    static constexpr std::size_t SizeBytes = 4096;

    std::uint64_t number = 0;
    std::byte filling[SizeBytes - 8]{};
};

static_assert(sizeof(Block) == Block::SizeBytes);

} // namespace weft::bench
