#pragma once

#include <weft/reactor/udp.hpp>
#include <weft/sources/source.hpp>
#include <weft/sources/source_descriptor.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace weft
{

/// Receives UDP datagrams, each of which is a record: whole in one buffer, unless it is larger than
/// a whole buffer, which then continues in the next ones. Silence is no end: there is none.
class UdpSource final : public Source
{
public:
    static constexpr const char* TypeHelp = "UDP datagrams, of a multicast group too";
    static std::vector<ParameterDefinition> parameters();

    explicit UdpSource(const SourceDescriptor& descriptor);

    void open() override;
    FillStatus fillBuffer(Fill& fill) override;
    void close() override;

    /// Datagrams that came while the socket's buffer was full; and one that a stop left without a
    /// buffer.
    std::uint64_t messagesLost() const noexcept override
    {
        return lostBefore + socket.datagramsLost();
    }

    /// "0.0.0.0:9000, receive buffer 416.0 KiB"
    std::string describe() const override;

private:
    enum class Framing : std::uint8_t
    {
        None,
        Newline,
        Length,
    };

    static Framing framingOf(const SourceDescriptor& descriptor);
    io::Result<void> receive(Fill& fill);
    bool movePending(Fill& fill) noexcept;
    std::size_t headBytes() const noexcept;
    std::size_t tailBytes() const noexcept;
    void frame(std::byte* record, std::size_t datagramBytes) const noexcept;

    SocketAddress address;
    std::optional<SocketAddress> group;
    std::optional<SocketAddress> sender;
    std::string interface;
    Framing framing;
    UdpSocket::Options options;

    UdpSocket socket;
    std::uint64_t lostBefore = 0; // by earlier sockets
    bool queued = false;          // more may have come already
    /// For a record that the buffer has no room for, and what is left of it.
    std::unique_ptr<std::byte[]> spill;
    std::span<const std::byte> pending;
};

} // namespace weft
