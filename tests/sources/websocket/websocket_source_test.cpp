#include <weft/reactor/runtime.hpp>
#include <weft/sources/source_error.hpp>
#include <weft/sources/source_provider.hpp>

#include "tests/sources/event_log.hpp"
#include "tests/sources/runner_kind.hpp"
#include "tests/sources/websocket/websocket_peer.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/test_engine.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <semaphore>
#include <vector>

using namespace std::chrono_literals;
using namespace weft;
using namespace weft::test;

namespace
{

class WebSocketSourceTest : public testing::TestWithParam<RunnerKind>
{
protected:
    SourceHandle connectTo(std::uint16_t port, ParameterTexts texts = {})
    {
        texts.try_emplace("execution", executionText(GetParam()));
        texts.try_emplace("url", "ws://127.0.0.1:" + std::to_string(port) + "/feed?topic=a");
        return SourceProvider(runtime).provide(7, SourceDescriptor("feed", "websocket", texts));
    }

    /// Runs a source against a server that follows the script once the WebSocket is open.
    void run(const std::function<void(WebSocketPeer&)>& script, ParameterTexts texts = {})
    {
        ScriptedServer server(
            [&](TcpStream& stream)
            {
                WebSocketPeer peer(stream);
                peer.accept();
                script(peer);
            });
        auto source = connectTo(server.port(), std::move(texts));
        ASSERT_TRUE(source.start(log.emit()));
        log.waitForLast();
    }

    void expectFailure(const std::string& text, bool transient)
    {
        ASSERT_TRUE(log.failure());
        EXPECT_NE(log.failure()->message.find(text), std::string::npos) << log.failure()->message;
        EXPECT_EQ(isTransient(log.failure()->code), transient) << log.failure()->message;
    }

    Runtime runtime{onTestEngine({.reactors = 1, .bufferSizeBytes = 4096})};
    EventLog log;
};

} // namespace

WEFT_INSTANTIATE_OVER_RUNNERS(WebSocketSourceTest);

TEST_P(WebSocketSourceTest, messagesOfTextAndOfBytesArriveInOrder)
{
    run(
        [](WebSocketPeer& peer)
        {
            peer.send(frame(opcode::Text, "one,") + frame(opcode::Binary, {"\0two,", 5}));
            peer.send(frame(opcode::Text, "") + frame(opcode::Text, "three"));
            peer.send(closeFrame(1000));
            EXPECT_EQ(peer.receive(), (ClientFrame{opcode::Close, {"\x03\xe8", 2}}));
        });
    EXPECT_TRUE(log.ended());
    EXPECT_EQ(log.received(), std::string("one,\0two,three", 14));
}

TEST_P(WebSocketSourceTest, framesThatComeWithTheAnswerToTheRequestAreNotLost)
{
    ScriptedServer server(
        [](TcpStream& stream)
        {
            WebSocketPeer peer(stream);
            peer.accept({},
                        frame(opcode::Text, "first") + frame(opcode::Text, "second").substr(0, 3));
            peer.send(frame(opcode::Text, "second").substr(3) + closeFrame(1000));
            peer.awaitClose();
        });
    auto source = connectTo(server.port());
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForLast();
    EXPECT_EQ(log.received(), "firstsecond");
}

TEST_P(WebSocketSourceTest, newlineFollowsEachMessageHoweverItIsCut)
{
    run(
        [](WebSocketPeer& peer)
        {
            peer.send(frame(opcode::Text, "in ", false) + frame(opcode::Continuation, "", false) +
                      frame(opcode::Ping, "?") + frame(opcode::Continuation, "parts") +
                      frame(opcode::Text, "") + frame(opcode::Text, "whole") + closeFrame(1000));
            peer.awaitClose();
        },
        {{"framing", "newline"}});
    EXPECT_TRUE(log.ended());
    EXPECT_EQ(log.received(), "in parts\n\nwhole\n");
}

TEST_P(WebSocketSourceTest, newlineIsInTheBufferOfItsMessageWhereNoneWaitsForMore)
{
    run(
        [](WebSocketPeer& peer)
        {
            peer.send(frame(opcode::Text, "one") + frame(opcode::Text, "two") +
                      frame(opcode::Text, "three") + closeFrame(1000));
            peer.awaitClose();
        },
        {{"framing", "newline"}, {"flush_interval", "0"}});
    EXPECT_EQ(log.received(), "one\ntwo\nthree\n");
    EXPECT_EQ(log.buffers().size(), 3);
}

TEST_P(WebSocketSourceTest, lengthPrecedesEachMessageHoweverItIsCut)
{
    const std::string large(10'000, 'l');
    run(
        [&](WebSocketPeer& peer)
        {
            peer.send(frame(opcode::Text, "in ", false) + frame(opcode::Continuation, "parts") +
                      frame(opcode::Text, "") + frame(opcode::Binary, large) + closeFrame(1000));
            peer.awaitClose();
        },
        {{"framing", "length"}});
    EXPECT_EQ(log.received(), std::string("\0\0\0\x08in parts\0\0\0\0\0\0\x27\x10", 20) + large);
}

TEST_P(WebSocketSourceTest, messageLargerThanABufferGoesOnInTheNext)
{
    std::string large;
    for (int number = 0; number < 20'000; ++number)
    {
        large += std::to_string(number) + ",";
    }
    run(
        [&](WebSocketPeer& peer)
        {
            peer.send(frame(opcode::Text, large) + frame(opcode::Text, "end") + closeFrame(1000));
            peer.awaitClose();
        },
        {{"framing", "newline"}});
    EXPECT_TRUE(log.received() == large + "\nend\n");
    EXPECT_GT(log.buffers().size(), large.size() / 4096);
}

// The flush is due between any two bytes: of a header, of a message in parts, of a ping between
// those, where a read of Beast's that is cut off could not be taken up again.
TEST_P(WebSocketSourceTest, flushBetweenAnyTwoBytesLosesNothingAndRepeatsNothing)
{
    const std::string large(300, 'l');
    std::vector<ClientFrame> answers;
    run(
        [&](WebSocketPeer& peer)
        {
            const auto bytes =
                frame(opcode::Text, "first|") + frame(opcode::Text, large) +
                frame(opcode::Text, "|in", false) + frame(opcode::Ping, "are you") +
                frame(opcode::Continuation, " ", false) + frame(opcode::Continuation, "", false) +
                frame(opcode::Pong, "unasked") + frame(opcode::Continuation, "parts|") +
                frame(opcode::Ping, "") + frame(opcode::Text, "last") + closeFrame(1000);
            for (const char byte : bytes)
            {
                peer.send({&byte, 1});
            }
            do
            {
                answers.push_back(peer.receive());
            } while (answers.back().opcode == opcode::Pong);
        },
        {{"flush_interval", "1us"}});
    EXPECT_TRUE(log.ended());
    EXPECT_EQ(log.received(), "first|" + large + "|in parts|last");
    // The first ping needs no answer when the second has come with it.
    ASSERT_GE(answers.size(), 2U);
    EXPECT_EQ(answers[answers.size() - 2], (ClientFrame{opcode::Pong, ""}));
    EXPECT_EQ(answers.back(), (ClientFrame{opcode::Close, {"\x03\xe8", 2}}));
}

TEST_P(WebSocketSourceTest, partOfAFrameIsFlushedWhileTheRestIsAwaited)
{
    std::binary_semaphore flushed(0);
    ScriptedServer server(
        [&](TcpStream& stream)
        {
            WebSocketPeer peer(stream);
            peer.accept();
            const auto bytes = frame(opcode::Text, "part and rest") + frame(opcode::Ping, "ping");
            peer.send(bytes.substr(0, 6));
            flushed.acquire();
            peer.send(bytes.substr(6, 12)); // into the ping
            peer.send(bytes.substr(18) + closeFrame(1000));
            EXPECT_EQ(peer.receive(), (ClientFrame{opcode::Pong, "ping"}));
            peer.awaitClose();
        });
    auto source = connectTo(server.port(), {{"flush_interval", "1ms"}});
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForBytes(4);
    EXPECT_EQ(log.received(), "part");
    flushed.release();
    log.waitForLast();
    EXPECT_EQ(log.received(), "part and rest");
}

TEST_P(WebSocketSourceTest, requestNamesHostTargetHeadersAndSubprotocolsAndTheMessageIsSent)
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

TEST_P(WebSocketSourceTest, headersOfOneNameAreAllSentAndTheUsersAgentReplacesTheSources)
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

TEST_P(WebSocketSourceTest, subprotocolThatTheServerMustChooseIsMissed)
{
    run([](WebSocketPeer&) {}, {{"subprotocols", "v2, v1"}});
    expectFailure("the server chose no subprotocol; offered: v2, v1", false);
}

TEST_P(WebSocketSourceTest, pingsAreAnsweredWhileNothingElseComes)
{
    run(
        [](WebSocketPeer& peer)
        {
            peer.send(frame(opcode::Ping, "one"));
            EXPECT_EQ(peer.receive(), (ClientFrame{opcode::Pong, "one"}));
            peer.send(frame(opcode::Text, "begun ", false) + frame(opcode::Ping, "two"));
            EXPECT_EQ(peer.receive(), (ClientFrame{opcode::Pong, "two"}));
            peer.send(frame(opcode::Continuation, "ended") + closeFrame(1000));
            peer.awaitClose();
        });
    EXPECT_EQ(log.received(), "begun ended");
}

TEST_P(WebSocketSourceTest, silenceIsAskedByPingsAndTheirAnswersKeepTheConnection)
{
    run(
        [](WebSocketPeer& peer)
        {
            for (int count = 0; count < 3; ++count)
            {
                EXPECT_EQ(peer.receive(), (ClientFrame{opcode::Ping, ""}));
                peer.send(frame(opcode::Pong, ""));
            }
            peer.send(closeFrame(1000));
            peer.awaitClose();
        },
        {{"ping_interval", "1ms"}, {"pong_timeout", "1h"}});
    EXPECT_TRUE(log.ended());
}

TEST_P(WebSocketSourceTest, droppedPingIsAnErrorThatCanBeRetried)
{
    run(
        [](WebSocketPeer& peer)
        {
            EXPECT_EQ(peer.receive(), (ClientFrame{opcode::Ping, ""}));
            peer.awaitClose();
        },
        {{"ping_interval", "1ms"}, {"pong_timeout", "5ms"}});
    expectFailure("no answer to a ping within 5ms", true);
    EXPECT_EQ(log.failure()->code, std::errc::timed_out);
}

// The ping is due long before the flush: the wait for it must not hide the demand.
TEST_P(WebSocketSourceTest, demandIsMetWhileAPingIsAwaited)
{
    std::binary_semaphore sent(0);
    ScriptedServer server(
        [&](TcpStream& stream)
        {
            WebSocketPeer peer(stream);
            peer.accept();
            peer.send(frame(opcode::Text, "demanded"));
            sent.release();
            peer.awaitClose();
        });
    auto source = connectTo(server.port(), {{"ping_interval", "10m"}, {"flush_interval", "1h"}});
    ASSERT_TRUE(source.start(log.emit()));
    sent.acquire();
    source.requestFlush();
    log.waitForBytes(8);
    EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
}

TEST_P(WebSocketSourceTest, codeThatTheServerClosesWithDecidesWhatItIs)
{
    struct Case
    {
        std::string frame;
        std::string failure; // empty: the end of the stream
        bool transient;
    };

    const std::vector<Case> cases{
        {closeFrame(1000, "done"), "", false},
        {frame(opcode::Close, ""), "", false},
        {closeFrame(1001), "closed with 1001 (going away)", true},
        {closeFrame(1008, "no such topic"), "closed with 1008 (policy violated): no such topic",
         false},
        {closeFrame(1011, "overload"), "closed with 1011 (internal error): overload", true},
        {closeFrame(1012), "closed with 1012 (service restarts)", true},
        {closeFrame(4000), "closed with 4000 (not in the standard)", false},
    };
    for (const auto& [close, failure, transient] : cases)
    {
        EventLog own;
        ScriptedServer server(
            [&](TcpStream& stream)
            {
                WebSocketPeer peer(stream);
                peer.accept();
                peer.send(frame(opcode::Text, "last words") + close);
                EXPECT_EQ(peer.awaitClose().opcode, opcode::Close);
            });
        auto source = connectTo(server.port());
        ASSERT_TRUE(source.start(own.emit()));
        own.waitForLast();
        EXPECT_EQ(own.received(), "last words");
        EXPECT_EQ(own.ended(), failure.empty());
        if (!failure.empty())
        {
            EXPECT_NE(own.failure()->message.find(failure), std::string::npos)
                << own.failure()->message;
            EXPECT_EQ(isTransient(own.failure()->code), transient) << own.failure()->message;
        }
    }
}

TEST_P(WebSocketSourceTest, closeInMidMessageIsAnErrorThatCanBeRetriedAfterItsPart)
{
    const std::vector<std::pair<std::string, std::string>> cases{
        {closeFrame(1000), "closed with 1000 (normal), in the middle of a message"},
        {closeFrame(1001), "closed with 1001 (going away), in the middle of a message"},
        {closeFrame(1008, "no"), "closed with 1008 (policy violated): no, in the middle"},
        {frame(opcode::Close, ""), "closed without a code, in the middle of a message"},
    };
    for (const auto& [close, text] : cases)
    {
        EventLog own;
        ScriptedServer server(
            [&](TcpStream& stream)
            {
                WebSocketPeer peer(stream);
                peer.accept();
                peer.send(frame(opcode::Text, "half", false) + close);
                peer.awaitClose();
            });
        auto source = connectTo(server.port());
        ASSERT_TRUE(source.start(own.emit()));
        own.waitForLast();
        EXPECT_EQ(own.received(), "half");
        const auto failure = own.failure().value();
        EXPECT_NE(failure.message.find(text), std::string::npos) << failure.message;
        EXPECT_TRUE(isTransient(failure.code)) << failure.message;
    }
}

TEST_P(WebSocketSourceTest, serverThatRestartsIsConnectedToAgain)
{
    int connections = 0;
    ScriptedServer server(
        [&](TcpStream& stream)
        {
            WebSocketPeer peer(stream);
            peer.accept();
            ++connections;
            peer.send(frame(opcode::Text, "before|") + closeFrame(connections < 3 ? 1001 : 1000));
            peer.awaitClose();
        });
    auto source = connectTo(server.port(), {{"reconnect_attempts", "1000"},
                                            {"reconnect_pause_min", "1ms"},
                                            {"reconnect_pause_max", "1ms"}});
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForLast();
    EXPECT_TRUE(log.ended());
    EXPECT_EQ(log.received(), "before|before|before|");
}

TEST_P(WebSocketSourceTest, connectionThatEndsInMidFrameIsAnErrorAfterItsPart)
{
    run(
        [](WebSocketPeer& peer)
        {
            peer.send(frame(opcode::Text, "half of it").substr(0, 6));
        });
    EXPECT_EQ(log.received(), "half");
    expectFailure("ended without being closed (1006)", true);
}

TEST_P(WebSocketSourceTest, resetIsAnErrorAfterTheMessagesBeforeIt)
{
    std::binary_semaphore received(0);
    ScriptedServer server(
        [&](TcpStream& stream)
        {
            WebSocketPeer peer(stream);
            peer.accept();
            peer.send(frame(opcode::Text, "before"));
            received.acquire();
            reset(stream);
        });
    auto source = connectTo(server.port(), {{"flush_interval", "0"}});
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForBytes(6);
    received.release();
    log.waitForLast();
    EXPECT_EQ(log.received(), "before");
    EXPECT_EQ(log.failure().value().code, std::errc::connection_reset);
}

TEST_P(WebSocketSourceTest, messageBeyondTheLimitIsAnErrorThatNamesItAndClosesWith1009)
{
    ClientFrame answer;
    run(
        [&](WebSocketPeer& peer)
        {
            peer.send(frame(opcode::Text, std::string(1000, 'f')));
            peer.send(frame(opcode::Text, std::string(600, 'f'), false) +
                      frame(opcode::Continuation, std::string(500, 'f')));
            answer = peer.awaitClose();
        },
        {{"message_size_max", "1000"}});
    EXPECT_EQ(log.received().size(), 1600U);
    expectFailure("a message is larger than message_size_max, which is 1000", false);
    EXPECT_EQ(answer, (ClientFrame{opcode::Close, {"\x03\xf1", 2}}));
}

TEST_P(WebSocketSourceTest, framesThatAreNotAsTheyShouldBeAreRefused)
{
    std::string masked = frame(opcode::Text, "abcdefgh");
    masked[1] = static_cast<char>(masked[1] | 0x80);
    const std::vector<std::pair<std::string, std::string>> cases{
        {masked, {"\x03\xea", 2}},                          // 1002
        {frame(opcode::Text, "\xff\xfe"), {"\x03\xef", 2}}, // 1007
        {frame(opcode::Continuation, "of nothing"), {"\x03\xea", 2}},
        {frame(opcode::Continuation, "", false), {"\x03\xea", 2}},
        {frame(opcode::Ping, std::string(126, 'p')), {"\x03\xea", 2}},
        {frame(11, ""), {"\x03\xea", 2}},
        {frame(3, ""), {"\x03\xea", 2}},
        {frame(opcode::Text, "", false) + frame(opcode::Text, "", false), {"\x03\xea", 2}},
        {std::string("\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff!", 11), {"\x03\xf1", 2}}, // 1009
    };
    for (const auto& [bytes, code] : cases)
    {
        EventLog own;
        ClientFrame answer;
        ScriptedServer server(
            [&](TcpStream& stream)
            {
                WebSocketPeer peer(stream);
                peer.accept();
                peer.send(frame(opcode::Text, "good") + bytes);
                answer = peer.awaitClose();
            });
        auto source = connectTo(server.port());
        ASSERT_TRUE(source.start(own.emit()));
        own.waitForLast();
        EXPECT_EQ(own.received().substr(0, 4), "good");
        EXPECT_TRUE(own.failure());
        EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
        EXPECT_EQ(answer, (ClientFrame{opcode::Close, code})) << own.failure()->message;
    }
}

TEST_P(WebSocketSourceTest, serverThatDeclinesIsAnErrorWithItsAnswer)
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

TEST_P(WebSocketSourceTest, silentServerIsGivenUpAfterTheConnectTimeout)
{
    ScriptedServer server(awaitPeerClose);
    auto source = connectTo(server.port(), {{"connect_timeout", "20ms"}});
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForLast();
    EXPECT_EQ(log.failure().value().code, IoError::DeadlineExpired);
    expectFailure("/feed?topic=a: it takes longer than connect_timeout, which is 20ms", true);
}

TEST_P(WebSocketSourceTest, stopInTheHandshakeEndsAtOnce)
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

TEST_P(WebSocketSourceTest, stopInMidFrameDeliversItsPartAndSaysGoodBye)
{
    ClientFrame goodBye;
    {
        ScriptedServer server(
            [&](TcpStream& stream)
            {
                WebSocketPeer peer(stream);
                peer.accept();
                peer.send(frame(opcode::Text, "part and rest").substr(0, 6));
                goodBye = peer.awaitClose();
            });
        auto source = connectTo(server.port(), {{"flush_interval", "1ms"}});
        ASSERT_TRUE(source.start(log.emit()));
        log.waitForBytes(4);
        EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
    }
    EXPECT_EQ(log.received(), "part");
    EXPECT_EQ(log.lastEventCount(), 0);
    EXPECT_EQ(goodBye, (ClientFrame{opcode::Close, {"\x03\xe8", 2}}));
}

TEST_P(WebSocketSourceTest, overTlsItIsTheSame)
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

TEST_P(WebSocketSourceTest, certificateOfAnUnknownAuthorityIsRefused)
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

TEST_P(WebSocketSourceTest, connectionIsMadeAgainAfterATransientError)
{
    int connections = 0;
    ScriptedServer server(
        [&](TcpStream& stream)
        {
            WebSocketPeer peer(stream);
            peer.accept();
            ++connections;
            peer.send(frame(opcode::Text, "part of a message", false) +
                      closeFrame(connections < 3 ? 1012 : 1011));
            peer.awaitClose();
        });
    auto source = connectTo(server.port(), {{"reconnect_attempts", "1000"},
                                            {"reconnect_pause_min", "1ms"},
                                            {"reconnect_pause_max", "1ms"}});
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForBytes(40);
    EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
    EXPECT_TRUE(log.received().starts_with("part of a messagepart of a message"));
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
