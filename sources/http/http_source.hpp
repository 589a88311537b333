#pragma once

#include <weft/sources/http/event_stream.hpp>
#include <weft/sources/http/http_response.hpp>
#include <weft/sources/source.hpp>
#include <weft/sources/source_descriptor.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace weft
{

/// Receives the body of the answer to a GET, or the events that it consists of. Its end is the end
/// of the stream, unless the connection ends before the body is complete: that is an error.
class HttpSource final : public Source
{
public:
    static constexpr const char* TypeHelp = "what an HTTP server answers to a GET, or its events";
    static std::vector<ParameterDefinition> parameters();

    explicit HttpSource(const SourceDescriptor& descriptor);

    void open() override;
    FillStatus fillBuffer(Fill& fill) override;
    void close() override;

    StackClass stackClass() const noexcept override
    {
        return StackClass::Medium;
    }

    /// "127.0.0.1:40000 -> 127.0.0.1:80"
    std::string describe() const override;

private:
    std::unique_ptr<HttpResponse> ask(Deadline deadline) const;
    HttpRequest firstRequest() const;
    void follow(HttpRequest& request, const HttpResponse& answer) const;
    void requireSuccess(const HttpRequest& request, const HttpResponse& answer) const;
    FillStatus fillRaw(Fill& fill);
    FillStatus fillEvents(Fill& fill);
    void takeEvents(std::string_view bytes);
    FillStatus endEvents() const;

    const HttpRequest asked;
    const bool wantsEvents;
    const bool triesAgain;
    const std::int64_t redirectsMax;
    const std::chrono::nanoseconds connectTimeout;
    const std::size_t eventBytesMax;
    EventStream events;
    std::string_view unsent;    // of the records of `events`
    bool eventTooLarge = false; // the one after `unsent`
    std::unique_ptr<HttpResponse> response;
};

} // namespace weft
