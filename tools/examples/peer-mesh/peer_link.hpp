#pragma once

#include <weft/fibers/fiber_group.hpp>
#include <weft/reactor/tcp.hpp>

#include "frame.hpp"
#include "outbox.hpp"
#include "peer_status.hpp"
#include "sequence_check.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>

namespace weft::mesh
{

/// The same for all links of a node.
struct LinkPlan
{
    PeerId ownId = 0;
    std::size_t contentBytes = 64; // of each message
    std::size_t outboxFrames = 1024;
    std::chrono::nanoseconds heartbeat = std::chrono::milliseconds(250);
    /// A peer that sends nothing, or takes not one byte, for so long is dead.
    std::chrono::nanoseconds silenceMax = std::chrono::seconds(1);
};

/// One connection to a peer, after the handshake: an outbox, a fiber that writes and a fiber that
/// reads. The writing fiber is the only one that sends; the reading fiber answers a ping through
/// the outbox. Each has a deadline in every call, and the first of them that fails ends both.
///
/// All calls on one reactor.
class PeerLink
{
public:
    /// `peerStatus` and `peerCheck` are kept up to date; they must outlive the link, as must the
    /// plan.
    PeerLink(TcpStream connected, const LinkPlan& linkPlan, PeerStatus& peerStatus,
             SequenceCheck& peerCheck);

    /// Exchanges messages until the connection ends, or the calling fiber is stopped. Answers why
    /// it has ended. Suspends. Once.
    std::string run();

    /// Has this message sent; false when the outbox has no room for it. Does not suspend.
    bool offerMessage(std::uint64_t number)
    {
        return outbox.offer({.kind = FrameKind::Message, .value = number});
    }

    /// Ends run() soon, for this reason unless there is one already. Does not suspend.
    void end(std::string why);

private:
    void close() noexcept;

    void writeAll();
    void gather(FrameBatch& batch);
    bool send(const FrameBatch& batch);

    void readAll();
    std::expected<void, std::string> takeFrames(FrameReader& reader);
    std::expected<void, std::string> take(const Frame& frame);
    void dropWhatIsLeft();

    TcpStream stream;
    const LinkPlan& plan;
    PeerStatus& status;
    SequenceCheck& check;
    Outbox outbox;
    std::string reason;
    Clock::time_point nextPing;
    std::uint64_t lastPing = 0;
    FiberGroup fibers; // last: the others live until they have ended
};

} // namespace weft::mesh
