#pragma once

#include <weft/reactor/io.hpp>
#include <weft/sources/stream/http_exchange.hpp>
#include <weft/sources/stream/url.hpp>

#include <memory>
#include <span>
#include <string>

namespace weft
{

struct HttpRequest
{
    Url url;
    ClientStreamSettings server;
    HttpHeaders headers;
    std::string text; // the URL
};

/// The answer to a GET on a connection of its own, by Boost.Beast. Of one fiber or thread.
class HttpResponse
{
public:
    /// Connects, asks, and reads the headers of the answer. Throws SourceError. Suspends.
    HttpResponse(const HttpRequest& request, Deadline deadline);
    ~HttpResponse();

    HttpResponse(const HttpResponse&) = delete;
    HttpResponse& operator=(const HttpResponse&) = delete;

    unsigned status() const noexcept;
    std::string reason() const;

    /// Empty when there is none of the name.
    std::string header(const std::string& name) const;

    /// At least one byte of the body; zero at its end. The error is one of giving up, with nothing
    /// lost. Throws SourceError, also for a body that ends early, once all before has been given
    /// out. Suspends.
    io::Result<std::size_t> receive(std::span<std::byte> buffer, Deadline deadline);

    /// Suspends.
    io::Result<void> close();

    std::string describe() const;

private:
    struct State;
    std::unique_ptr<State> state;
};

} // namespace weft
