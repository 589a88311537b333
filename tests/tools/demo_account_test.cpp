#include "demo_account.hpp"
#include "demo_outcome.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

/// The comparison that the demo's verdict rests on must see everything that can go wrong.

namespace weft::tools
{

namespace
{

const std::vector<StreamAccount> Sent{
    {.stream = "a", .bytes = 100, .checksum = 0xa, .trouble = {}},
    {.stream = "b", .bytes = 200, .checksum = 0xb, .trouble = {}},
    {.stream = "c", .bytes = 100, .checksum = 0xc, .trouble = {}},
};

using Mismatches = std::vector<std::string>;

/// One connection and its source, as they are when all is well.
struct OneConnection
{
    OneConnection()
    {
        input.connectionBytes = 100;
        report.connections.push_back({.local = "127.0.0.1:9000",
                                      .peer = "127.0.0.1:40000",
                                      .bytes = 100,
                                      .checksum = 0xa,
                                      .end = ServedEnd::Finished,
                                      .error = {}});
        SourceResult source;
        source.name = "feed-0";
        source.type = "tcp";
        source.endpoint = "127.0.0.1:40000 -> 127.0.0.1:9000";
        source.bytes = 100;
        source.checksum = 0xa;
        source.state = SourceState::Ended;
        result.sources.push_back(source);
    }

    DemoOutcome compare() const
    {
        return compareDemo(input, report, result, [] {});
    }

    DemoInput input;
    ServeReport report;
    IngestResult result;
};

} // namespace

TEST(CompareAccountsTest, sameBytesMatchInAnyOrder)
{
    const std::vector<StreamAccount> received{Sent.rbegin(), Sent.rend()};
    const auto comparison = compareAccounts(Sent, received);
    EXPECT_EQ(comparison.matched, 3U);
    EXPECT_EQ(comparison.mismatches, Mismatches{});
}

TEST(CompareAccountsTest, lostByteIsSeen)
{
    auto received = Sent;
    received[1].bytes = 199;
    const auto comparison = compareAccounts(Sent, received);
    EXPECT_EQ(comparison.matched, 2U);
    EXPECT_EQ(comparison.mismatches, Mismatches{"b: 1 of 200 bytes lost"});
}

TEST(CompareAccountsTest, byteTooManyIsSeen)
{
    auto received = Sent;
    received[1].bytes = 201;
    EXPECT_EQ(compareAccounts(Sent, received).mismatches,
              Mismatches{"b: 1 bytes more than the 200 sent"});
}

TEST(CompareAccountsTest, swappedStreamsOfOneLengthAreSeen)
{
    auto received = Sent;
    std::swap(received[0].checksum, received[2].checksum);
    const auto comparison = compareAccounts(Sent, received);
    EXPECT_EQ(comparison.matched, 1U);
    EXPECT_EQ(comparison.mismatches.size(), 2U);
}

TEST(CompareAccountsTest, streamThatNobodyReceivedIsSeen)
{
    const std::vector<StreamAccount> received{Sent[0], Sent[2]};
    EXPECT_EQ(compareAccounts(Sent, received).mismatches,
              Mismatches{"b: 200 bytes sent, but never received"});
}

TEST(CompareAccountsTest, streamThatNobodySentIsSeen)
{
    auto received = Sent;
    received.push_back({.stream = "d", .bytes = 1, .checksum = 0xd, .trouble = "refused"});
    EXPECT_EQ(compareAccounts(Sent, received).mismatches,
              Mismatches{"d: 1 bytes received, but never sent; the source: refused"});
}

TEST(CompareAccountsTest, streamThatComesTwiceIsSeen)
{
    auto received = Sent;
    received.push_back(Sent[0]);
    EXPECT_EQ(compareAccounts(Sent, received).mismatches,
              Mismatches{"a: sent 1 times and received 2 times"});
}

TEST(CompareAccountsTest, troubleOnEitherSideIsNoMatch)
{
    auto sent = Sent;
    auto received = Sent;
    sent[0].trouble = "stopped";
    received[2].trouble = "failed";
    EXPECT_EQ(compareAccounts(sent, received).mismatches,
              (Mismatches{"a: the sender: stopped", "c: the source: failed"}));
}

TEST(CompareDemoTest, connectionsAreFoundByTheirAddresses)
{
    const auto outcome = OneConnection().compare();
    EXPECT_TRUE(outcome.exact());
    EXPECT_EQ(outcome.bytesServed, 100U);
    EXPECT_NE(summarize(outcome).find("every byte accounted for: 1 sources"), std::string::npos);
}

/// Both sides agree, but on less than what was to be sent.
TEST(CompareDemoTest, serverThatSendsTooLittleIsSeen)
{
    OneConnection demo;
    demo.input.connectionBytes = 101;
    EXPECT_FALSE(demo.compare().exact());
}

TEST(CompareDemoTest, connectionThatDidNotFinishIsSeen)
{
    OneConnection demo;
    demo.report.connections.front().end = ServedEnd::PeerReset;
    EXPECT_FALSE(demo.compare().exact());
}

TEST(CompareDemoTest, sourceThatFailedIsSeenAndTold)
{
    OneConnection demo;
    demo.result.sources.front().state = SourceState::Failed;
    demo.result.sources.front().error = "Connection reset by peer";
    const auto text = summarize(demo.compare());
    EXPECT_NE(text.find("feed-0 failed (Connection reset by peer)"), std::string::npos) << text;
    EXPECT_NE(text.find("does NOT add up"), std::string::npos) << text;
}

/// What came twice may add up to the right bytes by accident.
TEST(CompareDemoTest, sourceThatWasOpenedAgainIsSeen)
{
    OneConnection demo;
    demo.result.sources.front().retries = 1;
    EXPECT_FALSE(demo.compare().exact());
}

TEST(CompareDemoTest, sourceWithoutConnectionIsSeen)
{
    OneConnection demo;
    demo.result.sources.push_back({});
    demo.result.sources.back().name = "feed-1";
    demo.result.sources.back().type = "tcp";
    EXPECT_FALSE(demo.compare().exact());
}

} // namespace weft::tools
