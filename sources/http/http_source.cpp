#include <weft/sources/http/http_source.hpp>
#include <weft/sources/http/redirect.hpp>
#include <weft/sources/quantity.hpp>
#include <weft/sources/source_error.hpp>
#include <weft/sources/source_registry.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <stdexcept>

WEFT_REGISTER_SOURCE(http, weft::HttpSource)

namespace weft
{

namespace
{

constexpr std::array<std::string_view, 5> ReservedHeaders{"Host", "Connection", "Upgrade",
                                                          "Transfer-Encoding", "Content-Length"};
constexpr unsigned NoContent = 204;

bool isRedirect(unsigned status)
{
    constexpr std::array<unsigned, 5> Redirects{301, 302, 303, 307, 308};
    return std::ranges::find(Redirects, status) != Redirects.end();
}

void addUnlessGiven(HttpHeaders& headers, const std::string& name, const std::string& value)
{
    if (!hasHeader(headers, name))
    {
        headers.emplace_back(name, value);
    }
}

} // namespace

std::vector<ParameterDefinition> HttpSource::parameters()
{
    std::vector<ParameterDefinition> definitions{
        {.name = "url",
         .type = ParameterType::Text,
         .help = "what to get: http://host:port/path, or https:// with TLS"},
        headersParameter(),
        {.name = "format",
         .type = ParameterType::Text,
         .defaultValue = "raw",
         .help =
             "raw: the body as it is; sse: the data of server-sent events, a newline after each "
             "of its lines",
         .choices = {"raw", "sse"}},
        {.name = "event_size_max",
         .type = ParameterType::Size,
         .defaultValue = "1MiB",
         .help = "with sse: a larger event is an error",
         .least = 1},
        {.name = "redirects_max",
         .type = ParameterType::Integer,
         .defaultValue = "5",
         .help = "how often to go where the server says instead; never from https to http",
         .most = 20},
        {.name = "connect_timeout",
         .type = ParameterType::Duration,
         .defaultValue = "10s",
         .help = "give up when it takes longer until the body begins",
         .least = 1'000'000},
    };
    for (auto& definition : tlsParameters())
    {
        definitions.push_back(std::move(definition));
    }
    for (auto& definition : reconnectParameters())
    {
        definitions.push_back(std::move(definition));
    }
    return definitions;
}

HttpSource::HttpSource(const SourceDescriptor& descriptor)
    : asked{.url = readUrl(descriptor, HttpSchemes),
            .server = connectionTo(readUrl(descriptor, HttpSchemes), descriptor, HttpSchemes),
            .headers = readHeaders(descriptor, ReservedHeaders),
            .text = descriptor.text("url")},
      wantsEvents(descriptor.text("format") == "sse"),
      triesAgain(descriptor.integer("reconnect_attempts") > 0),
      redirectsMax(descriptor.integer("redirects_max")),
      connectTimeout(descriptor.duration("connect_timeout")),
      eventBytesMax(descriptor.sizeBytes("event_size_max")),
      events(eventBytesMax)
{
}

HttpRequest HttpSource::firstRequest() const
{
    auto request = asked;
    if (wantsEvents)
    {
        addUnlessGiven(request.headers, "Accept", "text/event-stream");
        addUnlessGiven(request.headers, "Cache-Control", "no-cache");
        if (!events.lastEventId().empty())
        {
            // One that was given says where to begin.
            std::erase_if(request.headers,
                          [](const auto& header)
                          {
                              return equalsIgnoringCase(header.first, "Last-Event-ID");
                          });
            request.headers.emplace_back("Last-Event-ID", events.lastEventId());
        }
    }
    return request;
}

void HttpSource::open()
{
    events.restart();
    unsent = {};
    eventTooLarge = false;
    try
    {
        response = ask(io::after(connectTimeout));
    }
    catch (const SourceError& error)
    {
        throwIfTimedOut(error, asked.text, connectTimeout);
        throw;
    }
}

/// Goes where the server says, and returns the answer that has the body.
std::unique_ptr<HttpResponse> HttpSource::ask(Deadline deadline) const
{
    auto request = firstRequest();
    auto answer = std::make_unique<HttpResponse>(request, deadline);
    for (std::int64_t redirects = 0; isRedirect(answer->status()); ++redirects)
    {
        if (redirects == redirectsMax)
        {
            throw SourceError(errnoError(ELOOP),
                              fmt::format("GET {}: the server went on to redirect after {} times",
                                          asked.text, redirects));
        }
        follow(request, *answer);
        answer = std::make_unique<HttpResponse>(request, deadline);
    }
    requireSuccess(request, *answer);
    return answer;
}

/// Makes the request the one that the answer says.
void HttpSource::follow(HttpRequest& request, const HttpResponse& answer) const
{
    const auto given = answer.header("Location");
    if (given.empty())
    {
        throw SourceError(errnoError(EPROTO),
                          fmt::format("GET {}: the server answered {} {}, but not where to go: it "
                                      "gave no Location",
                                      request.text, answer.status(), answer.reason()));
    }
    const auto location = resolveLocation(request.url, given);
    Url url;
    try
    {
        url = parseUrl(location, HttpSchemes);
    }
    catch (const std::invalid_argument& wrong)
    {
        throw SourceError(errnoError(EPROTO),
                          fmt::format("GET {}: the server redirects to '{}', which {}",
                                      request.text, location, wrong.what()));
    }
    if (request.url.isSecure && !url.isSecure)
    {
        throw SourceError(errnoError(EACCES),
                          fmt::format("GET {}: the server redirects to {}, which is not secure",
                                      request.text, location));
    }
    if (url.host != request.url.host || url.port != request.url.port)
    {
        // They are for the one who was asked.
        std::erase_if(request.headers,
                      [](const auto& header)
                      {
                          return equalsIgnoringCase(header.first, "Authorization") ||
                                 equalsIgnoringCase(header.first, "Cookie");
                      });
    }
    if (url.isSecure && !request.server.tls)
    {
        requireTls("url", location);
        request.server.tls = TlsSettings{};
    }
    request.server.host = url.host;
    request.server.port = url.port;
    request.url = url;
    request.text = location;
}

void HttpSource::requireSuccess(const HttpRequest& request, const HttpResponse& answer) const
{
    const auto status = answer.status();
    if (status < 200 || status >= 300)
    {
        const auto pause = answer.header("Retry-After");
        throw SourceError(errnoError(errnoOfStatus(status)),
                          fmt::format("GET {}: the server answered {} {}{}{}", request.text, status,
                                      answer.reason(),
                                      pause.empty() ? "" : ", Retry-After: ", pause));
    }
    const auto kind = answer.header("Content-Type");
    constexpr std::string_view Events = "text/event-stream";
    if (wantsEvents && status != NoContent &&
        !equalsIgnoringCase(std::string_view(kind).substr(0, Events.size()), Events))
    {
        throw SourceError(
            errnoError(EPROTO),
            fmt::format("GET {}: the answer is of type '{}', not {}", request.text, kind, Events));
    }
}

FillStatus HttpSource::fillBuffer(Fill& fill)
{
    return wantsEvents ? fillEvents(fill) : fillRaw(fill);
}

FillStatus HttpSource::fillRaw(Fill& fill)
{
    while (fill.wantsMore())
    {
        const auto received = response->receive(fill.rest(), fill.deadline());
        if (!received)
        {
            break;
        }
        if (*received == 0)
        {
            return FillStatus::EndOfStream;
        }
        fill.advance(*received);
    }
    return FillStatus::More;
}

FillStatus HttpSource::fillEvents(Fill& fill)
{
    while (fill.wantsMore())
    {
        if (!unsent.empty())
        {
            const auto count = std::min(unsent.size(), fill.rest().size());
            std::ranges::copy(std::as_bytes(std::span(unsent.substr(0, count))),
                              fill.rest().begin());
            fill.advance(count);
            unsent.remove_prefix(count);
            continue;
        }
        if (eventTooLarge)
        {
            throw SourceError(
                errnoError(EMSGSIZE),
                fmt::format("GET {}: an event is larger than event_size_max, which is {}",
                            asked.text, formatSize(eventBytesMax)));
        }
        std::array<std::byte, 4096> part;
        const auto received = response->receive(part, fill.deadline());
        if (!received)
        {
            break;
        }
        if (*received == 0)
        {
            return endEvents();
        }
        takeEvents({reinterpret_cast<const char*>(part.data()), *received});
    }
    return FillStatus::More;
}

/// Those before one that is too large are to be delivered before its error.
void HttpSource::takeEvents(std::string_view bytes)
{
    events.clearRecords();
    try
    {
        events.feed(bytes);
    }
    catch (const std::length_error&)
    {
        eventTooLarge = true;
    }
    unsent = events.records();
}

/// A server that has no more says so with 204; else the connection is to be made again.
FillStatus HttpSource::endEvents() const
{
    if (triesAgain && response->status() != NoContent)
    {
        throw SourceError(errnoError(ECONNABORTED),
                          fmt::format("GET {}: the stream of events ended", asked.text));
    }
    return FillStatus::EndOfStream;
}

void HttpSource::close()
{
    const auto closed = response->close();
    response.reset();
    if (!closed)
    {
        throw SourceError(closed.error(), fmt::format("close {}", asked.text));
    }
}

std::string HttpSource::describe() const
{
    return response->describe();
}

} // namespace weft
