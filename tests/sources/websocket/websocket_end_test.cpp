#include "tests/sources/websocket/websocket_source_test.hpp"

#include <algorithm>
#include <semaphore>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace weft;
using namespace weft::test;

namespace
{

/// Whether the connection lives, and how it ends.
class WebSocketEndTest : public WebSocketSourceTest
{
};

} // namespace

WEFT_INSTANTIATE_OVER_RUNNERS(WebSocketEndTest);

TEST_P(WebSocketEndTest, pingsAreAnsweredWhileNothingElseComes)
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

TEST_P(WebSocketEndTest, silenceIsAskedByPingsAndTheirAnswersKeepTheConnection)
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

TEST_P(WebSocketEndTest, droppedPingIsAnErrorThatCanBeRetried)
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
TEST_P(WebSocketEndTest, demandIsMetWhileAPingIsAwaited)
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

TEST_P(WebSocketEndTest, codeThatTheServerClosesWithDecidesWhatItIs)
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

TEST_P(WebSocketEndTest, closeInMidMessageIsAnErrorThatCanBeRetriedAfterItsPart)
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

TEST_P(WebSocketEndTest, serverThatRestartsIsConnectedToAgain)
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

TEST_P(WebSocketEndTest, connectionThatEndsInMidFrameIsAnErrorAfterItsPart)
{
    run(
        [](WebSocketPeer& peer)
        {
            peer.send(frame(opcode::Text, "half of it").substr(0, 6));
        });
    EXPECT_EQ(log.received(), "half");
    expectFailure("ended without being closed (1006)", true);
}

TEST_P(WebSocketEndTest, resetIsAnErrorAfterTheMessagesBeforeIt)
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

TEST_P(WebSocketEndTest, messageBeyondTheLimitIsAnErrorThatNamesItAndClosesWith1009)
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

TEST_P(WebSocketEndTest, framesThatAreNotAsTheyShouldBeAreRefused)
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

TEST_P(WebSocketEndTest, stopInMidFrameDeliversItsPartAndSaysGoodBye)
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

TEST_P(WebSocketEndTest, stopDoesNotDependOnAnAnswerToItsGoodBye)
{
    std::binary_semaphore stopped(0);
    ScriptedServer server(
        [&](TcpStream& stream)
        {
            WebSocketPeer peer(stream);
            peer.accept();
            peer.send(frame(opcode::Text, "last"));
            stopped.acquire();
        });
    auto source = connectTo(server.port(), {{"flush_interval", "1ms"}});
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForBytes(4);
    EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
    stopped.release();
    EXPECT_EQ(log.lastEventCount(), 0);
}

TEST_P(WebSocketEndTest, stopWhileAPingIsSentSaysGoodBye)
{
    constexpr std::size_t Rounds = 300;
    std::vector<ClientFrame> goodByes;
    {
        ScriptedServer server(
            [&](TcpStream& stream)
            {
                WebSocketPeer peer(stream);
                peer.accept();
                auto received = peer.receive();
                for (; received.opcode == opcode::Ping; received = peer.receive())
                {
                    peer.send(frame(opcode::Pong, ""));
                }
                goodByes.push_back(received);
            });
        for (std::size_t round = 0; round < Rounds; ++round)
        {
            auto source =
                connectTo(server.port(), {{"ping_interval", "1us"}, {"pong_timeout", "1h"}});
            ASSERT_TRUE(source.start(log.emit()));
            while (source.statistics().opens == 0 && log.lastEventCount() == 0)
            {
                std::this_thread::yield();
            }
            EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
        }
    }
    const ClientFrame normal{opcode::Close, {"\x03\xe8", 2}};
    EXPECT_EQ(static_cast<std::size_t>(std::ranges::count(goodByes, normal)), Rounds);
}

TEST_P(WebSocketEndTest, connectionIsMadeAgainAfterATransientError)
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
