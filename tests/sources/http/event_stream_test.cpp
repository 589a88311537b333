#include <weft/sources/http/event_stream.hpp>

#include <gtest/gtest.h>

#include <stdexcept>

using namespace weft;

TEST(EventStreamTest, dataIsTakenFromEventsInTheThreeKindsOfLines)
{
    EventStream events(1000);
    events.feed("data: one\n\ndata: two\r\n\r\ndata: three\r\rdata: unfinished\n");
    EXPECT_EQ(events.records(), "one\ntwo\nthree\n");
}

TEST(EventStreamTest, aCutMayBeAnywhere)
{
    const std::string_view stream =
        "\xef\xbb\xbf: comment\r\nevent: price\r\nid: 7\r\ndata:first\r\n"
        "data: second\r\nretry: 5\r\ndata\r\n\r\ndata:  blank\r\n\r\n";
    for (std::size_t cut = 0; cut <= stream.size(); ++cut)
    {
        EventStream events(1000);
        events.feed(stream.substr(0, cut));
        events.feed(stream.substr(cut));
        EXPECT_EQ(events.records(), "first\nsecond\n\n blank\n");
        EXPECT_EQ(events.lastEventId(), "7");
    }
}

TEST(EventStreamTest, idCountsWithItsEventAndStaysThroughARestart)
{
    EventStream events(1000);
    events.feed("id: 1\ndata: a\n\nid: 2\ndata: b\n");
    EXPECT_EQ(events.lastEventId(), "1");
    events.restart();
    EXPECT_EQ(events.lastEventId(), "1");
    events.feed("data: c\n\n");
    EXPECT_EQ(events.records(), "c\n");
    EXPECT_EQ(events.lastEventId(), "1");
}

TEST(EventStreamTest, eventBeyondTheLimitIsRefusedHoweverItIsMade)
{
    EXPECT_THROW(EventStream(10).feed("data: larger than that"), std::length_error);
    EXPECT_THROW(EventStream(10).feed("data:a\ndata:b\ndata:c\ndata:d\ndata:e\n"),
                 std::length_error);
    EXPECT_NO_THROW(EventStream(10).feed("data:a\n\ndata:b\n\ndata:c\n\ndata:d\n\n"));
}
