#pragma once

#include <weft/fibers/fiber_group.hpp>
#include <weft/reactor/runtime.hpp>
#include <weft/reactor/tcp.hpp>

#include "handshake.hpp"
#include "mesh_options.hpp"
#include "peer.hpp"
#include "peer_status.hpp"

#include <deque>

namespace weft::mesh
{

/// One node of the mesh. Its fibers, all on the first reactor:
///
///     accept          takes connections of peers with a lower id
///     greet           one for each that is accepted: the handshake, then the link
///     dial-K          one for each peer K with a higher id: connects, and again after each end
///     write-K read-K  the two of each link (PeerLink)
///     produce         offers messages to all peers, at the rate
///
/// Nobody waits for a peer but the fibers that are there for that peer.
class MeshNode
{
public:
    /// Begins at once. `meshOptions` and the runtime must outlive the node.
    MeshNode(Runtime& nodeRuntime, const MeshOptions& meshOptions, TcpListener listening);

    /// Ends all connections and returns when all fibers have ended. Rethrows what escaped from one.
    /// On a plain thread, which it blocks. Idempotent.
    void stop();

    /// How things stand now. On a plain thread: a fiber looks, while no other runs, so nothing in
    /// the node needs a lock.
    NodeStatus status();

private:
    void acceptAll();
    void start(TcpStream stream);
    void greet(TcpStream stream);
    void refuse(const std::string& who, const std::string& why);

    void dialAgainAndAgain(Peer& peer);
    bool dial(Peer& peer);

    void produce();

    Peer& peerOf(PeerId id);
    NodeStatus look() const;

    Runtime& runtime;
    const MeshOptions& options;
    const TcpListener listener;
    const Hello hello;
    const Clock::time_point began = Clock::now();
    std::deque<Peer> peers; // all but ourselves, by id; never moved
    Strangers strangers;
    std::size_t greetings = 0;
    FiberGroup fibers; // last: the others live until they have ended
};

} // namespace weft::mesh
