#include "tests/sources/websocket/websocket_source_test.hpp"

#include <semaphore>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace weft;
using namespace weft::test;

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
