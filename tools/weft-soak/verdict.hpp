#pragma once

#include <weft/sources/source_runner.hpp>

#include "feed.hpp"
#include "life_sink.hpp"
#include "plan.hpp"

#include <optional>
#include <string>

namespace weft::soak
{

/// Everything that is known of a life when it is over.
struct LifeRecord
{
    const LifePlan& plan;
    const FeedAccount& account; // of the peer; empty for files
    LifeSink& sink;
    std::optional<SourceStatistics> statistics; // none when the handle was destroyed
    Clock::time_point startTime;
    std::uint32_t bufferSizeBytes = 0;
};

/// Compares what has happened with the contract of SourceRunner and with the plan. What went
/// against it, as "expected: ...; found: ..."; empty when nothing did.
std::string judge(const LifeRecord& record);

} // namespace weft::soak
