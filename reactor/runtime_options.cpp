#include <weft/reactor/runtime_options.hpp>
#include <weft/reactor/usable_cpus.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>
#include <string_view>
#include <utility>

namespace weft
{

namespace
{

constexpr std::size_t ReactorsMax = 1024;
constexpr std::size_t BufferBytesMin = 64;
constexpr std::size_t BufferBytesMax = std::size_t{64} << 20;
constexpr std::uint32_t BuffersMax = 1U << 24;
constexpr std::uint32_t StacksMax = 1U << 22;
constexpr std::uint32_t RingEntriesMax = 32768; // IORING_MAX_ENTRIES
constexpr std::size_t OffloadThreadsMax = 1024;

template <typename Value>
void requireRange(std::string_view name, Value value, Value least, Value most)
{
    if (value < least || value > most)
    {
        throw InvalidOption(std::string(name), fmt::format("{}", value),
                            fmt::format("{} to {}", least, most));
    }
}

void requireCpus(const std::vector<int>& wanted, const std::vector<int>& usable)
{
    for (const int cpu : wanted)
    {
        if (!std::ranges::binary_search(usable, cpu))
        {
            throw InvalidOption(
                "cpus", fmt::format("{}", cpu),
                fmt::format("CPUs that this process may use: {}", fmt::join(usable, ", ")));
        }
    }
}

} // namespace

InvalidOption::InvalidOption(std::string optionName, const std::string& value,
                             const std::string& allowed)
    : std::invalid_argument(
          fmt::format("option {} is {}; allowed: {}", optionName, value, allowed)),
      name(std::move(optionName))
{
}

RuntimeOptions RuntimeOptions::resolved() const
{
    auto options = *this;
    const auto usable = findUsableCpus();
    requireCpus(cpus, usable.cpus);
    if (options.cpus.empty())
    {
        options.cpus = usable.cpus;
    }
    if (options.reactors == 0)
    {
        options.reactors = cpus.empty() ? usable.reactorCount() : cpus.size();
    }
    requireRange<std::size_t>("reactors", options.reactors, 1, ReactorsMax);
    requireRange<std::uint32_t>("buffers_per_reactor", buffersPerReactor, 1, BuffersMax);
    requireRange<std::uint32_t>("thread_buffers", threadBuffers, 0, BuffersMax);
    requireRange<std::size_t>("buffer_size", bufferSizeBytes, BufferBytesMin, BufferBytesMax);
    requireRange<std::uint32_t>("compute_buffers", computeBuffers, 0, BuffersMax);
    constexpr std::array<std::string_view, StackClassCount> StackNames{
        "stacks.small", "stacks.medium", "stacks.large"};
    for (std::size_t index = 0; index < StackClassCount; ++index)
    {
        // At least one of each, so that a spawn of any class gets its turn.
        requireRange<std::uint32_t>(StackNames[index], stacksPerReactor[index], 1, StacksMax);
    }
    requireRange<std::uint32_t>("spawn_queue", spawnQueuePerReactor, 1, StacksMax);
    requireRange<std::uint32_t>("submission_entries", submissionEntries, 2, RingEntriesMax);
    requireRange<std::uint32_t>("completion_entries", completionEntries, submissionEntries,
                                2 * RingEntriesMax);
    requireRange<std::size_t>("offload_threads", offloadThreads, 1, OffloadThreadsMax);
    requireRange<std::int64_t>("batch_wait", batchWait.count(), 0, 100'000'000);
    requireRange<std::int64_t>("idle_memory_after", idleMemoryAfter.count(), 0,
                               std::chrono::nanoseconds(std::chrono::hours(24)).count());
    requireRange<std::int64_t>("timer_tick", timerTick.count(), 1'000, 1'000'000'000);
    return options;
}

} // namespace weft
