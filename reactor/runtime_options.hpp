#pragma once

#include <weft/memory/stack_class.hpp>
#include <weft/reactor/engine_options.hpp>
#include <weft/timers/timer_wheel.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace weft
{

class Machine;

/// One option whose value cannot be used. The message has all three parts.
class InvalidOption : public std::invalid_argument
{
public:
    InvalidOption(std::string optionName, const std::string& value, const std::string& allowed);

    const std::string& option() const noexcept
    {
        return name;
    }

private:
    std::string name;
};

/// The size of everything that a runtime has. All of it is set aside when the runtime starts;
/// memory that is not used is address space only.
struct RuntimeOptions
{
    /// Reactor threads. Zero: one for each usable CPU (affinity mask and cgroup quota).
    std::size_t reactors = 0;
    /// The CPUs to pin reactors to, in turn. Empty: those of the affinity mask.
    std::vector<int> cpus;
    /// Whether reactors are pinned at all.
    bool pin = true;

    /// I/O buffers of each reactor: at least one for each source that it runs.
    std::uint32_t buffersPerReactor = 4096;
    /// I/O buffers for sources that run on threads of their own: at least one for each. Zero: no
    /// such pool.
    std::uint32_t threadBuffers = 4096;
    std::size_t bufferSizeBytes = 4096;
    /// Buffers for the host's own threads. Zero: no such pool.
    std::uint32_t computeBuffers = 0;

    /// Stacks of each reactor: small, medium, large.
    std::array<std::uint32_t, StackClassCount> stacksPerReactor{16384, 1024, 64};
    /// Spawned fibers of each reactor that may wait for a stack.
    std::uint32_t spawnQueuePerReactor = 4096;

    /// How I/O is carried out. Auto falls back on epoll only where the machine refuses io_uring
    /// (ENOSYS, EPERM, EINVAL), and says so once on standard error.
    EngineKind engine = EngineKind::Auto;

    /// io_uring's rings, in entries, of each reactor. Powers of two; the kernel rounds up.
    std::uint32_t submissionEntries = 1024;
    std::uint32_t completionEntries = 8192;

    /// Threads for calls that block, such as name resolution; started when needed.
    std::size_t offloadThreads = 4;

    /// The longest that an idle reactor lets completions gather before it looks at them, where the
    /// flush intervals of its sources allow it (batching.hpp). Zero: it looks at each at once.
    std::chrono::nanoseconds batchWait = std::chrono::milliseconds(1);

    /// How long a fiber waits until memory that it does not use meanwhile goes back to the system:
    /// the rest of its stack, and the empty pages of a buffer of the pool that it waits to receive
    /// into (io::recv()). At the latest after twice that. Zero: never.
    std::chrono::nanoseconds idleMemoryAfter = std::chrono::seconds(60);

    /// How far apart timers are told; a timer is at most this late.
    std::chrono::nanoseconds timerTick = TimerWheel::DefaultTick;

    /// The operating system to run on; outlives the runtime. Null: the real one.
    Machine* machine = nullptr;

    /// The options with every default filled in. Throws InvalidOption.
    RuntimeOptions resolved() const;
};

} // namespace weft
