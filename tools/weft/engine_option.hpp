#pragma once

#include <weft/reactor/engine_options.hpp>
#include <weft/reactor/runtime_options.hpp>

#include <string>

namespace weft::tools
{

inline constexpr auto EngineOptionHelp = "How I/O is carried out: auto (default; io_uring, or "
                                         "epoll where the machine refuses io_uring), "
                                         "io_uring or epoll";

/// The value of the option --engine. Throws InvalidOption.
inline EngineKind parseEngineOption(const std::string& text)
{
    const auto kind = parseEngineKind(text);
    if (!kind)
    {
        throw InvalidOption("--engine", text, std::string(EngineKindsAllowed));
    }
    return *kind;
}

} // namespace weft::tools
