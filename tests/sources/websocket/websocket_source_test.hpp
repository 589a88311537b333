#pragma once

#include <weft/reactor/runtime.hpp>
#include <weft/sources/source_error.hpp>
#include <weft/sources/source_provider.hpp>

#include "tests/sources/event_log.hpp"
#include "tests/sources/runner_kind.hpp"
#include "tests/sources/websocket/websocket_peer.hpp"
#include "tests/support/test_engine.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <string>
#include <utility>

namespace weft::test
{

/// Sources that connect to a server which follows a script, on the runner of the parameter.
class WebSocketSourceTest : public testing::TestWithParam<RunnerKind>
{
protected:
    SourceHandle connectTo(std::uint16_t port, ParameterTexts texts = {})
    {
        texts.try_emplace("execution", executionText(GetParam()));
        texts.try_emplace("url", "ws://127.0.0.1:" + std::to_string(port) + "/feed?topic=a");
        return SourceProvider(runtime).provide(7, SourceDescriptor("feed", "websocket", texts));
    }

    /// Runs a source against a server that follows the script once the WebSocket is open.
    void run(const std::function<void(WebSocketPeer&)>& script, ParameterTexts texts = {})
    {
        ScriptedServer server(
            [&](TcpStream& stream)
            {
                WebSocketPeer peer(stream);
                peer.accept();
                script(peer);
            });
        auto source = connectTo(server.port(), std::move(texts));
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

} // namespace weft::test
