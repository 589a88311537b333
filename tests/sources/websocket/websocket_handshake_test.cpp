#include "tests/sources/stream/tls_peer.hpp"
#include "tests/sources/websocket/websocket_source_test.hpp"
#include "tests/support/temporary_directory.hpp"

#include <semaphore>
#include <string>
#include <string_view>
#include <vector>

using namespace std::chrono_literals;
using namespace weft;
using namespace weft::test;

namespace
{

/// Until the WebSocket is open.
class WebSocketHandshakeTest : public WebSocketSourceTest
{
};

} // namespace

WEFT_INSTANTIATE_OVER_RUNNERS(WebSocketHandshakeTest);

TEST_P(WebSocketHandshakeTest, requestNamesHostTargetHeadersAndSubprotocolsAndTheMessageIsSent)
{
    std::string request;
    ClientFrame greeting;
    ScriptedServer server(
        [&](TcpStream& stream)
        {
            WebSocketPeer peer(stream);
            request = peer.accept("Sec-WebSocket-Protocol: v1\r\n");
            greeting = peer.receive();
            peer.send(closeFrame(1000));
            peer.awaitClose();
        });
    auto source = connectTo(server.port(), {{"subprotocols", "v2, v1"},
                                            {"headers", "Authorization: Bearer x:y\nX-Empty:\n"},
                                            {"send", R"({"subscribe": "all"})"}});
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForLast();
    EXPECT_TRUE(log.ended());
    for (const std::string& line :
         {std::string("GET /feed?topic=a HTTP/1.1\r\n"),
          "Host: 127.0.0.1:" + std::to_string(server.port()) + "\r\n",
          std::string("Sec-WebSocket-Protocol: v2, v1\r\n"),
          std::string("Authorization: Bearer x:y\r\n"), std::string("X-Empty: \r\n")})
    {
        EXPECT_NE(request.find(line), std::string::npos) << request;
    }
    EXPECT_EQ(request.find("Sec-WebSocket-Extensions"), std::string::npos);
    EXPECT_EQ(greeting, (ClientFrame{opcode::Text, R"({"subscribe": "all"})"}));
    EXPECT_TRUE(source.statistics().endpoint.ends_with(", v1"));
}

TEST_P(WebSocketHandshakeTest, headersOfOneNameAreAllSentAndTheUsersAgentReplacesTheSources)
{
    std::string request;
    ScriptedServer server(
        [&](TcpStream& stream)
        {
            WebSocketPeer peer(stream);
            request = peer.accept();
            peer.send(closeFrame(1000));
            peer.awaitClose();
        });
    auto source =
        connectTo(server.port(), {{"headers", "user-agent: mine\nCookie: a=1\nCookie: b=2"}});
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForLast();
    EXPECT_TRUE(log.ended());
    for (const std::string line : {"user-agent: mine\r\n", "Cookie: a=1\r\n", "Cookie: b=2\r\n"})
    {
        EXPECT_NE(request.find(line), std::string::npos) << request;
    }
    EXPECT_EQ(request.find("User-Agent"), std::string::npos) << request;
}

TEST_P(WebSocketHandshakeTest, subprotocolThatTheServerMustChooseIsMissed)
{
    run([](WebSocketPeer&) {}, {{"subprotocols", "v2, v1"}});
    expectFailure("the server chose no subprotocol; offered: v2, v1", false);
}

TEST_P(WebSocketHandshakeTest, serverThatDeclinesIsAnErrorWithItsAnswer)
{
    const std::vector<std::tuple<std::string, std::string, bool>> cases{
        {"HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nnope\n", "answered 404 Not Found",
         false},
        {"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
         "answered 503 Service Unavailable", true},
        {"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n",
         "answered 429 Too Many Requests", true},
        {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "answered 200 OK", false},
        {"", "closed the connection without an answer", true},
        {"\x15\x03\x01 no HTTP at all\r\n\r\n", "open ws://127.0.0.1", false},
    };
    for (const auto& [answer, text, transient] : cases)
    {
        EventLog own;
        ScriptedServer server(
            [&](TcpStream& stream)
            {
                WebSocketPeer(stream).decline(answer);
            });
        auto source = connectTo(server.port());
        ASSERT_TRUE(source.start(own.emit()));
        own.waitForLast();
        const auto failure = own.failure().value();
        EXPECT_NE(failure.message.find(text), std::string::npos) << failure.message;
        EXPECT_EQ(isTransient(failure.code), transient) << failure.message;
        // That would say that this machine is short of something.
        EXPECT_NE(failure.code, std::errc::resource_unavailable_try_again);
    }
}

TEST_P(WebSocketHandshakeTest, silentServerIsGivenUpAfterTheConnectTimeout)
{
    ScriptedServer server(awaitPeerClose);
    auto source = connectTo(server.port(), {{"connect_timeout", "20ms"}});
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForLast();
    EXPECT_EQ(log.failure().value().code, IoError::DeadlineExpired);
    expectFailure("/feed?topic=a: it takes longer than connect_timeout, which is 20ms", true);
}

TEST_P(WebSocketHandshakeTest, stopInTheHandshakeEndsAtOnce)
{
    std::binary_semaphore connected(0);
    ScriptedServer server(
        [&](TcpStream& stream)
        {
            connected.release();
            awaitPeerClose(stream);
        });
    auto source = connectTo(server.port(), {{"connect_timeout", "1h"}});
    ASSERT_TRUE(source.start(log.emit()));
    connected.acquire();
    EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
    EXPECT_EQ(log.lastEventCount(), 0);
}

TEST_P(WebSocketHandshakeTest, overTlsItIsTheSame)
{
    const TemporaryDirectory directory;
    const TestAuthority authority;
    const auto identity = authority.issue();
    ScriptedServer server(
        [&](TcpStream& stream)
        {
            TlsPeer tls(stream, identity);
            ASSERT_TRUE(tls.handshake());
            WebSocketPeer peer(tls);
            peer.accept({}, frame(opcode::Text, "first|"));
            // A record ends in mid-frame, and the next one is cut.
            const auto bytes = frame(opcode::Text, std::string(50'000, 's'));
            peer.send(bytes.substr(0, 20'000));
            const auto record = tls.seal(bytes.substr(20'000) + closeFrame(1000));
            sendText(stream, std::string_view(record).substr(0, 5));
            sendText(stream, std::string_view(record).substr(5));
            peer.awaitClose();
        });
    const auto url = "wss://127.0.0.1:" + std::to_string(server.port());
    auto source =
        connectTo(server.port(), {{"url", url},
                                  {"tls_ca", directory.write("ca.pem", authority.certificatePem())},
                                  {"flush_interval", "1us"}});
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForLast();
    EXPECT_TRUE(log.ended());
    EXPECT_TRUE(log.received() == "first|" + std::string(50'000, 's'));
}

TEST_P(WebSocketHandshakeTest, certificateOfAnUnknownAuthorityIsRefused)
{
    const auto identity = TestAuthority("another authority").issue();
    ScriptedServer server(
        [&](TcpStream& stream)
        {
            TlsPeer(stream, identity).handshake();
        });
    auto source =
        connectTo(server.port(), {{"url", "wss://127.0.0.1:" + std::to_string(server.port())}});
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForLast();
    expectFailure("its certificate is refused: unable to get local issuer certificate", false);
}

TEST(WebSocketParametersTest, eachMistakeIsNamed)
{
    const auto refusalOf = [](ParameterTexts texts)
    {
        Runtime runtime(onTestEngine({.reactors = 1}));
        texts.try_emplace("url", "ws://localhost");
        try
        {
            SourceProvider(runtime).provide(1, SourceDescriptor("feed", "websocket", texts));
        }
        catch (const InvalidParameter& refused)
        {
            return std::string(refused.what());
        }
        return std::string("not refused");
    };
    EXPECT_EQ(refusalOf({{"url", "http://localhost/feed"}}),
              "parameter 'url' is 'http://localhost/feed', which does not begin with ws:// or "
              "wss://; allowed: such as ws://example.com:9000/feed");
    EXPECT_EQ(refusalOf({{"url", "ws://:80/"}}),
              "parameter 'url' is 'ws://:80/', which has no "
              "host; allowed: such as ws://example.com:9000/feed");
    EXPECT_NE(refusalOf({{"url", "ws://host:99999/"}}).find("has the port '99999'"),
              std::string::npos);
    EXPECT_NE(refusalOf({{"url", "ws://user:secret@host/"}}).find("names a user"),
              std::string::npos);
    EXPECT_NE(refusalOf({{"url", "ws://host/a b"}}).find("has a blank"), std::string::npos);
    EXPECT_NE(refusalOf({{"headers", "No colon"}}).find("has the line 'No colon'"),
              std::string::npos);
    EXPECT_EQ(refusalOf({{"headers", "Sec-WebSocket-Key: a"}}),
              "parameter 'headers' has the line 'Sec-WebSocket-Key: a', but the source itself "
              "decides on Sec-WebSocket-Key; leave it out");
    for (const std::string name :
         {"Host", "connection", "UPGRADE", "Transfer-Encoding", "Sec-WebSocket-Protocol"})
    {
        EXPECT_NE(refusalOf({{"headers", name + ": a"}}).find("decides on " + name),
                  std::string::npos);
    }
    EXPECT_EQ(refusalOf({{"subprotocols", "a b,,c"}}),
              "parameter 'subprotocols' is 'a b,,c', in which 'a b' is the name of no subprotocol; "
              "allowed: such as 'feed.v2, feed.v1'");
    for (const std::string text : {"a,,c", "a,", ",", " ", "a, ,c", "a/b"})
    {
        EXPECT_NE(refusalOf({{"subprotocols", text}}).find("is the name of no subprotocol"),
                  std::string::npos)
            << text;
    }
    EXPECT_EQ(refusalOf({{"subprotocols", " a , b"}}), "not refused");
    EXPECT_EQ(refusalOf({{"tls_ca", "ca.pem"}}),
              "parameter 'tls_ca' is 'ca.pem', but the connection "
              "has no TLS; give a url with wss://");
    EXPECT_EQ(refusalOf({{"framing", "xml"}}),
              "parameter 'framing' is 'xml'; allowed: one of none, newline, length");
}
