#include <weft/reactor/file_watch.hpp>

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstring>

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

namespace weft
{

namespace
{

io::Result<int> checked(int result) noexcept
{
    if (result < 0)
    {
        return std::unexpected(errnoError(errno));
    }
    return result;
}

} // namespace

io::Result<FileWatch> FileWatch::create()
{
    const auto made = checked(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    if (!made)
    {
        return std::unexpected(made.error());
    }
    FileWatch watch;
    watch.descriptor.reset(*made);
    watch.events = std::make_unique<std::byte[]>(EventsBytes);
    return watch;
}

io::Result<int> FileWatch::add(const std::filesystem::path& path, std::uint32_t mask) const noexcept
{
    return checked(::inotify_add_watch(descriptor.get(), path.c_str(), mask));
}

io::Result<int> FileWatch::add(int file, std::uint32_t mask) const noexcept
{
    std::array<char, 32> path{};
    fmt::format_to_n(path.data(), path.size() - 1, "/proc/self/fd/{}", file);
    return checked(::inotify_add_watch(descriptor.get(), path.data(), mask));
}

void FileWatch::remove(int watch) const noexcept
{
    // EINVAL: the kernel has removed it, as what it was for is gone.
    ::inotify_rm_watch(descriptor.get(), watch);
}

io::Result<bool> FileWatch::fetch()
{
    for (;;)
    {
        const auto size = ::read(descriptor.get(), events.get(), EventsBytes);
        if (size >= 0)
        {
            eventsBegin = 0;
            eventsEnd = static_cast<std::size_t>(size);
            return true;
        }
        if (errno == EAGAIN)
        {
            return false;
        }
        if (errno != EINTR)
        {
            return std::unexpected(errnoError(errno));
        }
    }
}

io::Result<void> FileWatch::wait(Deadline deadline)
{
    for (;;)
    {
        const auto ready = io::poll(descriptor.get(), POLLIN, deadline);
        if (!ready)
        {
            return std::unexpected(ready.error());
        }
        const auto fetched = fetch();
        if (!fetched)
        {
            return std::unexpected(fetched.error());
        }
        if (*fetched)
        {
            return {};
        }
    }
}

std::optional<FileWatch::Event> FileWatch::next() noexcept
{
    if (eventsBegin == eventsEnd)
    {
        return std::nullopt;
    }
    inotify_event event;
    std::memcpy(&event, events.get() + eventsBegin, sizeof(event));
    // The name is padded with zeros.
    const auto* const name =
        reinterpret_cast<const char*>(events.get() + eventsBegin + sizeof(event));
    eventsBegin += sizeof(event) + event.len;
    return Event{.watch = event.wd,
                 .mask = event.mask,
                 .name = std::string_view(name, ::strnlen(name, event.len))};
}

} // namespace weft
