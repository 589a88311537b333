#pragma once

#include <weft/reactor/owned_descriptor.hpp>

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace weft::test
{

struct ProgramResult
{
    /// 128 and the signal when one ended it.
    int exitCode = -1;
    std::string output; // standard output
    std::string errors; // standard error
};

/// A system call that a seccomp filter answers with an error.
struct RefusedCall
{
    unsigned number = 0;
    int error = 0;
};

struct ProgramOptions
{
    /// Where it runs.
    std::filesystem::path directory = ".";
    /// Becomes its standard input; none: the test's own.
    int input = -1;
    /// Both limits on file descriptors.
    std::optional<unsigned> descriptorLimit;
    /// Descriptors that it inherits beside the standard ones.
    unsigned descriptorsInherited = 0;
    /// Threads that it may have, as `user`, who has no others. Needs the rights of root.
    std::optional<unsigned> threadLimit;
    uid_t user = 0;
    std::vector<RefusedCall> refusedCalls;
    /// A directory, relative to the one where it runs, in which it sees a file system of 64 KiB.
    /// Needs the rights of root.
    std::filesystem::path smallDisk;
    /// As under nohup.
    bool ignoresHangUp = false;
    /// Standard error is a terminal.
    bool errorsToTerminal = false;
};

/// The exit code when the options could not be had.
inline constexpr int ExitNotPermitted = 126;

/// The real program `weft`, running. A test that ends before it does kills it.
class ChildProgram
{
public:
    explicit ChildProgram(const std::vector<std::string>& arguments,
                          const ProgramOptions& options = {});
    ~ChildProgram();

    ChildProgram(const ChildProgram&) = delete;
    ChildProgram& operator=(const ChildProgram&) = delete;

    pid_t processId() const noexcept
    {
        return process;
    }

    void signal(int number) const;

    /// Returns when `text` has come on standard error. Throws when the program ends first.
    void awaitError(std::string_view text);

    /// The first line on standard error with `start` in it, from there to its end. Throws as above.
    std::string awaitErrorLine(std::string_view start);

    /// Returns what has come on standard output when that has `text` in it. Throws when the program
    /// ends first.
    const std::string& awaitOutput(std::string_view text);

    /// The next line of standard output, without its end. Throws when the program ends first.
    std::string awaitLine();

    /// Waits for the end.
    ProgramResult wait();

private:
    bool readMore();

    pid_t process = -1;
    OwnedDescriptor outputEnd;
    OwnedDescriptor errorEnd;
    ProgramResult result;
    std::size_t lineBegin = 0; // of awaitLine(), in the output
};

/// Runs it to the end.
ProgramResult runProgram(const std::vector<std::string>& arguments,
                         const ProgramOptions& options = {});

} // namespace weft::test
