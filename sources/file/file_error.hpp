#pragma once

#include <weft/reactor/io.hpp>
#include <weft/sources/source_error.hpp>

#include <fmt/format.h>

#include <string_view>
#include <type_traits>
#include <utility>

namespace weft
{

/// The value, or a SourceError: "open 'data.csv': No such file or directory".
template <typename T>
T requireFile(io::Result<T> result, std::string_view what, std::string_view path)
{
    if (!result)
    {
        throw SourceError(result.error(), fmt::format("{} '{}'", what, path));
    }
    if constexpr (!std::is_void_v<T>)
    {
        return std::move(*result);
    }
}

} // namespace weft
