/// \file
/// Sources that listen and break the contract; see broken_sources.cpp.

#include <weft/reactor/tcp.hpp>
#include <weft/sources/contract/source_contract.hpp>
#include <weft/sources/contract/tcp_peer.hpp>
#include <weft/sources/fill_from_stream.hpp>
#include <weft/sources/listening_source.hpp>
#include <weft/sources/source_error.hpp>
#include <weft/sources/source_registry.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <unistd.h>

using namespace weft;

namespace
{

struct Peer final : contract::TcpClientPeer
{
    ParameterTexts parameters(const std::string& /*host*/, std::uint16_t port) override
    {
        return {{"port", std::to_string(port)}};
    }

    std::unique_ptr<ClientPeer> another() const override
    {
        return std::make_unique<Peer>(*this);
    }
};

/// What a connection is like that keeps the contract.
class SoundConnection : public Source
{
public:
    explicit SoundConnection(const TcpListener& ownListener) : listener(ownListener)
    {
    }

    void open() override
    {
        auto accepted = listener.accept();
        if (!accepted)
        {
            throw SourceError(accepted.error(), "accept");
        }
        stream = std::move(*accepted);
    }

    FillStatus fillBuffer(Fill& fill) override
    {
        const auto status = fillFromStream(fill, stream);
        if (!status)
        {
            throw SourceError(status.error(), "receive");
        }
        return *status;
    }

    void close() override
    {
        stream = {};
    }

protected:
    const TcpListener& listener;
    TcpStream stream;
};

/// Its connections are what is broken.
template <typename Connection>
class Listens final : public ListeningSource
{
public:
    static constexpr const char* TypeHelp = "bytes that TCP clients send";

    static std::vector<ParameterDefinition> parameters()
    {
        auto definitions = ConnectionLimits::parameters();
        definitions.push_back({.name = "port", .type = ParameterType::Integer, .help = "port"});
        return definitions;
    }

    explicit Listens(const SourceDescriptor& descriptor)
        : port(static_cast<std::uint16_t>(descriptor.integer("port"))),
          connectionLimits(ConnectionLimits::from(descriptor))
    {
    }

    void open() override
    {
        auto listening = TcpListener::listen(*SocketAddress::parse("127.0.0.1", port));
        if (!listening)
        {
            throw SourceError(listening.error(), "listen");
        }
        listener = std::move(*listening);
    }

    void close() override
    {
        listener = {};
    }

    std::unique_ptr<Source> nextConnection() override
    {
        return std::make_unique<Connection>(listener);
    }

    ConnectionLimits limits() const noexcept override
    {
        return connectionLimits;
    }

private:
    std::uint16_t port;
    ConnectionLimits connectionLimits;
    TcpListener listener;
};

struct ForgetsStopInAccept final : SoundConnection
{
    using SoundConnection::SoundConnection;

    void open() override
    {
        while (!stream.isOpen())
        {
            if (auto accepted = listener.accept())
            {
                stream = std::move(*accepted);
            }
        }
    }
};

struct EndsOnReset final : SoundConnection
{
    using SoundConnection::SoundConnection;

    FillStatus fillBuffer(Fill& fill) override
    {
        return fillFromStream(fill, stream).value_or(FillStatus::EndOfStream);
    }
};

struct LeavesItsConnectionOpen final : SoundConnection
{
    using SoundConnection::SoundConnection;

    void close() override
    {
        [[maybe_unused]] const int left = ::dup(stream.descriptor());
        SoundConnection::close();
    }
};

using SoundListener = Listens<SoundConnection>;
using StubbornListener = Listens<ForgetsStopInAccept>;
using TrustingListener = Listens<EndsOnReset>;
using LeakingListener = Listens<LeavesItsConnectionOpen>;

} // namespace

#define WEFT_TRY(type, Class)                                                                      \
    WEFT_REGISTER_SOURCE(type, Class)                                                              \
    WEFT_SOURCE_CONTRACT(type, Peer)

WEFT_TRY(sound_listener, SoundListener)
WEFT_TRY(forgets_stop_in_accept, StubbornListener)
WEFT_TRY(takes_reset_for_an_end, TrustingListener)
WEFT_TRY(leaves_connections_open, LeakingListener)
