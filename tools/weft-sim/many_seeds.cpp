#include "many_seeds.hpp"

#include "best_effort_print.hpp"
#include "interrupt_signals.hpp"
#include "seed_process.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <new>
#include <system_error>
#include <utility>
#include <vector>

#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

namespace weft::sim
{

namespace
{

using namespace std::chrono_literals;
using RealClock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds ProgressInterval = 500ms;

/// Memory that child processes share with us.
class SharedBoards
{
public:
    explicit SharedBoards(std::size_t count) : sizeBytes(sizeof(SeedQueue) + count * BoardBytes)
    {
        memory =
            ::mmap(nullptr, sizeBytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED)
        {
            throw std::system_error(errno, std::system_category(), "cannot map shared memory");
        }
        queuePlace = ::new (memory) SeedQueue;
    }

    ~SharedBoards()
    {
        ::munmap(memory, sizeBytes);
    }

    SharedBoards(const SharedBoards&) = delete;
    SharedBoards& operator=(const SharedBoards&) = delete;

    SeedQueue& queue() noexcept
    {
        return *queuePlace;
    }

    SeedBoard& makeBoard(std::size_t index) noexcept
    {
        auto* const place = static_cast<std::byte*>(memory) + sizeof(SeedQueue);
        return *::new (place + index * BoardBytes) SeedBoard;
    }

private:
    static constexpr std::size_t BoardBytes = sizeof(SeedBoard);
    static_assert(sizeof(SeedQueue) % alignof(SeedBoard) == 0);

    std::size_t sizeBytes;
    void* memory = nullptr;
    SeedQueue* queuePlace = nullptr;
};

class Run
{
public:
    explicit Run(const SimOptions& simOptions)
        : options(simOptions),
          boards(options.jobs),
          jobs(options.jobs)
    {
        auto& queue = boards.queue();
        queue.next.store(options.firstSeed);
        if (options.seeds)
        {
            queue.end.store(options.firstSeed + *options.seeds);
        }
    }

    ManySeeds run()
    {
        for (std::size_t index = 0; index < jobs.size(); ++index)
        {
            startJob(index);
        }
        while (running > 0)
        {
            await();
            showProgress();
        }
        clearProgress();
        result.realTime = RealClock::now() - started;
        return std::move(result);
    }

private:
    struct Job
    {
        SeedBoard* board = nullptr;
        std::unique_ptr<SeedProcess> process;
    };

    void startJob(std::size_t index)
    {
        auto& job = jobs[index];
        job.board = &boards.makeBoard(index);
        job.process = std::make_unique<SeedProcess>(boards.queue(), *job.board, options.worker);
        ++running;
    }

    void await()
    {
        std::vector<pollfd> waits{{.fd = signals.descriptor(), .events = POLLIN, .revents = 0}};
        std::vector<std::size_t> indices;
        for (std::size_t index = 0; index < jobs.size(); ++index)
        {
            if (jobs[index].process != nullptr)
            {
                waits.push_back(
                    {.fd = jobs[index].process->descriptor(), .events = POLLIN, .revents = 0});
                indices.push_back(index);
            }
        }
        ::poll(waits.data(), waits.size(), static_cast<int>(ProgressInterval.count()));
        if (signals.take())
        {
            interrupt();
            return; // the second one leaves no process to read from
        }
        for (std::size_t place = 0; place < indices.size(); ++place)
        {
            const auto index = indices[place];
            if (waits[place + 1].revents != 0 && !jobs[index].process->read())
            {
                jobEnded(index);
            }
        }
    }

    void jobEnded(std::size_t index)
    {
        auto& job = jobs[index];
        const auto end = job.process->wait();
        job.process.reset();
        --running;
        result.totals += job.board->totals;
        if (end.clean)
        {
            return;
        }
        if (killed)
        {
            return;
        }
        found(end);
        if (options.keepGoing && !result.interrupted)
        {
            startJob(index);
        }
        else
        {
            boards.queue().stopped.store(true);
        }
    }

    void found(const SeedProcess::End& end)
    {
        clearProgress();
        result.found.push_back(end.seed);
        tools::printBestEffort(stdout, "{}", end.output);
        if (end.signal != 0)
        {
            tools::printBestEffort(stdout, "found: the process of seed {} was ended by signal {}\n",
                                   end.seed, end.signal);
            tools::printBestEffort(stdout, "repeat it with: {}\n",
                                   commandFor(end.seed, options.worker));
        }
        std::fflush(stdout);
    }

    /// The seeds under way are finished; at the second signal they are given up.
    void interrupt()
    {
        boards.queue().stopped.store(true);
        if (result.interrupted)
        {
            killed = true;
            for (auto& job : jobs)
            {
                if (job.process != nullptr)
                {
                    job.process.reset();
                    --running;
                    result.totals += job.board->totals;
                }
            }
        }
        result.interrupted = true;
    }

    void showProgress()
    {
        const auto now = RealClock::now();
        if (!onTerminal || now - shownAt < ProgressInterval)
        {
            return;
        }
        shownAt = now;
        auto seeds = result.totals.seeds;
        auto simulatedNs = result.totals.simulatedNs;
        for (const auto& job : jobs)
        {
            seeds += job.process != nullptr ? job.board->seedsDone.load() : 0;
            simulatedNs += job.process != nullptr ? job.board->simulatedNs.load() : 0;
        }
        const auto hours = static_cast<double>(simulatedNs) / 3.6e12;
        const auto minutes = std::chrono::duration<double, std::ratio<60>>(now - started).count();
        tools::printBestEffort(stderr,
                               "\r\033[K{} seeds, {:.1f} simulated hours, {:.0f} for each "
                               "real minute",
                               seeds, hours, hours / minutes);
        std::fflush(stderr);
    }

    void clearProgress()
    {
        if (onTerminal)
        {
            tools::printBestEffort(stderr, "\r\033[K");
            std::fflush(stderr);
        }
    }

    const SimOptions& options;
    tools::InterruptSignals signals;
    SharedBoards boards;
    std::vector<Job> jobs;
    ManySeeds result;
    std::size_t running = 0;
    bool killed = false;
    const bool onTerminal = ::isatty(STDERR_FILENO) != 0;
    const RealClock::time_point started = RealClock::now();
    RealClock::time_point shownAt{};
};

} // namespace

ManySeeds runManySeeds(const SimOptions& options)
{
    return Run(options).run();
}

} // namespace weft::sim
