#pragma once

#include <weft/sources/source_provider.hpp>

#include "tests/sources/runner_kind.hpp"

#include <cstdint>
#include <string>
#include <thread>

namespace weft::test
{

/// Enough for a test to end the trouble first.
inline constexpr std::uint64_t AttemptsWithoutEnd = 1'000'000'000;

/// A tcp source that is opened again that often, at once: the pauses are a millisecond or two. Only
/// data ends a row of failures here, no silent connection lasts long enough.
inline SourceHandle retriedFeed(Runtime& runtime, RunnerKind kind, std::uint16_t port,
                                std::uint64_t attempts, ParameterTexts texts = {})
{
    texts.try_emplace("execution", executionText(kind));
    texts.try_emplace("host", "127.0.0.1");
    texts.try_emplace("port", std::to_string(port));
    texts.try_emplace("flush_interval", "0");
    texts.try_emplace("reconnect_attempts", std::to_string(attempts));
    texts.try_emplace("reconnect_pause_min", "1ms");
    texts.try_emplace("reconnect_pause_max", attempts < 10 ? "1h" : "2ms");
    return SourceProvider(runtime).provide(7, SourceDescriptor("feed", "tcp", texts));
}

/// Returns when the source, or runner, has been tried again that often.
template <typename Watched>
void awaitRetries(const Watched& source, std::uint64_t count)
{
    while (source.statistics().retries < count)
    {
        std::this_thread::yield();
    }
}

} // namespace weft::test
