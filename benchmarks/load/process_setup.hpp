#pragma once

#include <cstdint>
#include <span>

#include <sys/types.h>

namespace weft::bench
{

/// CLOCK_MONOTONIC, which all processes of the machine share.
std::int64_t nowNs() noexcept;

void sleepUntilNs(std::int64_t whenNs) noexcept;

/// The CPU time of the process and all its threads.
std::int64_t processCpuNs() noexcept;

/// The calling thread and those that it starts run on this CPU only. Throws std::system_error.
void pinTo(int cpu);

/// Or on these.
void pinTo(std::span<const int> cpus);

/// For a process of a run: it ends with the one that started it (`parent`), and is as nice. If
/// `ownSession` it leads a session of its own, and the session is as nice, too: where the kernel
/// shares the CPU out to sessions first (sched_autogroup), the weight of one that is busy on
/// several CPUs is divided among them, so that a busy generator would slow its receiver down.
/// Throws std::system_error when a niceness is not permitted.
void setUpProcess(pid_t parent, int niceness, bool ownSession);

/// The calling process leads a session of its own, which is this nice. Throws std::system_error
/// when a niceness is not permitted.
void leadSession(int niceness);

} // namespace weft::bench
