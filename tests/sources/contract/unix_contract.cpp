#include <weft/sources/contract/file_peer.hpp>
#include <weft/sources/contract/server_peer.hpp>
#include <weft/sources/contract/source_contract.hpp>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include <sys/socket.h>
#include <sys/un.h>

namespace
{

/// Where the sockets are; made before ServerPeer's constructor needs it.
struct SocketPlace
{
    weft::contract::PeerDirectory directory;

    weft::OwnedDescriptor listen(int type) const
    {
        weft::OwnedDescriptor socket(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
        sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
        std::ranges::copy(directory.file("socket"), address.sun_path);
        if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) !=
                0 ||
            ::listen(socket.get(), 16) != 0)
        {
            throw std::system_error(errno, std::system_category(), "listen");
        }
        return socket;
    }
};

struct StreamServer : private SocketPlace, public weft::contract::ServerPeer
{
    StreamServer() : ServerPeer(listen(SOCK_STREAM))
    {
    }

    weft::ParameterTexts configuration() override
    {
        return {{"path", directory.file("socket")}};
    }

    std::optional<weft::ParameterTexts> unreachable() override
    {
        return weft::ParameterTexts{{"path", directory.file("missing")}};
    }
};

struct PacketServer final : private SocketPlace, public weft::contract::ServerPeer
{
    PacketServer() : ServerPeer(listen(SOCK_SEQPACKET))
    {
    }

    weft::ParameterTexts configuration() override
    {
        return {
            {"path", directory.file("socket")}, {"socket", "seqpacket"}, {"framing", "newline"}};
    }

    bool send(std::string_view record) override
    {
        return write(record); // one packet
    }

    std::string delivered(std::string_view record) const override
    {
        return std::string(record) + '\n';
    }
};

} // namespace

WEFT_SOURCE_CONTRACT(unix, StreamServer)
WEFT_SOURCE_CONTRACT(unix, PacketServer)
