#pragma once

#include <string_view>

#include <sys/types.h>

namespace weft::test
{

/// Holds one thread of another process still while the others go on, as a device does that takes
/// its time.
class FrozenThread
{
public:
    /// The thread of that name; throws when there is none. `process` is a child of the caller's.
    FrozenThread(pid_t process, std::string_view name);

    /// As thaw().
    ~FrozenThread();

    FrozenThread(const FrozenThread&) = delete;
    FrozenThread& operator=(const FrozenThread&) = delete;

    /// Lets it go on. On the thread that froze it. The process does not end before that, not even
    /// when it is killed.
    void thaw();

private:
    pid_t thread = 0;
};

} // namespace weft::test
