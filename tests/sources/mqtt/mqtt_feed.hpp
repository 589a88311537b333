#pragma once

#include <weft/reactor/runtime.hpp>
#include <weft/sources/source_provider.hpp>

#include "broker.hpp"
#include "mqtt_peer.hpp"
#include "tests/sources/event_log.hpp"
#include "tests/sources/runner_kind.hpp"
#include "tests/support/test_engine.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace weft::test
{

/// A runtime with small buffers, and sources named feed on it.
class MqttFeedTest : public testing::TestWithParam<RunnerKind>
{
protected:
    /// A source with the client id feed, whose topics are t/# and whose payloads are lines, unless
    /// the texts say otherwise.
    SourceHandle provide(const std::string& uri, ParameterTexts texts = {})
    {
        texts.try_emplace("execution", executionText(GetParam()));
        texts.try_emplace("uri", uri);
        texts.try_emplace("topics", "t/#");
        texts.try_emplace("client_id", "feed");
        texts.try_emplace("framing", "newline");
        return SourceProvider(runtime).provide(7, SourceDescriptor("feed", "mqtt", texts));
    }

    /// Started; returns when the broker has its topics.
    SourceHandle subscribe(const Broker& broker, ParameterTexts texts = {})
    {
        const auto qos = texts.contains("qos") ? texts.at("qos") : "1";
        const auto line = fmt::format(": feed {} t/#\n", qos);
        const auto before = broker.countInLog(line);
        auto source = provide(broker.uri(), std::move(texts));
        EXPECT_TRUE(source.start(log.emit()));
        broker.awaitLog(line, before + 1);
        return source;
    }

    Runtime runtime{onTestEngine({.reactors = 1, .bufferSizeBytes = 4096})};
    EventLog log;
};

/// "message 000", "message 001" and so on.
inline std::vector<std::string> numbered(int count, int first = 0)
{
    std::vector<std::string> payloads;
    for (int number = first; number < first + count; ++number)
    {
        payloads.push_back(fmt::format("message {:03}", number));
    }
    return payloads;
}

/// Around the size of a buffer, and many times that.
inline std::vector<std::string> payloadsOfManySizes()
{
    std::vector<std::string> payloads;
    for (const std::size_t size : {100'000, 1, 4095, 4096, 4097, 50'000})
    {
        payloads.emplace_back(size, static_cast<char>('a' + payloads.size()));
    }
    return payloads;
}

inline std::string asLines(const std::vector<std::string>& payloads)
{
    return fmt::format("{}\n", fmt::join(payloads, "\n"));
}

} // namespace weft::test
