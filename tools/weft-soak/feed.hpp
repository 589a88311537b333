#pragma once

#include <weft/reactor/owned_descriptor.hpp>
#include <weft/reactor/socket_address.hpp>
#include <weft/timers/clock.hpp>

#include "plan.hpp"
#include "record_stream.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace weft::soak
{

enum class ConnectionOutcome : std::uint8_t
{
    Open,
    Finished, // everything was sent, and the end of the stream
    Reset,    // as planned
    Left,     // the source closed first
};

struct ConnectionAccount
{
    std::uint64_t sentBytes = 0;
    ConnectionOutcome outcome = ConnectionOutcome::Open;
    Clock::time_point endedAt{}; // when the peer finished or reset it
};

/// Faults that have really happened, by kind, and what else the peer has done.
struct PeerCounts
{
    std::uint64_t connections = 0;
    std::uint64_t bytes = 0;
    std::uint64_t closes = 0;
    std::uint64_t halfCloses = 0;
    std::uint64_t resets = 0;
    std::uint64_t resetsAtOnce = 0;
    std::uint64_t stalls = 0;
    std::uint64_t refusals = 0; // times that nobody listened for a while
    std::uint64_t smallWrites = 0;
    std::uint64_t fullPipes = 0; // times that the source did not take more

    PeerCounts& operator+=(const PeerCounts& other) noexcept;
};

struct FeedAccount
{
    std::vector<ConnectionAccount> connections;
    PeerCounts counts;
    /// What the source did that it must not; empty if nothing.
    std::string complaint;
};

/// The other side of one life of a source: a listening socket of its own, or the writing end of a
/// pipe, and the plan that says what happens there. Plain non-blocking system calls. The peer's
/// thread drives it, under the peer's lock.
class Feed
{
public:
    /// What an event is for, in epoll's data: the feed's key and, in the low bits, a tag: the
    /// listener's, or the number of a connection.
    static constexpr unsigned TagBits = 16;
    static constexpr std::uint64_t TagMask = (1U << TagBits) - 1;
    static constexpr std::uint64_t ListenerTag = 0;

    /// `key` tells feeds apart in epoll's data. Throws std::system_error.
    Feed(std::uint64_t key, int epollDescriptor, std::uint64_t seed, LifePlan lifePlan,
         std::filesystem::path fifoPath);

    const std::string& host() const noexcept
    {
        return hostText;
    }

    std::uint16_t port() const noexcept
    {
        return address.port();
    }

    /// Takes an event of the listener or of a connection; those of connections gone are ignored.
    void take(std::uint64_t tag, std::uint32_t events);

    /// When step() is to be called; NoDeadline while it waits for an event.
    Clock::time_point due() const noexcept
    {
        return nextDue;
    }

    void step();

    /// Ends everything.
    void close();

    FeedAccount account;

    /// Whether the source must see the end of the stream, sooner or later, without being stopped.
    bool finished() const noexcept;

private:
    void bindListener();
    void listen();
    void openFifo();
    void begin(OwnedDescriptor accepted);
    void acceptConnection();
    void sendSome();
    void sendOnce(std::size_t& budgetBytes);
    void finishSending();
    void reset();
    void waitFor(std::uint32_t events);
    void readerLeft();
    void conclude(ConnectionOutcome outcome);
    bool stallIsDue() const noexcept;
    const ConnectionPlan& planned() const noexcept;

    const std::uint64_t key;
    const int epoll;
    const std::uint64_t seed;
    const LifePlan plan;
    const std::filesystem::path path;
    std::string hostText;
    SocketAddress address;
    OwnedDescriptor listener;
    OwnedDescriptor connection;
    std::optional<RecordStream> stream;
    std::uint32_t watchedEvents = 0;
    bool stalled = false; // has been, on this connection
    Clock::time_point nextDue = NoDeadline;
};

} // namespace weft::soak
