#pragma once

#include <cstdint>

namespace weft::tools
{

/// RLIMIT_NOFILE.
struct DescriptorLimit
{
    std::uint64_t soft = 0;
    std::uint64_t hard = 0;
};

DescriptorLimit readDescriptorLimit();

/// Raises the soft limit to the hard one and answers what holds now.
DescriptorLimit raiseDescriptorLimit();

/// Raises the limit; throws UsageError, with the numbers and what to do, when `needed` descriptors
/// are more than the hard one allows.
void requireDescriptors(std::uint64_t needed);

} // namespace weft::tools
