#include <weft/reactor/runtime.hpp>
#include <weft/sources/stream/fiber_stream.hpp>

#include "tests/sources/stream/certificates.hpp"
#include "tests/support/runtime.hpp"
#include "tests/support/sockets.hpp"

#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/stream_traits.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <gtest/gtest.h>

#include <string>

using namespace std::chrono_literals;
using namespace weft;
using namespace weft::test;

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;
using SecureStream = asio::ssl::stream<FiberStream>;
using boost::system::error_code;

static_assert(beast::is_sync_stream<FiberStream>::value);
static_assert(beast::is_sync_stream<SecureStream>::value);

namespace
{

/// Both ends of a connection, each for a fiber of its own.
struct Ends
{
    Ends()
    {
        auto pair = tcpPair();
        client = TcpStream(std::move(pair.first));
        server = TcpStream(std::move(pair.second));
    }

    TcpStream client;
    TcpStream server;
};

std::string read(auto& stream)
{
    beast::flat_buffer buffer;
    stream.read(buffer);
    return beast::buffers_to_string(buffer.data());
}

/// Contexts that trust each other's authority.
struct Contexts
{
    Contexts()
    {
        const TestAuthority authority;
        const auto identity = authority.issue();
        server.use_certificate_chain(asio::buffer(identity.certificatePem()));
        server.use_private_key(asio::buffer(identity.keyPem()), asio::ssl::context::pem);
        client.add_certificate_authority(asio::buffer(authority.certificatePem()));
        client.set_verify_mode(asio::ssl::verify_peer);
    }

    asio::ssl::context server{asio::ssl::context::tls_server};
    asio::ssl::context client{asio::ssl::context::tls_client};
};

template <typename Stream>
void serveEcho(websocket::stream<Stream>& stream)
{
    stream.accept();
    for (;;)
    {
        beast::flat_buffer buffer;
        error_code error;
        stream.read(buffer, error);
        if (error)
        {
            EXPECT_EQ(error, websocket::error::closed);
            return;
        }
        stream.write(buffer.data());
    }
}

template <typename Stream>
void askForEchoes(websocket::stream<Stream>& stream)
{
    stream.handshake("localhost", "/");
    // One that fits into a frame of Beast's, and one that fits into no queue of the kernel.
    for (const std::size_t size : {std::size_t{5}, std::size_t{8} << 20})
    {
        const std::string message(size, 'w');
        stream.binary(true);
        stream.write(asio::buffer(message));
        EXPECT_TRUE(read(stream) == message);
    }
    stream.close(websocket::close_code::normal);
}

} // namespace

TEST(FiberStreamTest, webSocketOfBeastRunsOnTwoFibersOfOneReactorWithItsPlainCalls)
{
    Runtime runtime(smallRuntime());
    Ends ends;
    auto server = runtime.spawn(testFiber("server"),
                                [&]
                                {
                                    websocket::stream<FiberStream> stream(std::move(ends.server));
                                    serveEcho(stream);
                                });
    auto client = runtime.spawn(testFiber("client"),
                                [&]
                                {
                                    websocket::stream<FiberStream> stream(std::move(ends.client));
                                    askForEchoes(stream);
                                });
    client.join();
    server.join();
}

TEST(FiberStreamTest, webSocketOverTlsRunsOnTwoFibersOfOneReactorWithItsPlainCalls)
{
    Runtime runtime(smallRuntime());
    Ends ends;
    Contexts contexts;
    auto server = runtime.spawn(testFiber("server"),
                                [&]
                                {
                                    websocket::stream<SecureStream> stream(
                                        FiberStream(std::move(ends.server)), contexts.server);
                                    stream.next_layer().handshake(asio::ssl::stream_base::server);
                                    serveEcho(stream);
                                });
    auto client = runtime.spawn(testFiber("client"),
                                [&]
                                {
                                    websocket::stream<SecureStream> stream(
                                        FiberStream(std::move(ends.client)), contexts.client);
                                    stream.next_layer().handshake(asio::ssl::stream_base::client);
                                    askForEchoes(stream);
                                });
    client.join();
    server.join();
}

TEST(FiberStreamTest, readsAndWritesOfSeveralBuffersAreOneCallEach)
{
    Runtime runtime(smallRuntime());
    Ends ends;
    onFiber(
        runtime,
        [&]
        {
            FiberStream client(std::move(ends.client));
            FiberStream server(std::move(ends.server));
            const std::array parts{asio::const_buffer("ab", 2), asio::const_buffer(),
                                   asio::const_buffer("cdef", 4)};
            EXPECT_EQ(client.write_some(parts), 6U);
            std::string first(4, ' ');
            std::string second(4, ' ');
            EXPECT_EQ(server.read_some(std::array{asio::buffer(first), asio::buffer(second)}), 6U);
            EXPECT_EQ(first, "abcd");
            EXPECT_EQ(second.substr(0, 2), "ef");
            EXPECT_EQ(server.read_some(asio::mutable_buffer()), 0U); // and does not wait
        });
}

TEST(FiberStreamTest, endResetDeadlineAndStopAreToldApart)
{
    Runtime runtime(smallRuntime());
    const auto readOnce = [](FiberStream& stream)
    {
        std::string buffer(16, ' ');
        error_code error;
        EXPECT_EQ(stream.read_some(asio::buffer(buffer), error), 0U);
        return error;
    };
    onFiber(runtime,
            [&]
            {
                Ends ends;
                FiberStream client(std::move(ends.client));
                client.setReadDeadline(io::after(1ms));
                const auto late = readOnce(client);
                EXPECT_EQ(static_cast<std::error_code>(late), IoError::DeadlineExpired);
                EXPECT_TRUE(gaveUp(static_cast<std::error_code>(late)));
                client.setReadDeadline(NoDeadline);
                ends.server = TcpStream();
                EXPECT_EQ(readOnce(client), asio::error::eof);
            });
    onFiber(runtime,
            [&]
            {
                Ends ends;
                FiberStream client(std::move(ends.client));
                const linger atOnce = {.l_onoff = 1, .l_linger = 0};
                ::setsockopt(ends.server.descriptor(), SOL_SOCKET, SO_LINGER, &atOnce,
                             sizeof(atOnce));
                ends.server = TcpStream();
                EXPECT_EQ(readOnce(client), asio::error::connection_reset);
            });
    Ends ends;
    error_code stopped;
    auto fiber = runtime.spawn(testFiber("reader"),
                               [&]
                               {
                                   FiberStream client(std::move(ends.client));
                                   stopped = readOnce(client);
                               });
    awaitState(runtime, "reader", FiberState::Suspended);
    fiber.requestStop();
    fiber.join();
    EXPECT_EQ(static_cast<std::error_code>(stopped), IoError::Stopped);
}
