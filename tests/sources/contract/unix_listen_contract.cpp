#include <weft/sources/contract/client_peer.hpp>
#include <weft/sources/contract/file_peer.hpp>
#include <weft/sources/contract/source_contract.hpp>

#include <fstream>

#include <sys/socket.h>

namespace
{

/// Where the source listens; made before ClientPeer's constructor needs it, and shared by the
/// clients of one source.
struct ListeningPlace
{
    std::shared_ptr<weft::contract::PeerDirectory> directory =
        std::make_shared<weft::contract::PeerDirectory>();

    std::string path() const
    {
        return directory->file("socket");
    }
};

class StreamClient final : private ListeningPlace, public weft::contract::ClientPeer
{
public:
    StreamClient() : StreamClient(ListeningPlace())
    {
    }

    explicit StreamClient(const ListeningPlace& place)
        : ListeningPlace(place),
          ClientPeer(*weft::SocketAddress::parseUnix(path()), SOCK_STREAM)
    {
    }

    std::unique_ptr<ClientPeer> another() const override
    {
        return std::make_unique<StreamClient>(static_cast<const ListeningPlace&>(*this));
    }

    weft::ParameterTexts configuration() override
    {
        return {{"path", path()}};
    }

    std::optional<weft::ParameterTexts> unreachable() override
    {
        const auto occupied = directory->file("occupied");
        std::ofstream(occupied) << "no socket";
        return weft::ParameterTexts{{"path", occupied}};
    }
};

class PacketClient final : private ListeningPlace, public weft::contract::ClientPeer
{
public:
    PacketClient() : PacketClient(ListeningPlace())
    {
    }

    explicit PacketClient(const ListeningPlace& place)
        : ListeningPlace(place),
          ClientPeer(*weft::SocketAddress::parseUnix(path()), SOCK_SEQPACKET)
    {
    }

    std::unique_ptr<ClientPeer> another() const override
    {
        return std::make_unique<PacketClient>(static_cast<const ListeningPlace&>(*this));
    }

    weft::ParameterTexts configuration() override
    {
        return {{"path", path()}, {"socket", "seqpacket"}, {"framing", "newline"}};
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

WEFT_SOURCE_CONTRACT(unix_listen, StreamClient)
WEFT_SOURCE_CONTRACT(unix_listen, PacketClient)
