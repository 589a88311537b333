#pragma once

#include <weft/reactor/simulation/feed.hpp>

#include <chrono>
#include <cstdint>
#include <utility>
#include <vector>

namespace weft::simulation
{

/// The content of the one stream or file that most tests have.
inline constexpr ContentId Stream = 7;

inline FeedPlan feed(std::vector<FeedStep> steps)
{
    return {.content = Stream, .steps = std::move(steps)};
}

inline FeedStep write(std::uint64_t bytes)
{
    return {.kind = FeedStep::Kind::Write, .bytes = bytes};
}

inline FeedStep pause(std::chrono::nanoseconds duration)
{
    return {.kind = FeedStep::Kind::Pause, .duration = duration};
}

inline FeedStep finish()
{
    return {.kind = FeedStep::Kind::Finish};
}

inline FeedStep reset()
{
    return {.kind = FeedStep::Kind::Reset};
}

} // namespace weft::simulation
