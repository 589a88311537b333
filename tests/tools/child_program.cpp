#include "child_program.hpp"

#include "tests/support/sockets.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <stdexcept>

#include <fcntl.h>
#include <poll.h>
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

/// In the child, after fork(): only calls that are safe there.
[[noreturn]] void becomeProgram(char* const* arguments, const ProgramOptions& options, int output,
                                int errors)
{
    constexpr int CannotStart = 127;
    ::dup2(output, STDOUT_FILENO);
    ::dup2(errors, STDERR_FILENO);
    if (options.descriptorLimit)
    {
        const rlimit limit{*options.descriptorLimit, *options.descriptorLimit};
        ::setrlimit(RLIMIT_NOFILE, &limit);
    }
    if (::chdir(options.directory.c_str()) == 0)
    {
        ::execv(arguments[0], arguments);
    }
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
    std::vector<std::string> words{WEFT_PROGRAM};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> pointers;
    for (auto& word : words)
    {
        pointers.push_back(word.data());
    }
    pointers.push_back(nullptr);
    process = checkedCall(::fork(), "fork");
    if (process == 0)
    {
        becomeProgram(pointers.data(), options, output.second.get(), errors.second.get());
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
