#pragma once

#include <weft/reactor/runtime.hpp>
#include <weft/reactor/tcp.hpp>
#include <weft/sources/source_provider.hpp>

#include "tests/sources/connection_log.hpp"
#include "tests/sources/runner_kind.hpp"
#include "tests/support/sockets.hpp"
#include "tests/support/test_engine.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>

namespace weft::test
{

/// Tests of a listening source with clients that the test plays itself, over both runners.
class ListenTest : public testing::TestWithParam<RunnerKind>
{
protected:
    void startRuntime(std::uint32_t buffers)
    {
        runtime.emplace(onTestEngine({.reactors = 1,
                                      .buffersPerReactor = buffers,
                                      .threadBuffers = buffers,
                                      .bufferSizeBytes = 1024,
                                      .stacksPerReactor = {2048, 16, 4}}));
    }

    SourceHandle provide(ParameterTexts texts = {})
    {
        if (!runtime)
        {
            startRuntime(256);
        }
        texts.try_emplace("execution", executionText(GetParam()));
        texts.try_emplace("port", "0");
        return SourceProvider(*runtime).provide(7, SourceDescriptor("door", "tcp_listen", texts));
    }

    /// Started, and listening.
    SourceHandle listen(ConnectionLog& ownLog, ParameterTexts texts = {})
    {
        auto source = provide(std::move(texts));
        EXPECT_TRUE(source.start(ownLog.emit()));
        awaitRunning(source);
        return source;
    }

    static void awaitRunning(const SourceHandle& source)
    {
        await(
            [&]
            {
                return source.statistics().state == SourceState::Running;
            });
    }

    static std::uint16_t portOf(const SourceHandle& source)
    {
        const auto endpoint = source.statistics().endpoint;
        return static_cast<std::uint16_t>(std::stoi(endpoint.substr(endpoint.rfind(':') + 1)));
    }

    static TcpStream connectTo(const SourceHandle& source)
    {
        return TcpStream::connect(*SocketAddress::parse("127.0.0.1", portOf(source))).value();
    }

    /// Polls: the numbers of a source have no event to wait on.
    template <typename Condition>
    static void await(Condition condition)
    {
        while (!condition())
        {
            std::this_thread::yield();
        }
    }

    static void send(const TcpStream& client, std::string_view text)
    {
        client.sendAll(bytesOf(text)).value();
    }

    std::optional<Runtime> runtime;
    ConnectionLog log;
};

} // namespace weft::test
