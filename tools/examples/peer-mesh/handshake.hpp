#pragma once

#include <weft/reactor/tcp.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string>

/// \file
/// How two nodes make sure of each other before they exchange anything. Both say hello at once,
/// both look at what the other has said, and both then say that they are ready. So a connection is
/// a link only when both ends know that the other one is there: what a dialer that has gone
/// meanwhile leaves in the queue of a listener is never taken for a peer.

namespace weft::mesh
{

using PeerId = std::uint16_t;

/// What a node says first.
struct Hello
{
    static constexpr std::uint64_t Magic = 0x574546544D455348; // "WEFTMESH"
    static constexpr std::uint16_t CurrentVersion = 1;
    static constexpr std::size_t SizeBytes = 22;

    std::uint16_t version = CurrentVersion;
    std::uint16_t clusterSize = 0;
    PeerId id = 0;
    /// Drawn when the process begins: tells one that has started again from one that is back.
    std::uint64_t incarnation = 0;

    bool operator==(const Hello&) const = default;
};

/// What a node says when it has looked at the other's hello and found it right.
inline constexpr std::byte Ready{0x06};

std::array<std::byte, Hello::SizeBytes> encode(const Hello& hello) noexcept;

/// The failure is a text for people: it did not begin with Hello::Magic.
std::expected<Hello, std::string> decodeHello(std::span<const std::byte, Hello::SizeBytes> bytes);

/// The ids that the other end may have, from `least` to below `end`.
struct AllowedIds
{
    PeerId least = 0;
    PeerId end = 0;
};

/// Whether a node that says `theirs` may be a peer of the one that says `ours`; else why not.
std::expected<void, std::string> check(const Hello& theirs, const Hello& ours, AllowedIds allowed);

/// The whole handshake, the same on both sides, within `timeMax`. What the other end has said, or
/// why it is no peer. Suspends.
std::expected<Hello, std::string> shakeHands(const TcpStream& stream, const Hello& ours,
                                             AllowedIds allowed, std::chrono::nanoseconds timeMax);

} // namespace weft::mesh
