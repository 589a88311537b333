#pragma once

#include <weft/sources/contract/client_peer.hpp>
#include <weft/sources/contract/source_peer.hpp>

#include <concepts>
#include <cstdint>
#include <memory>
#include <string>

/// \file
/// The contract test: what every source keeps, whatever it is connected to, as a GoogleTest suite
/// that takes one line. docs/writing-a-source.md shows it, and says what is checked.
///
///     struct TickerPeer : weft::contract::TcpPeer { ... };
///     WEFT_SOURCE_CONTRACT(ticker, TickerPeer)

namespace weft::contract
{

using MakePeer = std::unique_ptr<SourcePeer> (*)();

/// Which checks a peer can serve; each has those before it, too.
enum class PeerKind : std::uint8_t
{
    Producing,
    Live,
    Client, // of a source that listens
};

template <std::derived_from<SourcePeer> Peer>
constexpr PeerKind kindOf() noexcept
{
    if (std::derived_from<Peer, ClientPeer>)
    {
        return PeerKind::Client;
    }
    return std::derived_from<Peer, LivePeer> ? PeerKind::Live : PeerKind::Producing;
}

/// Adds the suite; before main().
bool addContract(std::string type, std::string peerName, PeerKind kind, MakePeer makePeer,
                 const char* file, int line);

template <std::derived_from<SourcePeer> Peer>
bool addContract(const char* type, const char* peerName, const char* file, int line)
{
    return addContract(
        type, peerName, kindOf<Peer>(),
        []() -> std::unique_ptr<SourcePeer>
        {
            return std::make_unique<Peer>();
        },
        file, line);
}

} // namespace weft::contract

#define WEFT_CONTRACT_JOINED(first, second) first##second
#define WEFT_CONTRACT_JOIN(first, second) WEFT_CONTRACT_JOINED(first, second)

/// The tests of the registered type `type` with peers of the class `Peer`, which has a default
/// constructor: type_Peer/fiber_io_uring, type_Peer/fiber_epoll, type_Peer/thread and
/// type_Peer/simulated. A type may have several such lines, with other peers.
#define WEFT_SOURCE_CONTRACT(type, Peer)                                                           \
    [[maybe_unused]] static const bool WEFT_CONTRACT_JOIN(weftContract, __COUNTER__) =             \
        ::weft::contract::addContract<Peer>(#type, #Peer, __FILE__, __LINE__);
