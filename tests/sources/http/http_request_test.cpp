#include "tests/sources/http/http_source_test.hpp"
#include "tests/sources/stream/tls_peer.hpp"
#include "tests/support/temporary_directory.hpp"

#include <map>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace weft;
using namespace weft::test;

namespace
{

/// What is asked for, of whom, and what comes before the body.
class HttpRequestTest : public HttpSourceTest
{
};

} // namespace

WEFT_INSTANTIATE_OVER_RUNNERS(HttpRequestTest);

TEST_P(HttpRequestTest, statusDecidesWhetherToTryAgain)
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

TEST_P(HttpRequestTest, requestHasTheTargetTheHostAndTheHeaders)
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

TEST_P(HttpRequestTest, headersThatAreGivenReplaceThoseThatMayBeReplaced)
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

TEST_P(HttpRequestTest, redirectsAreFollowedAndSecretsStayWithTheirHost)
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

TEST_P(HttpRequestTest, redirectMayHaveAUrlInItsQueryOrGoUp)
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

TEST_P(HttpRequestTest, redirectToNowhereIsAnErrorThatSaysSo)
{
    run("HTTP/1.1 301 Moved Permanently\r\nContent-Length: 0\r\n\r\n");
    expectFailure("answered 301 Moved Permanently, but not where to go: it gave no Location",
                  false);
}

TEST_P(HttpRequestTest, interimAnswersAreSkipped)
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

TEST_P(HttpRequestTest, answerThatNeverComesAfterAnInterimOneAndSwitchesAreErrors)
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

TEST_P(HttpRequestTest, redirectsWithoutEndAreAnError)
{
    run("HTTP/1.1 301 Moved\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n",
        {{"redirects_max", "3"}});
    expectFailure("went on to redirect after 3 times", false);
}

TEST_P(HttpRequestTest, redirectFromSecureToInsecureIsRefused)
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
