#pragma once

#include <weft/reactor/io.hpp>
#include <weft/reactor/owned_descriptor.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>

namespace weft
{

/// Tells what happens to files and in directories: inotify(7). Nothing is looked at while all is
/// still. File systems that others write to (NFS, SMB) and some in user space tell nothing.
///
/// Of one fiber or thread at a time. It needs one of `fs.inotify.max_user_instances` (EMFILE when
/// there is none left) and each add() one of `fs.inotify.max_user_watches` (ENOSPC).
class FileWatch
{
public:
    struct Event
    {
        int watch = 0;          // what add() answered; LostEvents when it is of none
        std::uint32_t mask = 0; // IN_MODIFY and so on
        std::string_view name;  // in a directory; until the next call of fetch() or wait()
    };

    /// The queue has overflowed (IN_Q_OVERFLOW): anything may have happened.
    static constexpr int LostEvents = -1;

    /// Watches nothing.
    FileWatch() noexcept = default;

    static io::Result<FileWatch> create();

    /// Watches a file or directory; what is watched already gets the new mask and keeps its number.
    /// Looks the path up, which may block.
    io::Result<int> add(const std::filesystem::path& path, std::uint32_t mask) const noexcept;

    /// The same for an open file, whatever its name is now. Does not block.
    io::Result<int> add(int descriptor, std::uint32_t mask) const noexcept;

    /// It may be gone already.
    void remove(int watch) const noexcept;

    /// Takes the events that are there; false when there are none.
    io::Result<bool> fetch();

    /// Waits until there are some, and takes them. Suspends.
    io::Result<void> wait(Deadline deadline = NoDeadline);

    /// The next of those that fetch() or wait() has taken.
    std::optional<Event> next() noexcept;

    explicit operator bool() const noexcept
    {
        return static_cast<bool>(descriptor);
    }

private:
    /// Some hundred events, or a dozen with the longest names.
    static constexpr std::size_t EventsBytes = 4096;

    OwnedDescriptor descriptor;
    std::unique_ptr<std::byte[]> events;
    std::size_t eventsBegin = 0;
    std::size_t eventsEnd = 0;
};

} // namespace weft
