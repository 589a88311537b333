#pragma once

#include <functional>

namespace weft::bench
{

/// Does `work` in a child process that leads a session of its own, which is so nice, and returns
/// its status, 128 and more when a signal has ended it. Where the kernel shares CPUs out to
/// sessions first (sched_autogroup), processes in sessions of their own would get shares that
/// depend on how many they are: all processes of all runs are in this one. Signals that interrupt
/// this process go on to the child, which ends with this process. Before any thread. Throws
/// std::system_error.
int runInOwnSession(int niceness, const std::function<int()>& work);

} // namespace weft::bench
