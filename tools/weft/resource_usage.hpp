#pragma once

#include "ingest_result.hpp"

namespace weft::tools
{

/// Of this process since it started; the peak of memory is that of its whole life.
ResourceUsage currentUsage() noexcept;

/// The CPU time between the two; the peak of the later one.
ResourceUsage operator-(const ResourceUsage& later, const ResourceUsage& earlier) noexcept;

} // namespace weft::tools
