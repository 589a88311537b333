#pragma once

#include "handshake.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weft::mesh
{

/// What a node knows of one peer, from its beginning on.
struct PeerStatus
{
    PeerId id = 0;
    std::string address;
    bool up = false;
    std::uint64_t links = 0; // how often it has come up
    /// Messages handed to the kernel.
    std::uint64_t sent = 0;
    /// Messages that were never sent, or of which nobody knows whether they were: the outbox was
    /// full, there was no link, or it broke.
    std::uint64_t dropped = 0;
    std::uint64_t received = 0;
    /// As SequenceCheck has them.
    std::uint64_t missed = 0;
    std::uint64_t repeated = 0;
    /// Messages with a content that is not theirs.
    std::uint64_t corrupted = 0;
    std::optional<std::chrono::nanoseconds> roundTrip; // of the last ping that was answered
    /// Why the last link, or the last attempt at one, has ended; empty when none has.
    std::string lastEnd;
};

/// Connections that did not become links.
struct Strangers
{
    std::uint64_t refused = 0;
    std::string last; // who, and why
};

struct NodeStatus
{
    PeerId id = 0;
    std::chrono::nanoseconds running{};
    std::vector<PeerStatus> peers;
    Strangers strangers;

    /// Whether all that came was right: nothing twice, nothing changed. Gaps are no fault: a mesh
    /// that waits for nobody drops.
    bool isSound() const noexcept;
};

} // namespace weft::mesh
