#include <weft/reactor/runtime.hpp>
#include <weft/sources/source_error.hpp>
#include <weft/sources/source_provider.hpp>

#include "tests/sources/event_log.hpp"
#include "tests/sources/stream/certificates.hpp"
#include "tests/sources/stream/child_script.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/test_engine.hpp"

#include <gtest/gtest.h>

#include <vector>

/// \file
/// Against a server that is not ours: the package `websockets` of Python.

using namespace std::chrono_literals;
using namespace weft;
using namespace weft::test;

namespace
{

class WebSocketLibraryTest : public testing::TestWithParam<const char*>
{
protected:
    bool isSecure() const
    {
        return GetParam() == std::string("wss");
    }

    SourceHandle connectTo(const std::string& target, ParameterTexts texts = {})
    {
        texts.emplace("url", std::string(GetParam()) + "://localhost:" + port + target);
        if (isSecure())
        {
            texts.emplace("tls_ca", authorityFile);
        }
        return SourceProvider(runtime).provide(7, SourceDescriptor("feed", "websocket", texts));
    }

    std::string receive(const std::string& target, ParameterTexts texts = {})
    {
        auto source = connectTo(target, std::move(texts));
        EXPECT_TRUE(source.start(log.emit()));
        log.waitForLast();
        return log.received();
    }

    std::vector<std::string> arguments() const
    {
        if (!isSecure())
        {
            return {WEFT_FEED_SERVER};
        }
        const auto identity = authority.issue();
        return {WEFT_FEED_SERVER, directory.write("server.pem", identity.certificatePem()),
                directory.write("key.pem", identity.keyPem())};
    }

    const TemporaryDirectory directory;
    const TestAuthority authority;
    const std::string authorityFile = directory.write("ca.pem", authority.certificatePem());
    ChildScript server{arguments()};
    const std::string port = server.readLine();
    Runtime runtime{onTestEngine({.reactors = 1, .bufferSizeBytes = 4096})};
    EventLog log;
};

} // namespace

INSTANTIATE_TEST_SUITE_P(Schemes, WebSocketLibraryTest, testing::Values("ws", "wss"),
                         [](const auto& scheme)
                         {
                             return std::string(scheme.param);
                         });

TEST_P(WebSocketLibraryTest, floodOfMessagesArrivesWhole)
{
    std::string sent;
    for (int number = 0; number < 20'000; ++number)
    {
        sent += "message " + std::to_string(number) + "\n";
    }
    EXPECT_TRUE(receive("/flood", {{"framing", "newline"}}) == sent);
    EXPECT_TRUE(log.ended());
    EXPECT_EQ(server.readLine(), "closed 1000");
}

TEST_P(WebSocketLibraryTest, fragmentsAreOneMessage)
{
    EXPECT_EQ(receive("/fragments", {{"framing", "newline"}}), "one message of fragments\n");
}

TEST_P(WebSocketLibraryTest, pingsAreAnswered)
{
    EXPECT_EQ(receive("/ping"), "answered");
}

TEST_P(WebSocketLibraryTest, subprotocolAndHeadersGetThereAndTheMessageComesBack)
{
    EXPECT_EQ(receive("/who", {{"subprotocols", "feed.v1"}, {"headers", "X-Feed: weft"}}),
              "feed.v1 weft");
}

TEST_P(WebSocketLibraryTest, messageIsSentAfterConnecting)
{
    EXPECT_EQ(receive("/echo", {{"send", "hello"}}), "hello");
}

TEST_P(WebSocketLibraryTest, messageBeyondTheLimitClosesWith1009)
{
    receive("/large", {{"message_size_max", "64KiB"}});
    EXPECT_NE(log.failure().value().message.find("larger than message_size_max, which is 64.0 KiB"),
              std::string::npos)
        << log.failure()->message;
    EXPECT_EQ(server.readLine(), "closed 1009");
}

TEST_P(WebSocketLibraryTest, serverThatFailsIsAnErrorWithItsReason)
{
    receive("/fail");
    EXPECT_NE(log.failure().value().message.find("closed with 1011 (internal error): out of order"),
              std::string::npos);
}

TEST_P(WebSocketLibraryTest, serverThatRestartsIsAnErrorThatCanBeRetried)
{
    EXPECT_EQ(receive("/restart"), "last words");
    const auto failure = log.failure().value();
    EXPECT_NE(failure.message.find("closed with 1001 (going away)"), std::string::npos)
        << failure.message;
    EXPECT_TRUE(isTransient(failure.code));
}

TEST_P(WebSocketLibraryTest, stopClosesWithANormalCode)
{
    auto source = connectTo("/silent", {{"ping_interval", "1ms"}});
    ASSERT_TRUE(source.start(log.emit()));
    while (source.statistics().state != SourceState::Running)
    {
        std::this_thread::yield();
    }
    EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
    EXPECT_EQ(server.readLine(), "closed 1000");
}

TEST_P(WebSocketLibraryTest, hundredSourcesShareOneReactor)
{
    constexpr int Count = 100;
    std::vector<EventLog> logs(Count);
    std::vector<SourceHandle> sources;
    for (auto& each : logs)
    {
        sources.push_back(connectTo("/echo", {{"send", "to all"}}));
        ASSERT_TRUE(sources.back().start(each.emit()));
    }
    for (auto& each : logs)
    {
        each.waitForLast();
        EXPECT_EQ(each.received(), "to all");
    }
}
