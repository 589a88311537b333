#pragma once

#include <weft/reactor/runtime_options.hpp>

#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

/// \file
/// The engine that tests run on: io_uring, or what the environment variable WEFT_TEST_ENGINE says.

namespace weft
{

inline EngineKind testEngine()
{
    const auto* const wanted = std::getenv("WEFT_TEST_ENGINE");
    const std::string_view name = wanted != nullptr ? wanted : "io_uring";
    for (const auto kind : {EngineKind::IoUring, EngineKind::Epoll})
    {
        if (name == toString(kind))
        {
            return kind;
        }
    }
    throw std::invalid_argument("WEFT_TEST_ENGINE is " + std::string(name) +
                                "; allowed: io_uring, epoll");
}

/// The options, with that engine.
inline RuntimeOptions onTestEngine(RuntimeOptions options)
{
    options.engine = testEngine();
    return options;
}

} // namespace weft
