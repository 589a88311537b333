#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include <netinet/in.h>
#include <sys/types.h>

namespace weft::bench
{

/// What a slow source is sent: when, by CLOCK_MONOTONIC, and which of its messages it is.
struct Message
{
    static constexpr std::size_t SizeBytes = 128;

    std::int64_t sentNs = 0;
    std::uint64_t number = 0;
    std::byte filling[SizeBytes - 16]{};
};

static_assert(sizeof(Message) == Message::SizeBytes);

/// Counters of the generator, in memory that it shares with us.
struct GeneratorCounters
{
    std::atomic<std::uint64_t> messages = 0;   // sent to slow sources
    std::atomic<std::uint64_t> late = 0;       // of them, more than LateNs behind the timetable
    std::atomic<std::uint64_t> refused = 0;    // not sent: the socket was full
    std::atomic<std::int64_t> worstLateNs = 0; // since it was last set to zero
    std::atomic<std::uint64_t> connected = 0;  // slow sources

    static constexpr std::int64_t LateNs = 1'000'000;
};

struct GeneratorOptions
{
    std::size_t slowSources = 0;
    double messagesPerSecond = 0; // to each
    int cpu = -1;                 // -1: not pinned
};

/// The sources' other side, in a process of its own: one thread sends to the slow sources by
/// timetable, spread evenly over time; another floods whoever connects to its port, at low
/// priority, so that the first one is on time. Plain system calls.
class Generator
{
public:
    /// Throws std::system_error. Before any thread is started.
    explicit Generator(const GeneratorOptions& options);
    ~Generator();

    Generator(const Generator&) = delete;
    Generator& operator=(const Generator&) = delete;

    std::uint16_t slowPort() const noexcept
    {
        return slowPortNumber;
    }

    std::uint16_t floodPort() const noexcept
    {
        return floodPortNumber;
    }

    GeneratorCounters& counters() noexcept
    {
        return *shared;
    }

private:
    GeneratorCounters* shared;
    std::uint16_t slowPortNumber = 0;
    std::uint16_t floodPortNumber = 0;
    pid_t process = -1;
};

} // namespace weft::bench
