#include <weft/fibers/this_fiber.hpp>
#include <weft/memory/assert.hpp>
#include <weft/sources/source_error.hpp>
#include <weft/sources/websocket/frame_gate.hpp>

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>

namespace weft
{

namespace
{

constexpr std::uint8_t Continuation = 0;
constexpr std::uint8_t Binary = 2;
constexpr std::uint8_t Close = 8;
constexpr std::uint8_t Ping = 9;
constexpr std::uint8_t Pong = 10;

std::uint64_t bigEndian(std::span<const std::byte> bytes) noexcept
{
    std::uint64_t value = 0;
    for (const auto byte : bytes)
    {
        value = value << 8 | std::to_integer<std::uint64_t>(byte);
    }
    return value;
}

} // namespace

/// RFC 6455, 5.2.
struct FrameGate::Header
{
    std::uint8_t opcode;
    bool isFinal;
    bool isRefused; // by Beast, for what the header says
    std::size_t sizeBytes;
    std::uint64_t payloadBytes;

    bool isControl() const noexcept
    {
        return opcode >= Close;
    }

    /// Nothing while it is not complete.
    static std::optional<Header> parse(std::span<const std::byte> bytes) noexcept
    {
        constexpr std::size_t Least = 2;
        if (bytes.size() < Least)
        {
            return std::nullopt;
        }
        const auto first = std::to_integer<std::uint8_t>(bytes[0]);
        const auto second = std::to_integer<std::uint8_t>(bytes[1]);
        const bool isMasked = (second & 0x80) != 0;
        const std::uint8_t length = second & 0x7f;
        const std::size_t lengthBytes = length == 126 ? 2 : length == 127 ? 8 : 0;
        const std::size_t maskBytes = isMasked ? 4 : 0;
        const auto sizeBytes = Least + lengthBytes + maskBytes;
        if (bytes.size() < sizeBytes)
        {
            return std::nullopt;
        }
        Header header{.opcode = static_cast<std::uint8_t>(first & 0x0f),
                      .isFinal = (first & 0x80) != 0,
                      .isRefused = isMasked || (first & 0x70) != 0,
                      .sizeBytes = sizeBytes,
                      .payloadBytes = length};
        if (lengthBytes > 0)
        {
            // The highest bit must not be set: more is as good as that.
            constexpr std::uint64_t Most = std::numeric_limits<std::int64_t>::max();
            header.payloadBytes = std::min(bigEndian(bytes.subspan(Least, lengthBytes)), Most);
        }
        const bool isLongControl = header.payloadBytes > PingBytesMax || !header.isFinal;
        header.isRefused |= header.isControl() && isLongControl;
        const bool isReserved =
            header.opcode > Pong || (header.opcode > Binary && !header.isControl());
        header.isRefused |= isReserved;
        return header;
    }
};

FrameGate::FrameGate(ClientStream connected)
    : stream(std::move(connected)),
      stage(std::make_unique<std::byte[]>(StageBytes))
{
}

io::Result<void> FrameGate::await(Deadline deadline)
{
    WEFT_ASSERT(mode == Mode::Frames);
    scan();
    if (isReadable() || pingWaits)
    {
        return {};
    }
    auto received = receive(deadline);
    scan();
    return received;
}

std::string_view FrameGate::takePing() noexcept
{
    pingWaits = false;
    return {ping.data(), pingBytes};
}

/// More into the stage, or the end of the connection.
io::Result<void> FrameGate::receive(Deadline deadline)
{
    if (begin > 0)
    {
        std::memmove(stage.get(), stage.get() + begin, end - begin);
        ripe -= begin;
        scanned -= begin;
        end -= std::exchange(begin, 0);
    }
    WEFT_ASSERT(end < StageBytes);
    const auto received = stream.receive({stage.get() + end, StageBytes - end}, deadline);
    if (!received)
    {
        return std::unexpected(received.error());
    }
    ended = *received == 0;
    end += *received;
    heard = Clock::now();
    return {};
}

void FrameGate::scan() noexcept
{
    for (;;)
    {
        const auto arrived = std::min<std::uint64_t>(payloadLeft, end - scanned);
        if (arrived > 0)
        {
            payloadLeft -= arrived;
            scanned += arrived;
            ripe = scanned;
        }
        if (payloadLeft > 0 || !scanFrame())
        {
            return;
        }
    }
}

/// The header of a frame, or all of a frame that controls. False when not enough has arrived.
bool FrameGate::scanFrame() noexcept
{
    const auto header = Header::parse({stage.get() + scanned, end - scanned});
    if (!header)
    {
        return false;
    }
    // What goes on with a message has to come within one, and nothing else may.
    const bool goesOn = header->opcode == Continuation;
    const bool isMisplaced = !header->isControl() && goesOn != inMessage;
    if (header->isRefused || isMisplaced)
    {
        ripe = scanned + header->sizeBytes;
        return false;
    }
    if (header->isControl())
    {
        return scanControlFrame(*header);
    }
    const bool isEmpty = header->payloadBytes == 0;
    if (isEmpty && !header->isFinal && goesOn)
    {
        remove(header->sizeBytes);
        return true;
    }
    inMessage = !header->isFinal;
    scanned += header->sizeBytes;
    payloadLeft = header->payloadBytes;
    if (isEmpty && header->isFinal)
    {
        ripe = scanned;
    }
    return true;
}

bool FrameGate::scanControlFrame(const Header& header) noexcept
{
    const auto sizeBytes = header.sizeBytes + header.payloadBytes;
    if (end - scanned < sizeBytes)
    {
        return false;
    }
    if (header.opcode == Close)
    {
        scanned += sizeBytes;
        ripe = scanned;
        return true;
    }
    if (header.opcode == Ping)
    {
        pingBytes = header.payloadBytes;
        std::memcpy(ping.data(), stage.get() + scanned + header.sizeBytes, pingBytes);
        pingWaits = true;
    }
    remove(sizeBytes);
    return true;
}

/// What has not been scanned yet, from its beginning on.
void FrameGate::remove(std::size_t sizeBytes) noexcept
{
    auto* const at = stage.get() + scanned;
    std::memmove(at, at + sizeBytes, end - scanned - sizeBytes);
    end -= sizeBytes;
}

std::span<const std::byte> FrameGate::takeReady(std::size_t sizeMax,
                                                boost::system::error_code& error)
{
    if (mode != Mode::Frames && begin == end && !ended)
    {
        error = receiveUnawaited();
        if (error)
        {
            return {};
        }
    }
    const auto ready = std::min(mode == Mode::Frames ? ripe - begin : end - begin, sizeMax);
    if (ready == 0 && sizeMax > 0)
    {
        // Without an end: await() was not asked, or was wrong.
        WEFT_ASSERT(ended);
        error = boost::asio::error::eof;
        return {};
    }
    const std::span all(stage.get() + begin, ready);
    const auto taken = mode == Mode::Frames      ? all.first(untilEndOfFrame(all))
                       : mode == Mode::Handshake ? all.first(untilEndOfHeaders(all))
                                                 : all;
    begin += taken.size();
    ripe = std::max(ripe, begin);
    scanned = std::max(scanned, begin);
    return taken;
}

boost::system::error_code FrameGate::receiveUnawaited()
{
    try
    {
        const auto received = receive(readDeadline);
        return received ? boost::system::error_code() : toBoost(received.error());
    }
    catch (const SourceError& failure)
    {
        return toBoost(failure.code());
    }
}

void FrameGate::drain()
{
    do
    {
        begin = end;
        ripe = end;
        scanned = end;
    } while (!ended && !receiveUnawaited());
}

/// Beast keeps what it has read beyond the headers of the handshake: so it is given nothing beyond
/// them but the body of an answer that declines.
std::size_t FrameGate::untilEndOfHeaders(std::span<const std::byte> bytes) noexcept
{
    constexpr std::string_view End = "\r\n\r\n";
    std::size_t count = 0;
    while (count < bytes.size())
    {
        const auto next = static_cast<char>(bytes[count++]);
        const bool goesOn = endMatched < End.size() && next == End[endMatched];
        endMatched = goesOn ? endMatched + 1 : next == End.front() ? 1 : 0;
        if (endMatched == End.size())
        {
            break;
        }
    }
    return count;
}

/// Beast keeps what it has no room for, and does not tell: with one frame at a time that is
/// payload, which can be counted.
std::size_t FrameGate::untilEndOfFrame(std::span<const std::byte> bytes) noexcept
{
    if (bytes.empty())
    {
        return 0;
    }
    if (frameLeft == 0)
    {
        const auto header = Header::parse({stage.get() + begin, ripe - begin});
        WEFT_ASSERT(header);
        headerLeft = header->sizeBytes;
        frameLeft = header->sizeBytes + header->payloadBytes;
    }
    const auto count = std::min<std::uint64_t>(bytes.size(), frameLeft);
    const auto ofHeader = std::min<std::uint64_t>(count, headerLeft);
    headerLeft -= ofHeader;
    frameLeft -= count;
    heldAbove += count - ofHeader;
    return count;
}

Deadline FrameGate::goodByeDeadline() noexcept
{
    if (!goodByeBy)
    {
        goodByeBy = io::after(GoodByeTakesMost);
    }
    return *goodByeBy;
}

/// A frame that a stop keeps from being sent, or cuts, fails Beast's stream, and the server could
/// not be told any more why the connection ends. So a stop only cuts short the wait for room; where
/// there is room, a few bytes are sent at once.
void FrameGate::sendWhole(std::span<const std::byte> bytes)
{
    const auto room = stream.awaitRoom(writeDeadline);
    const bool stopped = !room && room.error() == IoError::Stopped;
    const StopShield shield;
    stream.sendAll(bytes, stopped ? std::min(writeDeadline, goodByeDeadline()) : writeDeadline);
}

std::size_t FrameGate::write(std::span<const std::byte> bytes, boost::system::error_code& error)
{
    try
    {
        if (writesWhole)
        {
            sendWhole(bytes);
        }
        else
        {
            stream.sendAll(bytes, writeDeadline);
        }
        return bytes.size();
    }
    catch (const SourceError& failure)
    {
        error = toBoost(failure.code());
        return 0;
    }
}

} // namespace weft
