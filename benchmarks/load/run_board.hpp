#pragma once

#include "run_plan.hpp"

#include <atomic>
#include <cstdint>

#include <sys/types.h>

namespace weft::bench
{

/// Of the generator, within the measured window unless said otherwise.
struct GeneratorReport
{
    std::uint64_t floodBytesEver = 0;
    std::uint64_t messagesEver = 0;
    std::uint64_t messages = 0;
    std::uint64_t messagesLate = 0;    // more than LateNs behind the timetable
    std::uint64_t messagesRefused = 0; // the socket was full
    std::int64_t worstLateNs = 0;
    std::int64_t totalLateNs = 0;
    std::int64_t cpuNs = 0; // it waits actively between messages

    static constexpr std::int64_t LateNs = 1'000'000;
};

/// Of the receiver, within the measured window unless said otherwise. A process that receives for
/// several lanes tells what it has used as a whole (CPU time, memory, system calls, switches,
/// wake-ups) on the first one's board, so that sums over the lanes are right.
struct ReceiverReport
{
    std::int64_t windowNs = 0;
    std::int64_t cpuUserNs = 0;
    std::int64_t cpuSystemNs = 0;
    std::uint64_t bytes = 0;
    std::uint64_t floodBytes = 0;
    std::uint64_t messages = 0;
    std::uint64_t buffersHandedOn = 0;
    std::uint64_t systemCalls = 0;
    std::uint64_t wakeUps = 0; // of reactors, by other threads
    std::uint64_t contextSwitchesVoluntary = 0;
    std::uint64_t contextSwitchesForced = 0;
    std::int64_t othersOnCpuNs = 0; // other processes and interrupts, on the receiver's CPU
    std::int64_t memoryBytes = 0;   // private memory, more than before the first source
    std::uint64_t floodBytesEver = 0;
    std::uint64_t messagesEver = 0;
    std::uint64_t latencies = 0; // messages sent within the window
    std::int64_t latencyP50Ns = 0;
    std::int64_t latencyP99Ns = 0;
    std::int64_t latencyP999Ns = 0;
    std::int64_t latencyMaxNs = 0;
    bool unavailable = false; // on this machine or in this build; `problem` says why
};

/// Of the job on the receiver's CPU, within the measured window.
struct ComputeReport
{
    std::uint64_t rounds = 0;
    std::int64_t cpuNs = 0;
};

/// Memory that the processes of one run, or of one lane of it, share. Each field has one writer.
struct RunBoard
{
    static constexpr std::size_t ListenersMax = 64;
    static constexpr std::uint32_t SourcesPerListener = 4000;

    RunPlan plan;

    // The generator. Listener i has the address 127.0.0.(1 + i).
    std::uint16_t ports[ListenersMax] = {};
    std::atomic<bool> listening = false;
    std::atomic<std::uint32_t> connected = 0;
    GeneratorReport generator;
    char generatorProblem[256] = {};

    // The receiver.
    std::atomic<bool> receiverReady = false; // files
    ReceiverReport receiver;
    char receiverProblem[256] = {};

    ComputeReport compute;

    // Who started them. Zero until all sources are connected, or, for files, until the receiver is
    // ready; sending and reading start when they are set.
    pid_t parent = 0; // of the processes of the run
    std::atomic<std::int64_t> windowBeginNs = 0;
    std::atomic<std::int64_t> windowEndNs = 0;
    std::atomic<bool> generatorMayExit = false;
};

/// Which listener source `source` connects to: the flood has its own ones.
constexpr std::size_t listenerOf(const RunPlan& plan, std::size_t source) noexcept
{
    const std::size_t floodListeners =
        (plan.floodSources + RunBoard::SourcesPerListener - 1) / RunBoard::SourcesPerListener;
    return source < plan.floodSources
               ? source / RunBoard::SourcesPerListener
               : floodListeners + (source - plan.floodSources) / RunBoard::SourcesPerListener;
}

/// The board of who starts the processes: in a file without a name, which they find under the same
/// descriptor.
class OwnedBoard
{
public:
    /// Throws std::system_error.
    explicit OwnedBoard(const RunPlan& plan);
    ~OwnedBoard();

    OwnedBoard(const OwnedBoard&) = delete;
    OwnedBoard& operator=(const OwnedBoard&) = delete;

    RunBoard* operator->() noexcept
    {
        return board;
    }

    int descriptor() const noexcept
    {
        return descriptorNumber;
    }

private:
    int descriptorNumber = -1;
    RunBoard* board = nullptr;
};

/// In a child process.
RunBoard* openBoard(int descriptor);

/// Cut to the room that there is.
void noteProblem(char (&room)[256], const char* text) noexcept;

} // namespace weft::bench
