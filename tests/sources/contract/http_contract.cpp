#include <weft/sources/contract/source_contract.hpp>

#include "tests/sources/contract/protocol_server.hpp"

#include <fmt/format.h>

namespace
{

/// Answers a GET with a body that has no end until it is told so.
struct HttpServer : weft::test::ProtocolServer
{
    /// `headers`: of the answer, each with its line end.
    explicit HttpServer(std::string headers) : answer("HTTP/1.1 200 OK\r\n" + headers + "\r\n")
    {
    }

    weft::ParameterTexts parameters(const std::string& host, std::uint16_t port) override
    {
        return {{"url", fmt::format("http://{}:{}/feed", host, port)}};
    }

    bool greet() override
    {
        return !readUntil("\r\n\r\n").empty() && write(answer);
    }

protected:
    const std::string answer;
};

/// The body ends with the connection.
struct PlainBody final : HttpServer
{
    PlainBody() : HttpServer("")
    {
    }

    std::optional<weft::ParameterTexts> atSimulatedAddress(const std::string& host,
                                                           std::uint16_t port) override
    {
        return parameters(host, port);
    }

    std::string simulatedPreface() const override
    {
        return answer;
    }

    bool readsAhead() const override
    {
        return true;
    }
};

struct ChunkedBody final : HttpServer
{
    ChunkedBody() : HttpServer("Transfer-Encoding: chunked\r\n")
    {
    }

    /// In two chunks, and in two parts: the second begins in the size of a chunk.
    bool send(std::string_view record) override
    {
        const auto half = record.size() / 2;
        const auto bytes = chunk(record.substr(0, half)) + chunk(record.substr(half));
        const auto cut = bytes.size() / 2 + 1;
        return write(bytes.substr(0, cut)) && write(bytes.substr(cut));
    }

    bool end() override
    {
        return write("0\r\n\r\n");
    }

private:
    static std::string chunk(std::string_view text)
    {
        return fmt::format("{:04x};extension=1\r\n{}\r\n", text.size(), text);
    }
};

/// Server-sent events.
struct EventStream final : HttpServer
{
    EventStream() : HttpServer("Content-Type: text/event-stream\r\n")
    {
    }

    weft::ParameterTexts parameters(const std::string& host, std::uint16_t port) override
    {
        auto texts = HttpServer::parameters(host, port);
        texts.emplace("format", "sse");
        return texts;
    }

    bool send(std::string_view record) override
    {
        return write(fmt::format(": comment\nid: {}\ndata: {}\n\n", record.size(), record));
    }

    std::string delivered(std::string_view record) const override
    {
        return std::string(record) + '\n';
    }
};

} // namespace

WEFT_SOURCE_CONTRACT(http, PlainBody)
WEFT_SOURCE_CONTRACT(http, ChunkedBody)
WEFT_SOURCE_CONTRACT(http, EventStream)
