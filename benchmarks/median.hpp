#pragma once

#include <algorithm>
#include <vector>

namespace weft::bench
{

/// The middle one of numbers or durations; of an even count, halfway between the two in the middle.
/// Zero when there are none.
template <typename Value>
Value medianOf(std::vector<Value> values)
{
    if (values.empty())
    {
        return {};
    }
    std::ranges::sort(values);
    const auto lower = values[(values.size() - 1) / 2];
    const auto upper = values[values.size() / 2];
    return lower + (upper - lower) / 2;
}

} // namespace weft::bench
