#include "child_program.hpp"

#include "tests/support/sockets.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <stdexcept>

#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace weft::test
{

namespace
{

/// A new terminal: the first is our end.
DescriptorPair openTerminal()
{
    OwnedDescriptor ours(checkedCall(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), "openpt"));
    checkedCall(::grantpt(ours.get()), "grantpt");
    checkedCall(::unlockpt(ours.get()), "unlockpt");
    OwnedDescriptor theirs(
        checkedCall(::open(::ptsname(ours.get()), O_RDWR | O_NOCTTY | O_CLOEXEC), "open terminal"));
    return {std::move(ours), std::move(theirs)};
}

/// Answers the calls with their errors and lets all others through.
std::vector<sock_filter> filterOf(const std::vector<RefusedCall>& calls)
{
    std::vector<sock_filter> filter{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))};
    for (const auto& call : calls)
    {
        const auto answer = SECCOMP_RET_ERRNO | static_cast<unsigned>(call.error);
        filter.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call.number, 0, 1));
        filter.push_back(BPF_STMT(BPF_RET | BPF_K, answer));
    }
    filter.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    return filter;
}

/// What the child is made of, all allocated before fork().
struct Preparation
{
    std::vector<std::string> words;
    std::vector<char*> arguments;
    std::vector<sock_filter> filter;
    OwnedDescriptor program; // a user without rights may not be able to go to where it is
};

Preparation prepare(const std::vector<std::string>& arguments, const ProgramOptions& options)
{
    Preparation prepared{
        .words = {WEFT_PROGRAM},
        .arguments = {},
        .filter = filterOf(options.refusedCalls),
        .program = OwnedDescriptor(
            checkedCall(::open(WEFT_PROGRAM, O_RDONLY | O_CLOEXEC), "open the program")),
    };
    prepared.words.insert(prepared.words.end(), arguments.begin(), arguments.end());
    for (auto& word : prepared.words)
    {
        prepared.arguments.push_back(word.data());
    }
    prepared.arguments.push_back(nullptr);
    return prepared;
}

void limit(__rlimit_resource resource, unsigned most)
{
    const rlimit both{most, most};
    ::setrlimit(resource, &both);
}

// In the child, after fork(): only calls that are safe there.

bool mountSmallDisk(const char* directory)
{
    return ::unshare(CLONE_NEWNS) == 0 &&
           ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
           ::mount("none", directory, "tmpfs", 0, "size=64k") == 0;
}

bool becomeUser(uid_t user)
{
    return ::setgroups(0, nullptr) == 0 && ::setgid(user) == 0 && ::setuid(user) == 0;
}

bool installFilter(std::vector<sock_filter>& filter)
{
    sock_fprog program{.len = static_cast<unsigned short>(filter.size()), .filter = filter.data()};
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/// False when the machine does not permit what the options ask for.
bool applyOptions(Preparation& prepared, const ProgramOptions& options)
{
    for (unsigned count = 0; count < options.descriptorsInherited; ++count)
    {
        if (::dup(STDIN_FILENO) < 0)
        {
            return false;
        }
    }
    if (options.descriptorLimit)
    {
        limit(RLIMIT_NOFILE, *options.descriptorLimit);
    }
    if (options.ignoresHangUp)
    {
        ::signal(SIGHUP, SIG_IGN);
    }
    if (!options.smallDisk.empty() && !mountSmallDisk(options.smallDisk.c_str()))
    {
        return false;
    }
    if (options.threadLimit)
    {
        if (!becomeUser(options.user))
        {
            return false;
        }
        limit(RLIMIT_NPROC, *options.threadLimit);
    }
    return options.refusedCalls.empty() || installFilter(prepared.filter);
}

[[noreturn]] void becomeProgram(Preparation& prepared, const ProgramOptions& options, int output,
                                int errors)
{
    constexpr int CannotStart = 127;
    if (options.input >= 0)
    {
        ::dup2(options.input, STDIN_FILENO);
    }
    ::dup2(output, STDOUT_FILENO);
    ::dup2(errors, STDERR_FILENO);
    if (::chdir(options.directory.c_str()) != 0)
    {
        ::_exit(CannotStart);
    }
    if (!applyOptions(prepared, options))
    {
        ::_exit(ExitNotPermitted);
    }
    ::fexecve(prepared.program.get(), prepared.arguments.data(), environ);
    ::_exit(CannotStart);
}

/// Appends what has come; false at the end. A terminal whose other end is closed answers EIO.
bool readInto(std::string& text, OwnedDescriptor& from)
{
    std::array<char, 4096> chunk{};
    const auto size = ::read(from.get(), chunk.data(), chunk.size());
    if (size <= 0)
    {
        from.reset();
        return false;
    }
    text.append(chunk.data(), static_cast<std::size_t>(size));
    return true;
}

} // namespace

ChildProgram::ChildProgram(const std::vector<std::string>& arguments, const ProgramOptions& options)
{
    auto output = makePipe();
    auto errors = options.errorsToTerminal ? openTerminal() : makePipe();
    auto prepared = prepare(arguments, options);
    process = checkedCall(::fork(), "fork");
    if (process == 0)
    {
        becomeProgram(prepared, options, output.second.get(), errors.second.get());
    }
    outputEnd = std::move(output.first);
    errorEnd = std::move(errors.first);
}

ChildProgram::~ChildProgram()
{
    if (process > 0)
    {
        ::kill(process, SIGKILL);
        ::waitpid(process, nullptr, 0);
    }
}

void ChildProgram::signal(int number) const
{
    checkedCall(::kill(process, number), "kill");
}

void ChildProgram::awaitError(std::string_view text)
{
    while (result.errors.find(text) == std::string::npos)
    {
        if (!readMore())
        {
            throw std::runtime_error("weft has ended without saying '" + std::string(text) +
                                     "' but:\n" + result.errors);
        }
    }
}

std::string ChildProgram::awaitErrorLine(std::string_view start)
{
    awaitError(start);
    const auto begin = result.errors.find(start);
    while (result.errors.find('\n', begin) == std::string::npos)
    {
        if (!readMore())
        {
            throw std::runtime_error("weft has ended in the middle of a line:\n" + result.errors);
        }
    }
    return result.errors.substr(begin, result.errors.find('\n', begin) - begin);
}

const std::string& ChildProgram::awaitOutput(std::string_view text)
{
    while (result.output.find(text) == std::string::npos)
    {
        if (!readMore())
        {
            throw std::runtime_error("weft has ended without printing '" + std::string(text) +
                                     "' but:\n" + result.output + result.errors);
        }
    }
    return result.output;
}

std::string ChildProgram::awaitLine()
{
    auto lineEnd = result.output.find('\n', lineBegin);
    while (lineEnd == std::string::npos)
    {
        if (!readMore())
        {
            throw std::runtime_error("weft has ended without another line but:\n" +
                                     result.output.substr(lineBegin) + result.errors);
        }
        lineEnd = result.output.find('\n', lineBegin);
    }
    auto line = result.output.substr(lineBegin, lineEnd - lineBegin);
    lineBegin = lineEnd + 1;
    return line;
}

ProgramResult ChildProgram::wait()
{
    while (readMore())
    {
    }
    int status = 0;
    checkedCall(::waitpid(process, &status, 0), "waitpid");
    process = -1;
    result.exitCode = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return result;
}

/// Waits for more on either stream; false when both have ended.
bool ChildProgram::readMore()
{
    std::array<pollfd, 2> ends{pollfd{.fd = outputEnd.get(), .events = POLLIN, .revents = 0},
                               pollfd{.fd = errorEnd.get(), .events = POLLIN, .revents = 0}};
    if (!outputEnd && !errorEnd)
    {
        return false;
    }
    checkedCall(::poll(ends.data(), ends.size(), -1), "poll");
    if (ends[0].revents != 0)
    {
        readInto(result.output, outputEnd);
    }
    if (ends[1].revents != 0)
    {
        readInto(result.errors, errorEnd);
    }
    return true;
}

ProgramResult runProgram(const std::vector<std::string>& arguments, const ProgramOptions& options)
{
    return ChildProgram(arguments, options).wait();
}

} // namespace weft::test
