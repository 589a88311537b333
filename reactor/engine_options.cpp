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

} // namespace weft
