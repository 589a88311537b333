#pragma once

#include <weft/sources/stream/client_stream.hpp>
#include <weft/sources/stream/fiber_stream.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

namespace weft
{

/// The layer between a connection and Beast's WebSocket, so that Beast never asks for what has not
/// arrived. A read of Beast's that fails in the middle of a frame has failed the stream for good,
/// and a deadline is no failure here: so the waiting is done below Beast, by await(), until there
/// is something with which `websocket::stream::read_some` returns. That takes the headers of
/// frames, and no more of the protocol:
///   1. Of a frame of data Beast is given the header only together with its first byte, then each
///      byte that has arrived.
///   2. A ping or a pong never gets to Beast, which would wait for the next frame after it. Pings
///      are for the owner to answer. Nor does an empty frame that only goes on with a message.
///   3. The frame that closes gets there whole, a frame that is not as it should be as far as Beast
///      looks at it before it refuses it.
/// Before the first frame, and when closing, bytes go through as they come.
class FrameGate
{
public:
    using executor_type = FiberStream::executor_type;
    static constexpr std::size_t PingBytesMax = 125;
    /// A few times round the earth; a server that is there answers at once.
    static constexpr std::chrono::seconds GoodByeTakesMost{1};

    explicit FrameGate(ClientStream connected);

    executor_type get_executor() const noexcept
    {
        return detail::neverRunContext().get_executor();
    }

    /// Until beginFrames() and from endFrames() on, for each read.
    void setReadDeadline(Deadline deadline) noexcept
    {
        readDeadline = deadline;
    }

    /// For each write.
    void setWriteDeadline(Deadline deadline) noexcept
    {
        writeDeadline = deadline;
        writesWhole = false;
    }

    /// For each write of a frame that controls. A stop does not refuse it, but gives it until
    /// goodByeDeadline() at most.
    void setControlDeadline(Deadline deadline) noexcept
    {
        writeDeadline = deadline;
        writesWhole = true;
    }

    /// GoodByeTakesMost after it was first asked for: when a stop, or the owner, began to close.
    Deadline goodByeDeadline() noexcept;

    /// The handshake is over: what comes now are frames.
    void beginFrames() noexcept
    {
        mode = Mode::Frames;
    }

    /// Nobody waits for messages any more.
    void endFrames() noexcept
    {
        mode = Mode::Raw;
    }

    /// Drops what comes, until the connection ends or the deadline for reads has passed. When
    /// frames have ended. Suspends.
    void drain();

    /// Returns at once when there is something for a read, or a ping to be answered, else when more
    /// has arrived, which may be neither: the end of the connection, a part of a header, the answer
    /// to a ping. The error is one of giving up, with nothing lost. Throws SourceError. Suspends.
    io::Result<void> await(Deadline deadline);

    /// Whether there is something for a read, the end of the connection included.
    bool isReadable() const noexcept
    {
        return ripe > begin || ended || heldAbove > 0;
    }

    /// Beast has given out so much of what it has read.
    void delivered(std::size_t payloadBytes) noexcept
    {
        heldAbove -= payloadBytes;
    }

    bool hasPing() const noexcept
    {
        return pingWaits;
    }

    /// What the last ping has said, for the answer; earlier ones need none (RFC 6455, 5.5.3). Valid
    /// until the next call of a member.
    std::string_view takePing() noexcept;

    /// When the last byte was received.
    Clock::time_point lastHeard() const noexcept
    {
        return heard;
    }

    ClientStream& connection() noexcept
    {
        return stream;
    }

    /// As Boost.Asio's SyncReadStream has it. Suspends only where bytes go through as they come.
    template <typename MutableBuffers>
    std::size_t read_some(const MutableBuffers& buffers, boost::system::error_code& error)
    {
        error = {};
        const auto ready = takeReady(boost::asio::buffer_size(buffers), error);
        return boost::asio::buffer_copy(buffers,
                                        boost::asio::const_buffer(ready.data(), ready.size()));
    }

    template <typename MutableBuffers>
    std::size_t read_some(const MutableBuffers& buffers)
    {
        boost::system::error_code error;
        const auto sizeBytes = read_some(buffers, error);
        if (error)
        {
            throw boost::system::system_error(error);
        }
        return sizeBytes;
    }

    /// As Boost.Asio's SyncWriteStream has it: the first buffer that is not empty, all of it.
    /// Suspends.
    template <typename ConstBuffers>
    std::size_t write_some(const ConstBuffers& buffers, boost::system::error_code& error)
    {
        error = {};
        const detail::BufferVector vector(buffers);
        if (vector.get().empty())
        {
            return 0;
        }
        const auto& first = vector.get().front();
        return write({static_cast<const std::byte*>(first.iov_base), first.iov_len}, error);
    }

    template <typename ConstBuffers>
    std::size_t write_some(const ConstBuffers& buffers)
    {
        boost::system::error_code error;
        const auto sizeBytes = write_some(buffers, error);
        if (error)
        {
            throw boost::system::system_error(error);
        }
        return sizeBytes;
    }

private:
    /// Room for many small messages, and for a record of TLS.
    static constexpr std::size_t StageBytes = 16 << 10;

    enum class Mode : std::uint8_t
    {
        Handshake,
        Frames,
        Raw,
    };

    struct Header;

    std::span<const std::byte> takeReady(std::size_t sizeMax, boost::system::error_code& error);
    std::size_t untilEndOfFrame(std::span<const std::byte> bytes) noexcept;
    std::size_t untilEndOfHeaders(std::span<const std::byte> bytes) noexcept;
    boost::system::error_code receiveUnawaited();
    std::size_t write(std::span<const std::byte> bytes, boost::system::error_code& error);
    void sendWhole(std::span<const std::byte> bytes);
    io::Result<void> receive(Deadline deadline);
    void scan() noexcept;
    bool scanFrame() noexcept;
    bool scanControlFrame(const Header& header) noexcept;
    void remove(std::size_t sizeBytes) noexcept;

    ClientStream stream;
    Deadline readDeadline = NoDeadline;
    Deadline writeDeadline = NoDeadline;
    bool writesWhole = false;
    std::optional<Deadline> goodByeBy;
    Mode mode = Mode::Handshake;
    std::size_t endMatched = 0; // of what ends the headers of the handshake
    bool ended = false;         // the connection
    Clock::time_point heard = Clock::now();

    // What has arrived: [begin, ripe) may be read, [begin, scanned) has been looked at.
    std::unique_ptr<std::byte[]> stage;
    std::size_t begin = 0;
    std::size_t ripe = 0;
    std::size_t scanned = 0;
    std::size_t end = 0;

    std::uint64_t payloadLeft = 0; // of the frame at `scanned`
    bool inMessage = false;        // of several frames
    std::uint64_t frameLeft = 0;   // at `begin`
    std::uint64_t headerLeft = 0;  // of it
    std::uint64_t heldAbove = 0;   // payload that Beast has read and not given out
    bool pingWaits = false;
    std::size_t pingBytes = 0;
    std::array<char, PingBytesMax> ping;
};

/// Beast ends with this what is below a WebSocket; here the source closes it.
inline void teardown(boost::beast::role_type, FrameGate&, boost::system::error_code& error)
{
    error = {};
}

} // namespace weft
