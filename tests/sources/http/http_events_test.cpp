#include "tests/sources/http/http_source_test.hpp"

#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace weft;
using namespace weft::test;

namespace
{

/// Bodies of server-sent events.
class HttpEventsTest : public HttpSourceTest
{
};

} // namespace

WEFT_INSTANTIATE_OVER_RUNNERS(HttpEventsTest);

TEST_P(HttpEventsTest, eventsBecomeLines)
{
    run(Events + ": hello\n\nevent: price\ndata: 1\nid: 1\n\ndata: 2a\ndata: 2b\n\ndata: no end\n",
        {{"format", "sse"}});
    EXPECT_TRUE(log.ended());
    EXPECT_EQ(log.received(), "1\n2a\n2b\n");
}

TEST_P(HttpEventsTest, eventsGoOnAfterTheLastOneWhenTheConnectionIsMadeAgain)
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

TEST_P(HttpEventsTest, answerThatIsNoEventsIsRefused)
{
    run(Ok + "Content-Type: text/html\r\nContent-Length: 0\r\n\r\n", {{"format", "sse"}});
    expectFailure("the answer is of type 'text/html', not text/event-stream", false);
}

TEST_P(HttpEventsTest, eventBeyondTheLimitIsAnErrorThatNamesIt)
{
    run(Events + "data: small\n\ndata: " + std::string(2000, 'l'),
        {{"format", "sse"}, {"event_size_max", "1000"}});
    EXPECT_EQ(log.received(), "small\n");
    expectFailure("an event is larger than event_size_max, which is 1000", false);
}
