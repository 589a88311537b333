#pragma once

#include <weft/reactor/tcp.hpp>

#include "peer_link.hpp"
#include "peer_status.hpp"
#include "sequence_check.hpp"

#include <boost/fiber/mutex.hpp>

#include <cstdint>
#include <string>

namespace weft::mesh
{

/// One of the others: what outlives the connections to it. All calls on one reactor.
class Peer
{
public:
    Peer(PeerId peerId, std::string address, const LinkPlan& linkPlan);

    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;

    PeerId id() const noexcept
    {
        return current.id;
    }

    /// Uses the connection until it ends, or the calling fiber is stopped. One that is still in use
    /// ends first: the peer would not have made another if it did not know better. Suspends.
    void use(TcpStream stream, std::uint64_t incarnation);

    /// The next message for the peer. Without a link, or with a full outbox, it is dropped. Does
    /// not suspend.
    void offerMessage();

    /// An attempt to reach the peer has failed.
    void failed(std::string why)
    {
        current.lastEnd = std::move(why);
    }

    PeerStatus status() const;

private:
    const LinkPlan& plan;
    PeerStatus current;
    SequenceCheck check;
    std::uint64_t nextNumber = 0;
    PeerLink* link = nullptr;      // while there is one
    boost::fibers::mutex linkTurn; // held by the fiber whose connection is in use
};

} // namespace weft::mesh
