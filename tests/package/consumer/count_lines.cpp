#include <weft/reactor/runtime.hpp>
#include <weft/sources/source_provider.hpp>

#include <algorithm>
#include <cstdio>
#include <future>

namespace
{

/// Runs a source to its end and counts the lines that it delivers; -1 when it fails.
long countLines(weft::SourceProvider& provider, const weft::SourceDescriptor& descriptor)
{
    long lines = 0;
    std::promise<bool> ended;
    auto source = provider.provide(1, descriptor);
    const bool started = source.start(
        [&](weft::OriginId, weft::SourceEvent event)
        {
            if (const auto* const data = std::get_if<weft::SourceData>(&event))
            {
                lines += std::ranges::count(data->buffer.bytes(), std::byte{'\n'});
                return;
            }
            ended.set_value(std::holds_alternative<weft::EndOfStream>(event));
        });
    return started && ended.get_future().get() ? lines : -1;
}

} // namespace

int main(int, char** arguments)
{
    weft::Runtime runtime({.reactors = 1});
    weft::SourceProvider provider(runtime);
    std::printf("file: %ld lines\n",
                countLines(provider, {"file", "file", {{"path", arguments[1]}}}));
    std::printf(
        "heartbeat: %ld lines\n",
        countLines(provider, {"pulse", "heartbeat", {{"interval", "1ms"}, {"beats", "26"}}}));
}
