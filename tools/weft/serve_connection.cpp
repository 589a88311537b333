#include "serve_connection.hpp"

#include <weft/reactor/io.hpp>

#include "stream_checksum.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <expected>
#include <system_error>
#include <utility>

#include <netinet/tcp.h>
#include <sys/socket.h>

namespace weft::tools
{

namespace
{

/// Lines that are due go out at once, not when the peer has acknowledged those before.
void disableNagle(const TcpStream& connection)
{
    const int yes = 1;
    // Fails only for a connection that is broken already; the first send will tell.
    ::setsockopt(connection.descriptor(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
}

/// One connection's stream on its way, and the account of it.
class ReplaySender
{
public:
    ReplaySender(const TcpStream& peerConnection, const ReplayStream& replayed,
                 std::size_t mostAtOnceBytes) noexcept
        : connection(peerConnection),
          stream(replayed),
          sendBytesMax(mostAtOnceBytes)
    {
    }

    /// Suspends.
    io::Result<void> sendAll(ReplayRate rate)
    {
        const ReplayPace pace(rate, stream, Clock::now());
        io::Result<void> result;
        while (result && sentBytes < stream.sizeBytes())
        {
            // One moment for both: what becomes due during the sends waits for the next wake-up.
            const auto now = Clock::now();
            result = sendUpTo(pace.positionDue(now));
            if (result && sentBytes < stream.sizeBytes())
            {
                result = io::sleepUntil(pace.nextWakeUp(now));
            }
        }
        return result;
    }

    std::uint64_t bytes() const noexcept
    {
        return sentBytes;
    }

    std::uint64_t checksum() const noexcept
    {
        return sentChecksum.value();
    }

private:
    io::Result<void> sendUpTo(std::uint64_t position)
    {
        while (sentBytes < position)
        {
            const auto bytesMax = std::min<std::uint64_t>(position - sentBytes, sendBytesMax);
            const auto piece = stream.at(sentBytes, bytesMax);
            const auto count = connection.send(piece);
            if (!count)
            {
                return std::unexpected(count.error());
            }
            sentChecksum.update(piece.first(*count));
            sentBytes += *count;
        }
        return {};
    }

    const TcpStream& connection;
    const ReplayStream& stream;
    std::size_t sendBytesMax;
    std::uint64_t sentBytes = 0;
    StreamChecksum sentChecksum;
};

/// Says that nothing more comes and waits until the peer closes too. That the kernel has taken the
/// bytes does not mean that the peer has: a reset that comes now tells that it has not.
io::Result<void> awaitPeerClose(const TcpStream& connection)
{
    constexpr std::chrono::seconds SilenceMax{10};
    if (const auto ended = connection.shutdownSend(); !ended)
    {
        return ended;
    }
    const auto deadline = io::after(SilenceMax);
    std::array<std::byte, 512> ignored;
    for (;;)
    {
        const auto received = connection.receive(ignored, deadline);
        if (!received && received.error() != IoError::DeadlineExpired &&
            received.error() != IoError::Stopped)
        {
            return std::unexpected(received.error());
        }
        if (!received || *received == 0)
        {
            return {};
        }
    }
}

ServedEnd endOf(std::error_code error)
{
    if (error == IoError::Stopped)
    {
        return ServedEnd::Stopped;
    }
    // ENOTCONN: the reset came before we ended the stream. ETIMEDOUT: the peer's host is gone.
    const std::array<int, 4> peerIsGone{ECONNRESET, EPIPE, ENOTCONN, ETIMEDOUT};
    const bool gone = error.category() == std::system_category() &&
                      std::ranges::find(peerIsGone, error.value()) != peerIsGone.end();
    return gone ? ServedEnd::PeerReset : ServedEnd::Failed;
}

} // namespace

ServedConnection serveConnection(TcpStream connection, const ReplayStream& stream, ReplayRate rate,
                                 std::size_t sendBytesMax)
{
    ServedConnection account;
    account.local = connection.localAddress().toString();
    account.peer = connection.peerAddress().toString();
    disableNagle(connection);
    ReplaySender sender(connection, stream, sendBytesMax);
    auto served = sender.sendAll(rate);
    account.bytes = sender.bytes();
    account.checksum = sender.checksum();
    if (served)
    {
        served = awaitPeerClose(connection);
    }
    if (!served)
    {
        account.end = endOf(served.error());
        account.error = served.error().message();
    }
    // What close has to tell comes too late to change anything.
    [[maybe_unused]] const auto closed = connection.close();
    return account;
}

} // namespace weft::tools
