#include <weft/memory/assert.hpp>
#include <weft/sources/http/http_response.hpp>
#include <weft/sources/source_error.hpp>

#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

namespace weft
{

namespace
{

namespace http = boost::beast::http;
using boost::system::error_code;

std::string requestText(const HttpRequest& request)
{
    auto text = fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n",
                            request.url.target, request.url.authority());
    if (!hasHeader(request.headers, "User-Agent"))
    {
        text += "User-Agent: weft\r\n";
    }
    for (const auto& [name, value] : request.headers)
    {
        text += fmt::format("{}: {}\r\n", name, value);
    }
    return text + "\r\n";
}

/// Whether the answer proper is still to come (RFC 9110, 15.2). Nothing comes in HTTP after 101.
bool isInterim(unsigned status)
{
    constexpr unsigned SwitchingProtocols = 101;
    return status / 100 == 1 && status != SwitchingProtocols;
}

} // namespace

struct HttpResponse::State
{
    State(const HttpRequest& request, Deadline deadline)
        : stream(request.server, deadline),
          text(request.text)
    {
    }

    io::Result<void> more(Deadline deadline);
    void parse();
    void requireParsed() const;
    void readHeaders(Deadline deadline);

    ClientStream stream;
    const std::string text;
    std::optional<http::response_parser<http::buffer_body>> parser;
    error_code wrong; // with the answer, after what has been parsed of it
    /// What has arrived and is not parsed: [begin, end). Room for the longest header.
    std::array<std::byte, 16 << 10> stage;
    std::size_t begin = 0;
    std::size_t end = 0;
};

/// More into the stage, or tells the parser of the end of the connection.
io::Result<void> HttpResponse::State::more(Deadline deadline)
{
    std::memmove(stage.data(), stage.data() + begin, end - begin);
    end -= begin;
    begin = 0;
    // The parser's limit for headers is half of it.
    WEFT_ASSERT(end < stage.size());
    const auto received = stream.receive(std::span(stage).subspan(end), deadline);
    if (!received)
    {
        return std::unexpected(received.error());
    }
    end += *received;
    if (*received == 0)
    {
        error_code error;
        if (parser->got_some())
        {
            parser->put_eof(error);
        }
        if (error || !parser->got_some())
        {
            throw SourceError(
                errnoError(ECONNABORTED),
                fmt::format("GET {}: the connection ended before the answer did", text));
        }
    }
    return {};
}

void HttpResponse::State::parse()
{
    error_code error;
    begin += parser->put(boost::asio::buffer(stage.data() + begin, end - begin), error);
    if (error != http::error::need_more && error != http::error::need_buffer)
    {
        wrong = error;
    }
}

void HttpResponse::State::requireParsed() const
{
    if (wrong)
    {
        throw SourceError(wrong, fmt::format("GET {}", text));
    }
}

/// Of the next answer.
void HttpResponse::State::readHeaders(Deadline deadline)
{
    parser.emplace();
    parser->body_limit(boost::none);
    while (!parser->is_header_done())
    {
        const auto unparsed = end - begin;
        if (unparsed > 0)
        {
            parse();
            requireParsed();
        }
        const bool isStuck = unparsed == end - begin;
        if (isStuck && !parser->is_header_done())
        {
            if (const auto received = more(deadline); !received)
            {
                throw SourceError(received.error(), fmt::format("GET {}", text));
            }
        }
    }
}

HttpResponse::HttpResponse(const HttpRequest& request, Deadline deadline)
    : state(std::make_unique<State>(request, deadline))
{
    const auto asked = requestText(request);
    state->stream.sendAll(std::as_bytes(std::span(asked)), deadline);
    do
    {
        state->readHeaders(deadline);
    } while (isInterim(status()));
    state->parser->eager(true);
}

HttpResponse::~HttpResponse() = default;

unsigned HttpResponse::status() const noexcept
{
    return state->parser->get().result_int();
}

std::string HttpResponse::reason() const
{
    const auto text = state->parser->get().reason();
    return {text.data(), text.size()};
}

std::string HttpResponse::header(const std::string& name) const
{
    const auto value = state->parser->get()[name];
    return {value.data(), value.size()};
}

io::Result<std::size_t> HttpResponse::receive(std::span<std::byte> buffer, Deadline deadline)
{
    auto& body = state->parser->get().body();
    body.data = buffer.data();
    body.size = buffer.size();
    while (!state->parser->is_done())
    {
        const auto unparsed = state->end - state->begin;
        if (unparsed > 0 && !state->wrong)
        {
            state->parse();
        }
        if (body.size < buffer.size())
        {
            return buffer.size() - body.size;
        }
        state->requireParsed();
        const bool isStuck = unparsed == state->end - state->begin;
        if (isStuck && !state->parser->is_done())
        {
            if (const auto received = state->more(deadline); !received)
            {
                return std::unexpected(received.error());
            }
        }
    }
    return 0;
}

io::Result<void> HttpResponse::close()
{
    return state->stream.close();
}

std::string HttpResponse::describe() const
{
    return state->stream.describe();
}

} // namespace weft
