#pragma once

#include <weft/reactor/runtime.hpp>
#include <weft/sources/source_error.hpp>
#include <weft/sources/source_provider.hpp>

#include "tests/sources/event_log.hpp"
#include "tests/sources/runner_kind.hpp"
#include "tests/sources/scripted_server.hpp"
#include "tests/support/test_engine.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>

namespace weft::test
{

inline std::string readRequest(TcpStream& stream)
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

inline std::string targetOf(const std::string& request)
{
    const auto begin = request.find(' ') + 1;
    return request.substr(begin, request.find(' ', begin) - begin);
}

inline std::string chunk(std::string_view text)
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

inline const std::string Ok = "HTTP/1.1 200 OK\r\n";
inline const std::string Chunked = Ok + "Transfer-Encoding: chunked\r\n\r\n";
inline const std::string Events = Ok + "Content-Type: text/event-stream; charset=utf-8\r\n\r\n";

} // namespace weft::test
