#include "handshake.hpp"

#include <weft/reactor/io.hpp>
#include <weft/sources/quantity.hpp>

#include "wire.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <system_error>

namespace weft::mesh
{

namespace
{

/// Fills the buffer; an end of the stream before that is a reset. Suspends.
io::Result<void> receiveAll(const TcpStream& stream, std::span<std::byte> buffer, Deadline deadline)
{
    while (!buffer.empty())
    {
        const auto received = stream.receive(buffer, deadline);
        if (!received)
        {
            return std::unexpected(received.error());
        }
        if (*received == 0)
        {
            return std::unexpected(errnoError(ECONNRESET));
        }
        buffer = buffer.subspan(*received);
    }
    return {};
}

/// Says `ours` and waits until as much has come back. Suspends.
io::Result<void> exchange(const TcpStream& stream, std::span<const std::byte> ours,
                          std::span<std::byte> theirs, Deadline deadline)
{
    if (const auto sent = stream.sendAll(ours, deadline); !sent)
    {
        return sent;
    }
    return receiveAll(stream, theirs, deadline);
}

std::unexpected<std::string> failed(const std::string& why)
{
    return std::unexpected("handshake: " + why);
}

std::unexpected<std::string> failed(std::error_code error, std::chrono::nanoseconds timeMax)
{
    return failed(error == IoError::DeadlineExpired
                      ? fmt::format("not done within {}", formatDuration(timeMax))
                      : error.message());
}

} // namespace

std::array<std::byte, Hello::SizeBytes> encode(const Hello& hello) noexcept
{
    std::array<std::byte, Hello::SizeBytes> bytes{};
    WireWriter writer(bytes);
    writer.put(Hello::Magic);
    writer.put(hello.version);
    writer.put(hello.clusterSize);
    writer.put(hello.id);
    writer.put(hello.incarnation);
    return bytes;
}

std::expected<Hello, std::string> decodeHello(std::span<const std::byte, Hello::SizeBytes> bytes)
{
    WireReader reader(bytes);
    if (reader.take<std::uint64_t>() != Hello::Magic)
    {
        return std::unexpected("what it says is not of this protocol");
    }
    Hello hello;
    hello.version = reader.take<std::uint16_t>();
    hello.clusterSize = reader.take<std::uint16_t>();
    hello.id = reader.take<PeerId>();
    hello.incarnation = reader.take<std::uint64_t>();
    return hello;
}

std::expected<void, std::string> check(const Hello& theirs, const Hello& ours, AllowedIds allowed)
{
    if (theirs.version != ours.version)
    {
        return std::unexpected(fmt::format("it speaks version {} of the protocol, we version {}",
                                           theirs.version, ours.version));
    }
    if (theirs.clusterSize != ours.clusterSize)
    {
        return std::unexpected(fmt::format("it is of a mesh of {} nodes, we of one of {}",
                                           theirs.clusterSize, ours.clusterSize));
    }
    if (theirs.id < allowed.least || theirs.id >= allowed.end)
    {
        return std::unexpected(
            fmt::format("it is node {}, which does not belong there", theirs.id));
    }
    return {};
}

std::expected<Hello, std::string> shakeHands(const TcpStream& stream, const Hello& ours,
                                             AllowedIds allowed, std::chrono::nanoseconds timeMax)
{
    const auto deadline = io::after(timeMax);
    std::array<std::byte, Hello::SizeBytes> greeting{};
    if (const auto greeted = exchange(stream, encode(ours), greeting, deadline); !greeted)
    {
        return failed(greeted.error(), timeMax);
    }
    auto theirs = decodeHello(greeting);
    if (!theirs)
    {
        return failed(theirs.error());
    }
    if (const auto fits = check(*theirs, ours, allowed); !fits)
    {
        return failed(fits.error());
    }
    const std::array<std::byte, 1> ready{Ready};
    std::array<std::byte, 1> answer{};
    if (const auto agreed = exchange(stream, ready, answer, deadline); !agreed)
    {
        return failed(agreed.error(), timeMax);
    }
    if (answer != ready)
    {
        return failed("it did not say that it is ready");
    }
    return theirs;
}

} // namespace weft::mesh
