#include <weft/sources/contract/source_contract.hpp>

#include "tests/sources/contract/protocol_server.hpp"
#include "tests/sources/stream/tls_peer.hpp"
#include "tests/support/temporary_directory.hpp"

#include <optional>

namespace
{

using namespace weft::test;

/// Made once: keys take their time.
struct Trust
{
    weft::TemporaryDirectory directory;
    TestAuthority authority;
    Identity server = authority.issue();
    std::string authorityFile = directory.write("ca.pem", authority.certificatePem());

    static const Trust& shared()
    {
        static const Trust trust;
        return trust;
    }
};

/// A record of TLS for each record.
struct TlsServer final : ProtocolServer
{
    weft::ParameterTexts parameters(const std::string& host, std::uint16_t port) override
    {
        return {{"host", host},
                {"port", std::to_string(port)},
                {"tls", "true"},
                {"tls_ca", Trust::shared().authorityFile}};
    }

    bool greet() override
    {
        tls.emplace(channel(), Trust::shared().server);
        return tls->handshake();
    }

    bool send(std::string_view record) override
    {
        return write(tls->seal(record));
    }

    bool end() override
    {
        return write(tls->sealEnd()) && ProtocolServer::end();
    }

private:
    std::optional<TlsPeer> tls;
};

} // namespace

WEFT_SOURCE_CONTRACT(tcp, TlsServer)
