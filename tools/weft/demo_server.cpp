#include "demo_server.hpp"

#include <weft/memory/assert.hpp>
#include <weft/sources/quantity.hpp>

#include "listening_line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <stdexcept>
#include <system_error>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace weft::tools
{

namespace
{

constexpr std::chrono::seconds StartTimeMax{20};
constexpr int ExitNotStarted = 127; // as shells report it

std::system_error systemError(const char* whatItDid)
{
    return {errno, std::generic_category(), whatItDid};
}

/// The child's part, between fork and exec: only calls that are safe there.
[[noreturn]] void becomeServer(const char* program, char* const* arguments, int output,
                               pid_t parent)
{
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    // A parent that ended before the line above has not killed us.
    if (::getppid() == parent && ::dup2(output, STDOUT_FILENO) >= 0)
    {
        ::execv(program, arguments);
    }
    ::_exit(ExitNotStarted);
}

std::string describeEnd(const siginfo_t& end)
{
    if (end.si_code == CLD_EXITED)
    {
        return end.si_status == 0 ? "" : fmt::format("ended with exit code {}", end.si_status);
    }
    return fmt::format("was ended by signal {} ({})", end.si_status, ::strsignal(end.si_status));
}

} // namespace

DemoServer::DemoServer(const std::vector<std::string>& arguments, InterruptSignals& interrupts,
                       const char* program)
    : signals(interrupts)
{
    start(arguments, program);
    try
    {
        listeningPort = parseListeningPort(readFirstLine());
    }
    catch (...)
    {
        kill();
        throw;
    }
}

DemoServer::~DemoServer()
{
    kill();
}

void DemoServer::kill() noexcept
{
    // Never without a child: for kill(2), -1 is every process there is.
    if (process > 0)
    {
        ::kill(process, SIGKILL);
        ::waitpid(process, nullptr, 0);
        process = NoProcess;
    }
}

void DemoServer::start(const std::vector<std::string>& arguments, const char* program)
{
    std::vector<std::string> words{"weft", "serve"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> pointers;
    for (auto& word : words)
    {
        pointers.push_back(word.data());
    }
    pointers.push_back(nullptr);

    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    {
        throw systemError("cannot make a pipe for weft serve");
    }
    output.reset(ends[0]);
    const OwnedDescriptor childsEnd(ends[1]);
    const auto parent = ::getpid();
    process = ::fork();
    if (process == 0)
    {
        becomeServer(program, pointers.data(), childsEnd.get(), parent);
    }
    if (process < 0)
    {
        throw systemError("cannot start weft serve");
    }
    // Not pidfd_open(): glibc 2.36 declares it for C only.
    processDescriptor.reset(static_cast<int>(::syscall(SYS_pidfd_open, process, 0)));
    if (!processDescriptor)
    {
        const auto error = systemError("cannot watch weft serve");
        kill();
        throw error;
    }
}

/// False when the deadline passes first. Throws Interrupted.
bool DemoServer::becomesReadable(int descriptor, Clock::time_point deadline)
{
    for (;;)
    {
        std::array<pollfd, 2> waited{
            pollfd{.fd = descriptor, .events = POLLIN, .revents = 0},
            pollfd{.fd = signals.descriptor(), .events = POLLIN, .revents = 0},
        };
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
        const auto timeoutMs = static_cast<int>(std::max<std::int64_t>(left.count(), 0));
        const int ready = ::poll(waited.data(), waited.size(), timeoutMs);
        if (ready > 0 && waited[0].revents != 0)
        {
            return true;
        }
        signals.throwIfTaken();
        if (Clock::now() >= deadline)
        {
            return false;
        }
    }
}

std::string DemoServer::readFirstLine()
{
    const auto deadline = Clock::now() + StartTimeMax;
    std::string line;
    for (;;)
    {
        if (!becomesReadable(output.get(), deadline))
        {
            throw std::runtime_error(fmt::format("weft serve has not said where it listens for {}",
                                                 formatDuration(StartTimeMax)));
        }
        char character = 0;
        const auto count = ::read(output.get(), &character, 1);
        if (count == 0)
        {
            throw std::runtime_error(
                fmt::format("weft serve {} before it listened", waitForEnd(StartTimeMax)));
        }
        if (count > 0 && character == '\n')
        {
            return line;
        }
        if (count > 0)
        {
            line += character;
        }
    }
}

void DemoServer::requestStop() noexcept
{
    if (process > 0)
    {
        ::kill(process, SIGTERM);
    }
}

std::string DemoServer::waitForEnd(std::chrono::milliseconds timeout)
{
    if (process == NoProcess)
    {
        return howItEnded;
    }
    if (!becomesReadable(processDescriptor.get(), Clock::now() + timeout))
    {
        return fmt::format("still runs after {}", formatDuration(timeout));
    }
    siginfo_t end{};
    const int waited = ::waitid(P_PIDFD, static_cast<id_t>(processDescriptor.get()), &end, WEXITED);
    WEFT_ASSERT(waited == 0);
    process = NoProcess;
    howItEnded = describeEnd(end);
    return howItEnded;
}

} // namespace weft::tools
