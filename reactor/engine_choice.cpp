#include <weft/reactor/engine_choice.hpp>
#include <weft/reactor/epoll_engine.hpp>
#include <weft/reactor/uring_engine.hpp>
#include <weft/reactor/uring_features.hpp>

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <mutex>
#include <string>
#include <utility>

namespace weft
{

namespace
{

/// One line, written at once: other threads may print too.
void sayOnce(const std::string& reason)
{
    static std::once_flag said;
    std::call_once(said,
                   [&]
                   {
                       const auto line = fmt::format(
                           "weft: using epoll, as io_uring cannot be used: {}\n", reason);
                       std::fputs(line.c_str(), stderr);
                   });
}

} // namespace

bool refusesUring(std::error_code error) noexcept
{
    return error.value() == ENOSYS || error.value() == EPERM || error.value() == EINVAL;
}

std::unique_ptr<Engine> makeEngineByChoice(const EngineOptions& options)
{
    if (options.kind == EngineKind::Epoll)
    {
        return std::make_unique<EpollEngine>(options);
    }
    try
    {
        return std::make_unique<UringEngine>(options);
    }
    catch (const std::system_error& error)
    {
        if (!refusesUring(error.code()))
        {
            throw;
        }
        auto reason = explainUringError(error.code());
        if (options.kind == EngineKind::IoUring)
        {
            throw std::system_error(
                error.code(),
                fmt::format("cannot use io_uring: {}; or let the engine be auto or epoll", reason));
        }
        sayOnce(reason);
        return std::make_unique<EpollEngine>(options, std::move(reason));
    }
}

} // namespace weft
