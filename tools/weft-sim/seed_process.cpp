#include "seed_process.hpp"

#include "usage_error.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

namespace weft::sim
{

namespace
{

/// What is kept of the output; a child that dies says little.
constexpr std::size_t OutputBytesMost = 1 << 20;

/// For a worker of the usual size; a hundred times what the slowest takes.
constexpr double CpuSecondsMost = 60;

/// Ends the process when a run comes to no end. CPU time: it does not go on while the machine has
/// other things to do.
void limitCpuTime(double seconds) noexcept
{
    itimerval limit = {};
    limit.it_value.tv_sec = static_cast<time_t>(seconds);
    ::setitimer(ITIMER_PROF, &limit, nullptr);
}

/// As long as the worker is large.
double cpuSecondsMost(const WorkerOptions& options)
{
    constexpr double SourcesUsual = 16;
    constexpr std::chrono::duration<double> DurationUsual = std::chrono::minutes(20);
    const auto size = options.sources / SourcesUsual * (options.duration / DurationUsual);
    return CpuSecondsMost * std::max(size, 1.0);
}

[[noreturn]] void runSeeds(SeedQueue& queue, SeedBoard& board, const WorkerOptions& options)
{
    int exitCode = tools::ExitSuccess;
    try
    {
        while (!queue.stopped.load())
        {
            const auto seed = queue.next.fetch_add(1);
            if (seed >= queue.end.load())
            {
                break;
            }
            board.seed.store(seed);
            board.running.store(true);
            limitCpuTime(cpuSecondsMost(options));
            const auto result = runSeed(seed, options);
            limitCpuTime(0);
            board.running.store(false);
            board.totals.add(result);
            board.seedsDone.store(board.totals.seeds);
            board.simulatedNs.store(board.totals.simulatedNs);
        }
    }
    catch (const std::exception& error)
    {
        std::fprintf(stderr, "weft-sim: %s\n", error.what());
        exitCode = tools::ExitFailed;
    }
    std::fflush(nullptr);
    std::_Exit(exitCode);
}

} // namespace

SeedProcess::SeedProcess(SeedQueue& queue, SeedBoard& ownBoard, const WorkerOptions& options)
    : board(ownBoard)
{
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    {
        throw std::system_error(errno, std::system_category(), "cannot make a pipe");
    }
    pipe = OwnedDescriptor(ends[0]);
    const OwnedDescriptor childEnd(ends[1]);
    std::fflush(nullptr);
    const auto parent = ::getpid();
    process = ::fork();
    if (process < 0)
    {
        throw std::system_error(errno, std::system_category(),
                                "cannot fork; ask for fewer --jobs, or raise 'ulimit -u'");
    }
    if (process == 0)
    {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (::getppid() != parent)
        {
            std::_Exit(tools::ExitGaveUp);
        }
        // Ctrl-C goes to all; the parent tells the children when to end.
        std::signal(SIGINT, SIG_IGN);
        std::signal(SIGTERM, SIG_DFL);
        ::dup2(childEnd.get(), STDOUT_FILENO);
        ::dup2(childEnd.get(), STDERR_FILENO);
        runSeeds(queue, board, options);
    }
}

SeedProcess::~SeedProcess()
{
    if (process > 0)
    {
        ::kill(process, SIGKILL);
        ::waitpid(process, nullptr, 0);
    }
}

bool SeedProcess::read()
{
    std::array<char, 4096> chunk;
    const auto size = ::read(pipe.get(), chunk.data(), chunk.size());
    if (size < 0)
    {
        return errno == EINTR || errno == EAGAIN;
    }
    const auto room = OutputBytesMost - std::min(OutputBytesMost, output.size());
    output.append(chunk.data(), std::min(static_cast<std::size_t>(size), room));
    return size > 0;
}

SeedProcess::End SeedProcess::wait()
{
    int status = 0;
    while (::waitpid(process, &status, 0) < 0 && errno == EINTR)
    {
    }
    process = -1;
    End end{.seed = board.seed.load(), .output = std::move(output)};
    end.clean = WIFEXITED(status) && WEXITSTATUS(status) == tools::ExitSuccess;
    end.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    return end;
}

} // namespace weft::sim
