#pragma once

#include <weft/reactor/runtime.hpp>
#include <weft/sources/source_provider.hpp>

#include "tests/sources/pattern_peer.hpp"
#include "tests/sources/runner_kind.hpp"
#include "tests/support/test_engine.hpp"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace weft::test
{

/// Tests of who gets buffers, with TCP sources over both runners, each with a peer that the test
/// plays itself.
class FlowTest : public testing::TestWithParam<RunnerKind>
{
protected:
    struct Feed
    {
        PatternPeer peer;
        SourceHandle source;
    };

    void startRuntime(std::uint32_t buffers, std::size_t bufferSizeBytes,
                      std::uint32_t computeBuffers = 0)
    {
        runtime.emplace(onTestEngine({.reactors = 1,
                                      .buffersPerReactor = buffers,
                                      .threadBuffers = buffers,
                                      .bufferSizeBytes = bufferSizeBytes,
                                      .computeBuffers = computeBuffers,
                                      .stacksPerReactor = {256, 16, 4}}));
    }

    /// A source that runs, and its peer.
    Feed connect(EmitFunction emit, ParameterTexts texts = {})
    {
        const auto listener = TcpListener::listen(*SocketAddress::parse("127.0.0.1", 0)).value();
        texts.try_emplace("host", "127.0.0.1");
        texts.try_emplace("port", std::to_string(listener.localAddress().port()));
        texts.try_emplace("execution", executionText(GetParam()));
        texts.try_emplace("flush_interval", "0");
        auto source =
            SourceProvider(*runtime).provide(nextOrigin++, SourceDescriptor("feed", "tcp", texts));
        EXPECT_TRUE(source.start(std::move(emit)));
        return {.peer = PatternPeer(listener.accept().value()), .source = std::move(source)};
    }

    /// Of the pool that the sources of this runner use.
    IoBufferPoolStatistics pool()
    {
        auto& buffers = runtime->buffers();
        return GetParam() == RunnerKind::Fiber ? buffers.ioPool(0).statistics()
                                               : buffers.threadPool().statistics();
    }

    /// Polls: the numbers of a pool have no event to wait on.
    template <typename Condition>
    static void await(Condition condition)
    {
        while (!condition())
        {
            std::this_thread::yield();
        }
    }

    void awaitInUse(std::uint32_t count)
    {
        await(
            [&]
            {
                return pool().inUse == count;
            });
    }

    /// Returns when so many sources wait. They go on doing so until somebody gives back.
    void awaitWaiting(std::uint32_t count)
    {
        await(
            [&]
            {
                return pool().waiting == count;
            });
    }

    /// A number that the test found, for who reads its output.
    template <typename Number>
    static void report(std::string_view name, Number number)
    {
        fmt::print("             {}: {}\n", name, number);
    }

    /// The shared buffers that one source ends with when `sharedCount` are free and nobody else
    /// takes any: the rule of memory/buffer_accounts.hpp, restated.
    static constexpr std::uint32_t adaptiveShare(std::uint32_t sharedCount)
    {
        std::uint32_t held = 0;
        while (held < std::bit_floor(sharedCount - held))
        {
            ++held;
        }
        return held;
    }

    std::optional<Runtime> runtime;
    OriginId nextOrigin = 1;
};

} // namespace weft::test
