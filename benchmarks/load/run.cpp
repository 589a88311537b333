#include "run.hpp"

#include "generator.hpp"
#include "process_setup.hpp"
#include "receiver_process.hpp"
#include "role_process.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <deque>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

#include <sys/prctl.h>
#include <sys/wait.h>
#include <system.hpp>
#include <unistd.h>

namespace weft::bench
{

namespace
{

constexpr std::int64_t PatienceNs = 60 * NsPerSecond; // beside the window

/// Why the figures of the receiver are not those of the bytes that were sent; empty when they are.
std::string compare(const GeneratorReport& sent, const ReceiverReport& received)
{
    if (sent.floodBytesEver != received.floodBytesEver)
    {
        return fmt::format("{} bytes of the flood sent, {} received", sent.floodBytesEver,
                           received.floodBytesEver);
    }
    if (sent.messagesEver != received.messagesEver)
    {
        return fmt::format("{} messages sent, {} received", sent.messagesEver,
                           received.messagesEver);
    }
    return {};
}

std::string describeEnd(const char* who, const RoleProcess& process, const char* problem)
{
    return fmt::format("{}: {}", who,
                       *problem != '\0'      ? problem
                       : process.succeeded() ? "ended too early"
                                             : "did not end well");
}

/// All processes of a run, while it lasts.
class Run
{
public:
    Run(const std::vector<RunPlan>& plans, Processes runProcesses,
        const std::function<void()>& waiting)
        : processes(runProcesses),
          whileWaiting(waiting)
    {
        for (const auto& plan : plans)
        {
            boards.emplace_back(plan);
        }
    }

    /// Why it gave no figures; empty when it did.
    std::string carryOut()
    {
        if (first().plan.files)
        {
            startReceivers();
            auto problem = openWindow();
            return problem.empty() ? finishFiles() : problem;
        }
        auto problem = startGenerators();
        if (!problem.empty())
        {
            return problem;
        }
        startReceivers();
        problem = openWindow();
        return problem.empty() ? finishStreams() : problem;
    }

    std::deque<OwnedBoard> boards;

private:
    RunBoard& first()
    {
        return *boards.front().operator->();
    }

    void pause()
    {
        ::usleep(2000);
        if (whileWaiting)
        {
            whileWaiting();
        }
    }

    std::string startGenerators()
    {
        for (const auto& board : boards)
        {
            generators.emplace_back("generator", fmt::format("{}", board.descriptor()));
        }
        return waitForEachBoard(
            [](const RunBoard& board)
            {
                return board.listening.load();
            },
            "the generator does not listen");
    }

    void startReceivers()
    {
        if (first().plan.sources() == 0)
        {
            compute.emplace("compute", fmt::format("{}", boards.front().descriptor()));
            return;
        }
        std::string all;
        for (const auto& board : boards)
        {
            all += fmt::format("{}{}", all.empty() ? "" : ",", board.descriptor());
            if (processes == Processes::OneForEachLane)
            {
                receivers.emplace_back("receiver", fmt::format("{}", board.descriptor()));
            }
        }
        if (processes == Processes::OneForAll)
        {
            receivers.emplace_back("receiver", all);
        }
    }

    /// Starts the window when all is ready; the problem when that does not come to pass.
    std::string openWindow()
    {
        const bool files = first().plan.files;
        auto problem = waitForEachBoard(
            [files](const RunBoard& board)
            {
                return files ? board.receiverReady.load()
                             : board.connected.load() >= board.plan.sources();
            },
            "not all sources are connected");
        const auto beginNs = nowNs() + first().plan.warmUpNs;
        for (auto& board : boards)
        {
            board->windowBeginNs.store(beginNs);
            board->windowEndNs.store(beginNs + board->plan.windowNs);
        }
        return problem;
    }

    template <typename Condition>
    std::string waitForEachBoard(Condition condition, const char* otherwise)
    {
        const auto untilNs = nowNs() + PatienceNs;
        for (auto& board : boards)
        {
            while (!condition(*board.operator->()))
            {
                if (auto problem = findEnded(); !problem.empty())
                {
                    return problem;
                }
                if (nowNs() > untilNs)
                {
                    return fmt::format("{} after {} s", otherwise, PatienceNs / NsPerSecond);
                }
                pause();
            }
        }
        return {};
    }

    /// Before the window nobody may end.
    std::string findEnded()
    {
        for (std::size_t index = 0; index < generators.size(); ++index)
        {
            if (generators[index].hasEnded())
            {
                return describeEnd("generator", generators[index], boards[index]->generatorProblem);
            }
        }
        for (std::size_t index = 0; index < receivers.size(); ++index)
        {
            if (receivers[index].hasEnded())
            {
                return describeEnd("receiver", receivers[index], boards[index]->receiverProblem);
            }
        }
        return {};
    }

    /// False when it still runs at `untilNs`.
    bool wait(RoleProcess& process, std::int64_t untilNs)
    {
        while (!process.hasEnded())
        {
            if (nowNs() > untilNs)
            {
                return false;
            }
            pause();
        }
        return true;
    }

    std::string waitForReceivers(std::int64_t untilNs)
    {
        for (std::size_t index = 0; index < receivers.size(); ++index)
        {
            auto& receiver = receivers[index];
            if (!wait(receiver, untilNs) || !receiver.succeeded())
            {
                return describeEnd("receiver", receiver, boards[index]->receiverProblem);
            }
        }
        return {};
    }

    std::string finishStreams()
    {
        const auto untilNs = first().windowEndNs.load() + PatienceNs;
        if (auto problem = waitForReceivers(untilNs); !problem.empty())
        {
            return problem;
        }
        if (compute && (!wait(*compute, untilNs) || !compute->succeeded()))
        {
            return "the compute job did not end well";
        }
        for (auto& board : boards)
        {
            board->generatorMayExit.store(true);
        }
        for (std::size_t index = 0; index < generators.size(); ++index)
        {
            auto& generator = generators[index];
            auto& board = boards[index];
            if (!wait(generator, untilNs) || !generator.succeeded())
            {
                return describeEnd("generator", generator, board->generatorProblem);
            }
            if (auto problem = compare(board->generator, board->receiver); !problem.empty())
            {
                return problem;
            }
        }
        return {};
    }

    std::string finishFiles()
    {
        if (auto problem = waitForReceivers(nowNs() + 5 * PatienceNs); !problem.empty())
        {
            return problem;
        }
        for (auto& board : boards)
        {
            const auto bytes = board->plan.fileBytes * board->plan.floodSources;
            if (board->receiver.floodBytesEver != bytes)
            {
                return fmt::format("{} bytes in files, {} received", bytes,
                                   board->receiver.floodBytesEver);
            }
        }
        return {};
    }

    const Processes processes;
    const std::function<void()>& whileWaiting;
    std::deque<RoleProcess> generators;
    std::deque<RoleProcess> receivers;
    std::optional<RoleProcess> compute;
};

/// The job shares the receiver's session, and so competes with each of its threads, as one within
/// the same process would.
void receiveBesideJob(std::span<RunBoard* const> boards, const ReceiverKind& kind)
{
    auto& board = *boards.front();
    const pid_t job = board.plan.computeBeside ? ::fork() : 0;
    if (board.plan.computeBeside && job == 0)
    {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        runComputeJob(board);
        ::_exit(0);
    }
    runReceiver(boards, kind);
    if (job > 0)
    {
        ::waitpid(job, nullptr, 0);
    }
}

const ReceiverKind& findReceiver(std::span<const ReceiverKind> kinds, std::string_view name)
{
    const auto found = std::ranges::find(kinds, name, &ReceiverKind::name);
    if (found == kinds.end())
    {
        throw std::runtime_error(fmt::format("there is no receiver '{}'", name));
    }
    return *found;
}

} // namespace

RunResult runOnce(const RunPlan& plan, const std::function<void()>& whileWaiting)
{
    return runLanes({plan}, Processes::OneForEachLane, whileWaiting).front();
}

std::vector<RunResult> runLanes(const std::vector<RunPlan>& plans, Processes processes,
                                const std::function<void()>& whileWaiting)
{
    Run run(plans, processes, whileWaiting);
    auto problem = run.carryOut();
    auto outcome = problem.empty() ? RunOutcome::Measured : RunOutcome::Failed;
    for (auto& board : run.boards)
    {
        if (board->receiver.unavailable)
        {
            outcome = RunOutcome::Unavailable;
            problem = board->receiverProblem;
        }
    }
    std::vector<RunResult> results;
    for (auto& board : run.boards)
    {
        results.push_back({.plan = board->plan,
                           .outcome = outcome,
                           .problem = problem,
                           .generator = board->generator,
                           .receiver = board->receiver,
                           .compute = board->compute});
    }
    return results;
}

int playRole(const std::string& role, const std::vector<int>& descriptors,
             std::span<const ReceiverKind> kinds)
{
    std::vector<RunBoard*> boards;
    for (const int descriptor : descriptors)
    {
        boards.push_back(openBoard(descriptor));
    }
    auto& board = *boards.at(0);
    const bool sends = role == "generator";
    try
    {
        setUpProcess(board.parent, board.plan.niceness, board.plan.ownSessions);
        if (sends)
        {
            generate(board);
        }
        else if (role == "receiver")
        {
            receiveBesideJob(boards, findReceiver(kinds, board.plan.receiver));
        }
        else
        {
            runComputeJob(board);
        }
        return 0;
    }
    catch (const std::exception& error)
    {
        noteProblem(sends ? board.generatorProblem : board.receiverProblem, error.what());
        return 1;
    }
}

} // namespace weft::bench
