#include "resource_advice.hpp"

#include "descriptor_limit.hpp"

#include <fmt/format.h>

#include <cerrno>

namespace weft::tools
{

namespace
{

constexpr std::string_view MoreThreads =
    "raise the limit, which 'ulimit -u' and pids.max of the cgroup show, or use fewer threads";

} // namespace

std::string resourceAdvice(std::error_code error)
{
    if (error.category() != std::system_category() && error.category() != std::generic_category())
    {
        return {};
    }
    switch (error.value())
    {
    case EMFILE:
    {
        const auto limit = readDescriptorLimit();
        return fmt::format("this process may have {} file descriptors (hard limit {}); raise the "
                           "limit, which 'ulimit -Hn' shows, or use fewer sources",
                           limit.soft, limit.hard);
    }
    case ENFILE:
        return "the machine has no file descriptors left; raise 'sysctl fs.file-max'";
    case EAGAIN:
        return fmt::format("the machine refuses another thread; {}", MoreThreads);
    case ECANCELED: // nobody cancels what then fails: a stop has an error of its own
        return fmt::format("the kernel was refused a thread for io_uring; {}", MoreThreads);
    case ENOMEM:
    case ENOBUFS:
        return "the machine, or memory.max of the cgroup, has no memory left for it";
    default:
        return {};
    }
}

std::string withResourceAdvice(std::string_view message, std::error_code error)
{
    // Some messages of the runtime say themselves what to raise; and a file that another process
    // has leased (fcntl(2)) answers EAGAIN, which has nothing to do with threads.
    const bool saidAlready = message.contains("raise ");
    const bool leased = error.value() == EAGAIN && message.starts_with("open ");
    const auto advice = saidAlready || leased ? std::string() : resourceAdvice(error);
    return advice.empty() ? std::string(message) : fmt::format("{}; {}", message, advice);
}

} // namespace weft::tools
