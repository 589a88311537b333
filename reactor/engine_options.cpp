#include <weft/reactor/engine_options.hpp>

namespace weft
{

std::string_view toString(EngineKind kind) noexcept
{
    switch (kind)
    {
    case EngineKind::Auto:
        return "auto";
    case EngineKind::IoUring:
        return "io_uring";
    case EngineKind::Epoll:
        return "epoll";
    }
    return "unknown";
}

std::optional<EngineKind> parseEngineKind(std::string_view text) noexcept
{
    for (const auto kind : {EngineKind::Auto, EngineKind::IoUring, EngineKind::Epoll})
    {
        if (text == toString(kind))
        {
            return kind;
        }
    }
    return std::nullopt;
}

} // namespace weft
