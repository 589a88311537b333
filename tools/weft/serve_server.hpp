#pragma once

#include <weft/fibers/fiber_group.hpp>
#include <weft/reactor/runtime.hpp>
#include <weft/reactor/tcp.hpp>

#include "replay_data.hpp"
#include "replay_rate.hpp"
#include "serve_report.hpp"

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <system_error>

namespace weft::tools
{

/// How each connection is served, and how many.
struct ServePlan
{
    ReplayRate rate;
    /// How often each connection is sent the data. ReplayStream::Endless: until it is closed.
    std::uint64_t repeats = 1;
    /// Connection k begins at unit k times Stride, so that no two neighbours are sent the same.
    bool stagger = false;
    static constexpr std::uint64_t Stride = 97;
    /// The most that one send takes.
    std::size_t sendBytesMax = std::size_t{256} << 10;
    /// Zero: any number.
    std::uint64_t connectionsMax = 0;
    /// Whether the report has each connection, which takes memory for each.
    bool listConnections = false;
};

/// What a server has done, all connections together.
struct ServeTotals
{
    std::uint64_t connections = 0;
    std::uint64_t bytes = 0;
    std::uint64_t finished = 0;
    std::uint64_t peerReset = 0;
    std::uint64_t stopped = 0;
    std::uint64_t failed = 0;
};

/// Replays the data to each connection: one fiber accepts, and each connection has a fiber of its
/// own. All reactors share the data.
class ReplayServer
{
public:
    /// `replayed` must outlive the server, as must the runtime.
    ReplayServer(Runtime& serverRuntime, const ReplayData& replayed, const ServePlan& servePlan,
                 TcpListener listeningSocket);

    /// Serves until the last of `connectionsMax` connections has ended, or a stop. The error is one
    /// after which nothing can be accepted any more. Suspends; on a plain thread, blocks it. Once.
    std::error_code serve();

    /// Accepts no more and ends all connections. Returns at once. Any thread.
    void requestStop() noexcept
    {
        fibers.requestStop();
    }

    // When serve() has returned:

    const ServeTotals& totals() const noexcept
    {
        return served;
    }

    const ServeReport& report() const noexcept
    {
        return list;
    }

private:
    void acceptAll();
    /// Whether to accept again after this error. Suspends.
    bool survives(std::error_code acceptError);
    void start(TcpStream connection, std::uint64_t index);
    void add(ServedConnection account);

    Runtime& runtime;
    const ReplayData& data;
    const ServePlan plan;
    TcpListener listener;

    std::mutex mutex; // of what follows; never held by a fiber that suspends
    ServeTotals served;
    ServeReport list;
    std::error_code failure;

    FiberGroup fibers; // last: the others live until they have ended
};

} // namespace weft::tools
