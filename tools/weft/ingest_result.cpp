#include "ingest_result.hpp"

#include <algorithm>

namespace weft::tools
{

namespace
{

std::uint64_t sum(const std::vector<SourceResult>& sources,
                  std::uint64_t SourceResult::*member) noexcept
{
    std::uint64_t total = 0;
    for (const auto& source : sources)
    {
        total += source.*member;
    }
    return total;
}

} // namespace

std::uint64_t IngestResult::bytes() const noexcept
{
    return sum(sources, &SourceResult::bytes);
}

std::uint64_t IngestResult::buffers() const noexcept
{
    return sum(sources, &SourceResult::buffers);
}

std::uint64_t IngestResult::retries() const noexcept
{
    return sum(sources, &SourceResult::retries);
}

std::uint64_t IngestResult::buffersDropped() const noexcept
{
    return sum(sources, &SourceResult::buffersDropped);
}

std::uint64_t IngestResult::messagesLost() const noexcept
{
    return sum(sources, &SourceResult::messagesLost);
}

std::size_t IngestResult::count(SourceState state) const noexcept
{
    return static_cast<std::size_t>(std::ranges::count(sources, state, &SourceResult::state));
}

} // namespace weft::tools
