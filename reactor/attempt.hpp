#pragma once

#include <weft/reactor/operation.hpp>

#include <cstdint>

namespace weft
{

/// What came of trying an operation.
struct Attempt
{
    enum class Outcome : std::uint8_t
    {
        Done,       // `result` is the operation's
        WouldBlock, // to be tried again when the descriptor is ready
        MustBlock,  // there is no way to do it without: another thread's work
    };

    Outcome outcome = Outcome::Done;
    std::int32_t result = 0;
};

/// Tries an operation without ever waiting, whatever mode its descriptor has. `again`: it has been
/// tried before, and the descriptor may have become ready. Keeps what it has done so far of an
/// operation with MSG_WAITALL in `operation.result`, which begins as zero. Any thread.
Attempt attempt(Operation& operation, bool again) noexcept;

/// The operation where it may block, for another thread.
std::int32_t callThatBlocks(const Operation& operation) noexcept;

} // namespace weft
