#include <weft/reactor/runtime.hpp>
#include <weft/sources/source_error.hpp>
#include <weft/sources/source_provider.hpp>

#include "tests/sources/event_log.hpp"
#include "tests/sources/kernel_queue.hpp"
#include "tests/sources/runner_kind.hpp"
#include "tests/sources/scripted_server.hpp"
#include "tests/sources/stream/child_script.hpp"
#include "tests/sources/stream/tls_peer.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/test_engine.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <mutex>
#include <semaphore>
#include <vector>

using namespace std::chrono_literals;
using namespace weft;
using namespace weft::test;

namespace
{

std::string readRequest(TcpStream& stream)
{
    std::string request;
    std::array<std::byte, 4096> buffer;
    while (request.find("\r\n\r\n") == std::string::npos)
    {
        const auto received = stream.receive(buffer).value_or(0);
        if (received == 0)
        {
            break;
        }
        request.append(reinterpret_cast<const char*>(buffer.data()), received);
    }
    return request;
}

std::string targetOf(const std::string& request)
{
    const auto begin = request.find(' ') + 1;
    return request.substr(begin, request.find(' ', begin) - begin);
}

std::string chunk(std::string_view text)
{
    std::ostringstream all;
    all << std::hex << text.size() << ";extension=1\r\n" << text << "\r\n";
    return all.str();
}

class HttpSourceTest : public testing::TestWithParam<RunnerKind>
{
protected:
    SourceHandle get(const std::string& url, ParameterTexts texts = {})
    {
        texts.try_emplace("execution", executionText(GetParam()));
        texts.try_emplace("url", url);
        return SourceProvider(runtime).provide(7, SourceDescriptor("feed", "http", texts));
    }

    static std::string urlOf(const ScriptedServer& server, const std::string& target = "/feed")
    {
        return "http://127.0.0.1:" + std::to_string(server.port()) + target;
    }

    /// Runs a source against a server that answers so, and closes.
    void run(const std::string& answer, ParameterTexts texts = {})
    {
        ScriptedServer server(
            [&](TcpStream& stream)
            {
                readRequest(stream);
                (void)stream.sendAll(std::as_bytes(std::span(answer)));
            });
        auto source = get(urlOf(server), std::move(texts));
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

const std::string Ok = "HTTP/1.1 200 OK\r\n";
const std::string Chunked = Ok + "Transfer-Encoding: chunked\r\n\r\n";
const std::string Events = Ok + "Content-Type: text/event-stream; charset=utf-8\r\n\r\n";

} // namespace

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

TEST_P(HttpSourceTest, statusDecidesWhetherToTryAgain)
{
    const std::vector<std::pair<std::string, bool>> cases{
        {"404 Not Found", false}, {"403 Forbidden", false},      {"400 Bad Request", false},
        {"429 Too Many", true},   {"408 Request Timeout", true}, {"503 Service Unavailable", true},
        {"500 Oops", true},       {"304 Not Modified", false}};
    for (const auto& [status, transient] : cases)
    {
        EventLog own;
        ScriptedServer server(
            [&](TcpStream& stream)
            {
                readRequest(stream);
                sendText(stream, "HTTP/1.1 " + status + "\r\nRetry-After: 7\r\n\r\n");
            });
        auto source = get(urlOf(server));
        ASSERT_TRUE(source.start(own.emit()));
        own.waitForLast();
        const auto failure = own.failure().value();
        EXPECT_NE(failure.message.find("answered " + status + ", Retry-After: 7"),
                  std::string::npos)
            << failure.message;
        EXPECT_EQ(isTransient(failure.code), transient) << failure.message;
        // That would say that this machine is short of something.
        EXPECT_NE(failure.code, std::errc::resource_unavailable_try_again);
    }
}

TEST_P(HttpSourceTest, requestHasTheTargetTheHostAndTheHeaders)
{
    std::string request;
    ScriptedServer server(
        [&](TcpStream& stream)
        {
            request = readRequest(stream);
            sendText(stream, Ok + "Content-Length: 0\r\n\r\n");
        });
    auto source = get(urlOf(server, "?a=b#fragment"), {{"headers", "X-One: 1\nX-Two: 2"}});
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForLast();
    EXPECT_TRUE(request.starts_with("GET /?a=b HTTP/1.1\r\nHost: 127.0.0.1:"));
    EXPECT_NE(request.find("\r\nX-One: 1\r\nX-Two: 2\r\n"), std::string::npos) << request;
}

TEST_P(HttpSourceTest, headersThatAreGivenReplaceThoseThatMayBeReplaced)
{
    std::string request;
    ScriptedServer server(
        [&](TcpStream& stream)
        {
            request = readRequest(stream);
            sendText(stream, Events);
        });
    auto source =
        get(urlOf(server), {{"format", "sse"},
                            {"headers", "user-agent: mine\nACCEPT: text/event-stream; q=1\n"
                                        "Last-Event-ID: 7\nCookie: a=1\nCookie: b=2"}});
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForLast();
    EXPECT_NE(request.find("user-agent: mine\r\nACCEPT: text/event-stream; q=1\r\n"
                           "Last-Event-ID: 7\r\nCookie: a=1\r\nCookie: b=2\r\n"),
              std::string::npos)
        << request;
    EXPECT_EQ(request.find("User-Agent"), std::string::npos) << request;
    EXPECT_EQ(request.find("Accept"), std::string::npos) << request;
}

TEST_P(HttpSourceTest, redirectsAreFollowedAndSecretsStayWithTheirHost)
{
    std::vector<std::string> requests;
    ScriptedServer other(
        [&](TcpStream& stream)
        {
            requests.push_back(readRequest(stream));
            sendText(stream, Ok + "Content-Length: 4\r\n\r\nthere");
        });
    ScriptedServer server(
        [&](TcpStream& stream)
        {
            requests.push_back(readRequest(stream));
            const std::map<std::string, std::string> next{
                {"/a/b", "/c/d"}, {"/c/d", "e?q=1"}, {"/c/e?q=1", urlOf(other, "/f")}};
            sendText(stream,
                     "HTTP/1.1 302 Found\r\nLocation: " + next.at(targetOf(requests.back())) +
                         "\r\nContent-Length: 0\r\n\r\n");
        });
    auto source = get(urlOf(server, "/a/b"), {{"headers", "authorization: secret"}});
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForLast();
    EXPECT_EQ(log.received(), "ther");
    ASSERT_EQ(requests.size(), 4U);
    EXPECT_NE(requests[2].find("secret"), std::string::npos);
    EXPECT_EQ(requests[3].find("secret"), std::string::npos);
}

TEST_P(HttpSourceTest, redirectMayHaveAUrlInItsQueryOrGoUp)
{
    std::vector<std::string> targets;
    const std::map<std::string, std::string> next{{"/a/b", "?q=http://foo/"},
                                                  {"/a/b?q=http://foo/", "/login?next=http://foo/"},
                                                  {"/login?next=http://foo/", "/d/e/f"},
                                                  {"/d/e/f", "../g/./h"}};
    ScriptedServer server(
        [&](TcpStream& stream)
        {
            targets.push_back(targetOf(readRequest(stream)));
            const auto found = next.find(targets.back());
            sendText(stream, found == next.end()
                                 ? Ok + "Content-Length: 5\r\n\r\nthere"
                                 : "HTTP/1.1 302 Found\r\nLocation: " + found->second + "\r\n\r\n");
        });
    auto source = get(urlOf(server, "/a/b"));
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForLast();
    EXPECT_EQ(log.received(), "there");
    ASSERT_EQ(targets.size(), 5U);
    EXPECT_EQ(targets.back(), "/d/g/h");
}

TEST_P(HttpSourceTest, redirectToNowhereIsAnErrorThatSaysSo)
{
    run("HTTP/1.1 301 Moved Permanently\r\nContent-Length: 0\r\n\r\n");
    expectFailure("answered 301 Moved Permanently, but not where to go: it gave no Location",
                  false);
}

TEST_P(HttpSourceTest, interimAnswersAreSkipped)
{
    run("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n" + Ok +
        "Content-Length: 4\r\n\r\nbody");
    EXPECT_TRUE(log.ended());
    EXPECT_EQ(log.received(), "body");
    EventLog other;
    ScriptedServer server(
        [](TcpStream& stream)
        {
            readRequest(stream);
            for (const char byte : "HTTP/1.1 103 Early Hints\r\n\r\n" + Chunked + "0\r\n\r\n")
            {
                sendText(stream, {&byte, 1});
            }
        });
    auto source = get(urlOf(server));
    ASSERT_TRUE(source.start(other.emit()));
    other.waitForLast();
    EXPECT_TRUE(other.ended());
}

TEST_P(HttpSourceTest, answerThatNeverComesAfterAnInterimOneAndSwitchesAreErrors)
{
    run("HTTP/1.1 100 Continue\r\n\r\n");
    expectFailure("the connection ended before the answer did", true);
    EventLog other;
    ScriptedServer server(
        [](TcpStream& stream)
        {
            readRequest(stream);
            sendText(stream, "HTTP/1.1 101 Switching Protocols\r\n\r\n");
            awaitPeerClose(stream);
        });
    auto source = get(urlOf(server));
    ASSERT_TRUE(source.start(other.emit()));
    other.waitForLast();
    EXPECT_NE(other.failure().value().message.find("answered 101"), std::string::npos);
}

TEST_P(HttpSourceTest, redirectsWithoutEndAreAnError)
{
    run("HTTP/1.1 301 Moved\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n",
        {{"redirects_max", "3"}});
    expectFailure("went on to redirect after 3 times", false);
}

TEST_P(HttpSourceTest, redirectFromSecureToInsecureIsRefused)
{
    const TemporaryDirectory directory;
    const TestAuthority authority;
    const auto identity = authority.issue();
    ScriptedServer server(
        [&](TcpStream& stream)
        {
            TlsPeer peer(stream, identity);
            peer.handshake();
            peer.receive();
            peer.send("HTTP/1.1 307 Moved\r\nLocation: http://localhost:1/\r\n\r\n");
            peer.receive();
        });
    auto source = get("https://localhost:" + std::to_string(server.port()) + "/",
                      {{"tls_ca", directory.write("ca.pem", authority.certificatePem())}});
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForLast();
    expectFailure("redirects to http://localhost:1/, which is not secure", false);
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

TEST_P(HttpSourceTest, eventsBecomeLines)
{
    run(Events + ": hello\n\nevent: price\ndata: 1\nid: 1\n\ndata: 2a\ndata: 2b\n\ndata: no end\n",
        {{"format", "sse"}});
    EXPECT_TRUE(log.ended());
    EXPECT_EQ(log.received(), "1\n2a\n2b\n");
}

TEST_P(HttpSourceTest, eventsGoOnAfterTheLastOneWhenTheConnectionIsMadeAgain)
{
    std::vector<std::string> requests;
    ScriptedServer server(
        [&](TcpStream& stream)
        {
            requests.push_back(readRequest(stream));
            if (requests.size() == 1)
            {
                sendText(stream,
                         Events + "id: 41\ndata: a\n\nid: 42\ndata: b\n\nid: 43\ndata: half");
            }
            else if (requests.size() == 2)
            {
                sendText(stream, Events + "id: 43\ndata: half and whole\n\n");
            }
            else
            {
                sendText(stream, "HTTP/1.1 204 No Content\r\n\r\n");
            }
        });
    auto source = get(urlOf(server), {{"format", "sse"},
                                      {"headers", "last-event-id: 40"},
                                      {"reconnect_attempts", "1000"},
                                      {"reconnect_pause_min", "1ms"},
                                      {"reconnect_pause_max", "1ms"}});
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForLast();
    EXPECT_TRUE(log.ended());
    EXPECT_EQ(log.received(), "a\nb\nhalf and whole\n");
    ASSERT_EQ(requests.size(), 3U);
    EXPECT_NE(requests[0].find("last-event-id: 40\r\n"), std::string::npos);
    EXPECT_EQ(requests[0].find("Last-Event-ID"), std::string::npos);
    EXPECT_EQ(requests[1].find("last-event-id"), std::string::npos);
    EXPECT_NE(requests[0].find("Accept: text/event-stream\r\n"), std::string::npos);
    EXPECT_NE(requests[1].find("Last-Event-ID: 42\r\n"), std::string::npos);
    EXPECT_NE(requests[2].find("Last-Event-ID: 43\r\n"), std::string::npos);
}

TEST_P(HttpSourceTest, answerThatIsNoEventsIsRefused)
{
    run(Ok + "Content-Type: text/html\r\nContent-Length: 0\r\n\r\n", {{"format", "sse"}});
    expectFailure("the answer is of type 'text/html', not text/event-stream", false);
}

TEST_P(HttpSourceTest, eventBeyondTheLimitIsAnErrorThatNamesIt)
{
    run(Events + "data: small\n\ndata: " + std::string(2000, 'l'),
        {{"format", "sse"}, {"event_size_max", "1000"}});
    EXPECT_EQ(log.received(), "small\n");
    expectFailure("an event is larger than event_size_max, which is 1000", false);
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

TEST(HttpParametersTest, eachMistakeIsNamed)
{
    const auto refusalOf = [](ParameterTexts texts)
    {
        Runtime runtime(onTestEngine({.reactors = 1}));
        texts.try_emplace("url", "http://localhost");
        try
        {
            SourceProvider(runtime).provide(1, SourceDescriptor("feed", "http", texts));
        }
        catch (const InvalidParameter& refused)
        {
            return std::string(refused.what());
        }
        return std::string("not refused");
    };
    EXPECT_EQ(refusalOf({{"url", "ftp://host/"}}),
              "parameter 'url' is 'ftp://host/', which does not begin with http:// or "
              "https://; allowed: such as http://example.com:9000/feed");
    EXPECT_EQ(refusalOf({{"headers", "X-A: b\nhost: other"}}),
              "parameter 'headers' has the line 'host: other', but the source itself decides on "
              "host; leave it out");
    for (const std::string name : {"Connection", "Upgrade", "Transfer-Encoding", "CONTENT-LENGTH"})
    {
        EXPECT_NE(refusalOf({{"headers", name + ": 5"}}).find("decides on " + name),
                  std::string::npos);
    }
    for (const std::string line : {"Two words: a", ": a", "Name : a", "Name\x7f: a", "A: \x01"})
    {
        EXPECT_TRUE(refusalOf({{"headers", line}}).ends_with("allowed: 'Name: value', one a line"))
            << line;
    }
    EXPECT_EQ(refusalOf({{"headers", "Hostess: a\nSec-WebSocket-Key: a"}}), "not refused");
}
