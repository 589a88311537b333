#include "receiver_process.hpp"

#include "process_setup.hpp"
#include "process_usage.hpp"
#include "receiver.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <exception>
#include <stdexcept>
#include <thread>
#include <vector>

namespace weft::bench
{

namespace
{

/// The lanes of this process, and where each is received.
struct Reception
{
    explicit Reception(std::span<RunBoard* const> runBoards, bool manyThreads) : boards(runBoards)
    {
        for (auto* const board : boards)
        {
            sinks.emplace_back(*board, manyThreads);
            contexts.emplace_back(*board, sinks.back());
            lanes.push_back(&contexts.back());
            cpus.push_back(board->plan.receiverCpu);
        }
        std::ranges::sort(cpus);
        const auto [first, last] = std::ranges::unique(cpus);
        cpus.erase(first, last);
    }

    /// What is of the whole process is told here.
    RunBoard& firstBoard() noexcept
    {
        return *boards.front();
    }

    ReceiverContext& process() noexcept
    {
        return contexts.front();
    }

    std::span<RunBoard* const> boards;
    std::deque<Sink> sinks;
    std::deque<ReceiverContext> contexts;
    std::vector<ReceiverContext*> lanes;
    std::vector<int> cpus; // each once
};

/// Everything that is counted, at one moment.
struct Reading
{
    std::int64_t timeNs = 0;
    ProcessUsage usage;
    std::vector<SinkCounts> sinks; // of each lane
    CallCounts calls;
};

Reading read(Reception& reception)
{
    Reading reading{.timeNs = nowNs()};
    for (const auto& sink : reception.sinks)
    {
        reading.sinks.push_back(sink.counts());
    }
    reading.usage = usageOfProcess(reception.cpus);
    reading.calls = reception.process().calls();
    return reading;
}

void reportProcess(ReceiverReport& report, const Reading& begin, const Reading& end)
{
    report.cpuUserNs = end.usage.cpuUserNs - begin.usage.cpuUserNs;
    report.cpuSystemNs = end.usage.cpuSystemNs - begin.usage.cpuSystemNs;
    report.contextSwitchesVoluntary =
        end.usage.contextSwitchesVoluntary - begin.usage.contextSwitchesVoluntary;
    report.contextSwitchesForced =
        end.usage.contextSwitchesForced - begin.usage.contextSwitchesForced;
    report.othersOnCpuNs =
        end.usage.busyOnCpuNs - begin.usage.busyOnCpuNs - report.cpuUserNs - report.cpuSystemNs;
    report.systemCalls = end.calls.systemCalls - begin.calls.systemCalls;
    report.wakeUps = end.calls.wakeUps - begin.calls.wakeUps;
}

void report(Reception& reception, const Reading& begin, const Reading& end)
{
    for (std::size_t lane = 0; lane < reception.boards.size(); ++lane)
    {
        auto& report = reception.boards[lane]->receiver;
        report.windowNs = end.timeNs - begin.timeNs;
        report.floodBytes = end.sinks[lane].floodBytes - begin.sinks[lane].floodBytes;
        report.messages = end.sinks[lane].messages - begin.sinks[lane].messages;
        report.buffersHandedOn = end.sinks[lane].buffers - begin.sinks[lane].buffers;
    }
    auto& process = reception.firstBoard().receiver;
    reportProcess(process, begin, end);
    process.memoryBytes = privateMemoryBytes() - reception.process().memoryBeforeBytes();
}

void reportLatencies(ReceiverReport& report, const Sink& sink)
{
    const auto latencies = sink.latencies();
    report.latencies = sink.latencyCount();
    report.latencyP50Ns = latencies.p50.count();
    report.latencyP99Ns = latencies.p99.count();
    report.latencyP999Ns = latencies.p999.count();
    report.latencyMaxNs = latencies.max.count();
    report.floodBytesEver = sink.counts().floodBytes;
    report.messagesEver = sink.counts().messages;
}

void receive(Reception& reception, const ReceiverKind& kind)
{
    if (reception.lanes.size() > 1)
    {
        kind.receiveLanes(reception.lanes);
        return;
    }
    const auto function = reception.firstBoard().plan.files ? kind.readFiles : kind.receiveStreams;
    function(reception.process());
}

/// The receiver on its thread, and what it threw.
class PinnedReceiver
{
public:
    PinnedReceiver(const ReceiverKind& kind, Reception& reception)
        : thread(
              [this, &kind, &reception]
              {
                  try
                  {
                      pinTo(reception.cpus);
                      receive(reception, kind);
                  }
                  catch (...)
                  {
                      failure = std::current_exception();
                      for (auto& sink : reception.sinks)
                      {
                          sink.fail("the receiver failed");
                      }
                  }
              })
    {
    }

    void join()
    {
        thread.join();
        if (failure)
        {
            std::rethrow_exception(failure);
        }
    }

private:
    std::exception_ptr failure;
    std::thread thread; // last: it uses the rest
};

bool hasFailed(const Reception& reception)
{
    return std::ranges::any_of(reception.sinks,
                               [](const Sink& sink)
                               {
                                   return sink.allEnded() && !sink.problem().empty();
                               });
}

/// False when the receiver has failed before.
bool waitForWindow(Reception& reception)
{
    while (reception.firstBoard().windowEndNs.load() == 0)
    {
        if (hasFailed(reception))
        {
            return false;
        }
        sleepUntilNs(nowNs() + 1'000'000);
    }
    sleepUntilNs(reception.firstBoard().windowBeginNs.load());
    return true;
}

void measureStreams(Reception& reception, const ReceiverKind& kind)
{
    PinnedReceiver receiver(kind, reception);
    if (waitForWindow(reception))
    {
        const auto begin = read(reception);
        sleepUntilNs(reception.firstBoard().windowEndNs.load());
        report(reception, begin, read(reception));
    }
    receiver.join();
}

void measureFiles(Reception& reception, const ReceiverKind& kind)
{
    Reading begin;
    reception.process().onReady = [&]
    {
        for (auto* const board : reception.boards)
        {
            board->receiverReady.store(true);
        }
        waitForWindow(reception);
        begin = read(reception);
    };
    reception.process().onFinished = [&]
    {
        report(reception, begin, read(reception));
    };
    PinnedReceiver receiver(kind, reception);
    receiver.join();
}

void throwProblem(const Reception& reception)
{
    for (const auto& sink : reception.sinks)
    {
        if (const auto problem = sink.problem(); !problem.empty())
        {
            throw std::runtime_error(problem);
        }
    }
}

} // namespace

void runReceiver(std::span<RunBoard* const> boards, const ReceiverKind& kind)
{
    if (boards.size() > 1 && kind.receiveLanes == nullptr)
    {
        throw std::runtime_error(fmt::format("'{}' cannot receive several lanes", kind.name));
    }
    Reception reception(boards, kind.manyThreads);
    auto& first = reception.firstBoard();
    try
    {
        if (first.plan.files)
        {
            measureFiles(reception, kind);
        }
        else
        {
            measureStreams(reception, kind);
        }
    }
    catch (const ReceiverUnavailable& unavailable)
    {
        first.receiver.unavailable = true;
        noteProblem(first.receiverProblem, unavailable.what());
        return;
    }
    for (std::size_t lane = 0; lane < boards.size(); ++lane)
    {
        reportLatencies(boards[lane]->receiver, reception.sinks[lane]);
    }
    throwProblem(reception);
}

void runComputeJob(RunBoard& board)
{
    constexpr std::size_t Words = 64 << 10; // half a MiB: as much of the cache as a query may want
    constexpr std::size_t StepsPerRound = 4096;
    std::vector<std::uint64_t> memory(Words, 1);
    pinTo(board.plan.receiverCpu);
    std::uint64_t word = 1;
    std::uint64_t rounds = 0;
    std::uint64_t roundsBefore = 0;
    std::int64_t cpuBeforeNs = -1;
    for (;;)
    {
        for (std::size_t step = 0; step < StepsPerRound; ++step)
        {
            word = word * 6364136223846793005U + 1442695040888963407U;
            memory[(word >> 33) % Words] ^= word;
        }
        ++rounds;
        const auto timeNs = nowNs();
        const auto endNs = board.windowEndNs.load(std::memory_order_relaxed);
        if (cpuBeforeNs < 0 && endNs != 0 && timeNs >= board.windowBeginNs.load())
        {
            cpuBeforeNs = processCpuNs();
            roundsBefore = rounds;
        }
        if (endNs != 0 && timeNs >= endNs)
        {
            board.compute = {.rounds = rounds - roundsBefore,
                             .cpuNs = processCpuNs() - cpuBeforeNs};
            return;
        }
    }
}

} // namespace weft::bench
