#pragma once

#include <fmt/format.h>

#include <cstdio>
#include <utility>

namespace weft::tools
{

/// Prints what is only said along the way: when it cannot be written (a full disk, a reader that
/// has gone) nothing else must fail for it.
template <typename... Arguments>
void printBestEffort(std::FILE* file, fmt::format_string<Arguments...> format,
                     Arguments&&... arguments)
{
    const auto text = fmt::format(format, std::forward<Arguments>(arguments)...);
    std::fwrite(text.data(), 1, text.size(), file);
}

} // namespace weft::tools
