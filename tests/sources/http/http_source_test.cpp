#include "tests/sources/http/http_source_test.hpp"

#include "tests/sources/kernel_queue.hpp"
#include "tests/sources/stream/child_script.hpp"
#include "tests/sources/stream/tls_peer.hpp"
#include "tests/support/temporary_directory.hpp"

#include <semaphore>
#include <string>

using namespace std::chrono_literals;
using namespace weft;
using namespace weft::test;

WEFT_INSTANTIATE_OVER_RUNNERS(HttpSourceTest);

TEST_P(HttpSourceTest, bodyOfKnownLengthEndsTheStream)
{
    run(Ok + "Content-Length: 4\r\n\r\nbody, and what is not of it");
    EXPECT_TRUE(log.ended());
    EXPECT_EQ(log.received(), "body");
}

TEST_P(HttpSourceTest, bodyUntilTheConnectionEndsIsTheStream)
{
    std::string body;
    for (int line = 0; line < 20'000; ++line)
    {
        body += std::to_string(line) + "\n";
    }
    run(Ok + "\r\n" + body);
    EXPECT_TRUE(log.ended());
    EXPECT_TRUE(log.received() == body);
}

TEST_P(HttpSourceTest, chunksAreJoined)
{
    const std::string large(50'000, 'l');
    run(Chunked + chunk("one,") + chunk(large) + chunk(",two") + "0\r\nTrailer: t\r\n\r\n");
    EXPECT_TRUE(log.ended());
    EXPECT_TRUE(log.received() == "one," + large + ",two");
}

TEST_P(HttpSourceTest, emptyBodyIsAnEmptyStream)
{
    run("HTTP/1.1 204 No Content\r\n\r\n");
    EXPECT_TRUE(log.ended());
    EXPECT_EQ(log.received(), "");
}

TEST_P(HttpSourceTest, flushBetweenAnyTwoBytesLosesNothingAndRepeatsNothing)
{
    const auto answer =
        Chunked + chunk("first|") + chunk(std::string(300, 'l')) + chunk("|last") + "0\r\n\r\n";
    ScriptedServer server(
        [&](TcpStream& stream)
        {
            readRequest(stream);
            for (const char byte : answer)
            {
                sendText(stream, {&byte, 1});
            }
        });
    auto source = get(urlOf(server), {{"flush_interval", "1us"}});
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForLast();
    EXPECT_TRUE(log.ended());
    EXPECT_EQ(log.received(), "first|" + std::string(300, 'l') + "|last");
}

TEST_P(HttpSourceTest, silentServerGetsWhatItSentFlushed)
{
    std::binary_semaphore flushed(0);
    ScriptedServer server(
        [&](TcpStream& stream)
        {
            readRequest(stream);
            sendText(stream, Chunked + "9\r\nhalf");
            flushed.acquire();
            sendText(stream, " done\r\n0\r\n\r\n");
        });
    auto source = get(urlOf(server), {{"flush_interval", "1ms"}});
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForBytes(4);
    EXPECT_EQ(log.received(), "half");
    flushed.release();
    log.waitForLast();
    EXPECT_EQ(log.received(), "half done");
}

TEST_P(HttpSourceTest, bodyThatEndsEarlyIsAnErrorAfterItsPart)
{
    run(Ok + "Content-Length: 100\r\n\r\npart");
    EXPECT_EQ(log.received(), "part");
    expectFailure("the connection ended before the answer did", true);
}

TEST_P(HttpSourceTest, chunksWithoutTheLastAreAnErrorAfterThem)
{
    run(Chunked + chunk("part"));
    EXPECT_EQ(log.received(), "part");
    expectFailure("the connection ended before the answer did", true);
}

TEST_P(HttpSourceTest, chunkThatIsNoneIsAnErrorAfterThoseBeforeIt)
{
    const std::string bodies[]{"5\r\nhello\r\nzz\r\n", "5\r\nhello\r\n2\r\nnot ended"};
    const std::string received[]{"hello", "hellono"};
    for (std::size_t index = 0; index < std::size(bodies); ++index)
    {
        EventLog own;
        ScriptedServer server(
            [&](TcpStream& stream)
            {
                readRequest(stream);
                sendText(stream, Chunked + bodies[index]);
                awaitPeerClose(stream);
            });
        auto source = get(urlOf(server));
        ASSERT_TRUE(source.start(own.emit()));
        own.waitForLast();
        EXPECT_EQ(own.received(), received[index]);
        EXPECT_FALSE(isTransient(own.failure().value().code)) << own.failure()->message;
    }
}

TEST_P(HttpSourceTest, serverThatSaysNothingOrNoHttpIsAnError)
{
    run("");
    expectFailure("the connection ended before the answer did", true);
    EventLog other;
    ScriptedServer server(
        [](TcpStream& stream)
        {
            readRequest(stream);
            sendText(stream, "+OK POP3 ready\r\n\r\n");
            awaitPeerClose(stream);
        });
    auto source = get(urlOf(server));
    ASSERT_TRUE(source.start(other.emit()));
    other.waitForLast();
    EXPECT_TRUE(other.failure());
    EXPECT_FALSE(isTransient(other.failure()->code)) << other.failure()->message;
}

TEST_P(HttpSourceTest, overTlsABodyWithoutEndIsCutShort)
{
    const TemporaryDirectory directory;
    const TestAuthority authority;
    const auto identity = authority.issue();
    const auto authorityFile = directory.write("ca.pem", authority.certificatePem());
    for (const bool saysEnd : {true, false})
    {
        EventLog own;
        ScriptedServer server(
            [&](TcpStream& stream)
            {
                TlsPeer peer(stream, identity);
                peer.handshake();
                peer.receive();
                peer.send(Ok + "\r\nuntil the end");
                if (saysEnd)
                {
                    sendText(stream, peer.sealEnd());
                }
            });
        auto source = get("https://localhost:" + std::to_string(server.port()) + "/",
                          {{"tls_ca", authorityFile}});
        ASSERT_TRUE(source.start(own.emit()));
        own.waitForLast();
        EXPECT_EQ(own.received(), "until the end");
        EXPECT_EQ(own.ended(), saysEnd);
    }
}

TEST_P(HttpSourceTest, silentServerIsGivenUpAfterTheConnectTimeout)
{
    ScriptedServer server(awaitPeerClose);
    auto source = get(urlOf(server), {{"connect_timeout", "20ms"}});
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForLast();
    EXPECT_EQ(log.failure().value().code, IoError::DeadlineExpired);
    expectFailure("/feed: it takes longer than connect_timeout, which is 20ms", true);
}

TEST_P(HttpSourceTest, stopBeforeTheAnswerAndInTheBodyEndsAtOnce)
{
    for (const std::string& answer : {std::string(), Chunked + "5\r\npart"})
    {
        EventLog own;
        std::binary_semaphore sent(0);
        ScriptedServer server(
            [&](TcpStream& stream)
            {
                readRequest(stream);
                sendText(stream, answer);
                sent.release();
                awaitPeerClose(stream);
            });
        auto source = get(urlOf(server), {{"flush_interval", "1h"}});
        ASSERT_TRUE(source.start(own.emit()));
        sent.acquire();
        awaitAllRead(server.port());
        EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
        EXPECT_EQ(own.lastEventCount(), 0);
    }
}

TEST_P(HttpSourceTest, serverOfPythonsLibraryIsUnderstood)
{
    const TemporaryDirectory directory;
    const std::string content(100'000, 'p');
    directory.write("content", content);
    ChildScript server({"-u", "-c",
                        "import http.server, functools, sys\n"
                        "class Quiet(http.server.SimpleHTTPRequestHandler):\n"
                        "    def log_message(self, *arguments):\n"
                        "        pass\n"
                        "handler = functools.partial(Quiet, directory=sys.argv[1])\n"
                        "server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), handler)\n"
                        "print(server.server_port)\n"
                        "server.serve_forever()\n",
                        directory.path()});
    const auto url = "http://127.0.0.1:" + server.readLine();
    auto source = get(url + "/content");
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForLast();
    EXPECT_TRUE(log.received() == content);
    EventLog other;
    auto missing = get(url + "/missing");
    ASSERT_TRUE(missing.start(other.emit()));
    other.waitForLast();
    EXPECT_NE(other.failure().value().message.find("answered 404 File not found"),
              std::string::npos);
}
