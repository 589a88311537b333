#include <weft/program.hpp>
#include <weft/reactor/runtime_options.hpp>

#include "best_effort_print.hpp"
#include "demo_command.hpp"
#include "doctor_command.hpp"
#include "resource_advice.hpp"
#include "run_command.hpp"
#include "serve_command.hpp"
#include "sources_command.hpp"
#include "usage_error.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

namespace
{

using namespace weft::tools;

constexpr const char* Description =
    "weft ingests from thousands of sources on one reactor thread per core: fibers on io_uring.";

constexpr const char* Examples = R"(
Examples:
  weft doctor                       can it run here, and how well?
  weft demo                         a thousand TCP sources over loopback, every byte accounted for
  weft sources tcp                  what a tcp source can be told
  weft run feeds.yaml               ingest what feeds.yaml says
  weft serve data.csv --port 9000   replay a file to whoever connects

'weft COMMAND --help' tells more about a command.
)";

void addCommands(CLI::App& application, int& exitCode)
{
    addRunCommand(application, exitCode);
    addDemoCommand(application, exitCode);
    addServeCommand(application, exitCode);
    addSourcesCommand(application, exitCode);
    addDoctorCommand(application, exitCode);
}

int report(std::string_view message, int exitCode)
{
    std::fflush(stdout);
    printBestEffort(stderr, "weft: {}\n", message);
    return exitCode;
}

std::string describe(const std::system_error& error)
{
    // Only a thread, or the process of weft serve, is refused with this error; the other shortages
    // are explained where they are met.
    return error.code() == std::errc::resource_unavailable_try_again
               ? withResourceAdvice(error.what(), error.code())
               : error.what();
}

/// A descriptor of the three that is closed would be given to the next file that is opened, and
/// what is printed would end up in there.
void openStandardDescriptors()
{
    for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    {
        if (::fcntl(descriptor, F_GETFD) < 0 && errno == EBADF)
        {
            [[maybe_unused]] const int opened = ::open("/dev/null", O_RDWR);
        }
    }
}

/// What goes to standard output is what was asked for.
void requireOutput()
{
    std::cout.flush();
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
    {
        throw std::runtime_error("cannot write to standard output");
    }
}

int runProgram(int argumentCount, char** arguments)
{
    int exitCode = ExitSuccess;
    CLI::App application(Description, "weft");
    application.require_subcommand(0, 1);
    application.set_version_flag("--version", "weft " WEFT_VERSION);
    addCommands(application, exitCode);
    application.footer(Examples); // after the commands, which would inherit it
    if (argumentCount < 2)
    {
        printBestEffort(stderr, "{}", application.help());
        return ExitUsage;
    }
    try
    {
        application.parse(argumentCount, arguments);
    }
    catch (const CLI::Success& success) // --help and --version
    {
        return application.exit(success);
    }
    catch (const CLI::ParseError& error)
    {
        throw UsageError(
            fmt::format("{}\n'weft --help' and 'weft COMMAND --help' tell more", error.what()));
    }
    // Not left to CLI11, which would say so in place of naming an option that it does not know.
    if (application.get_subcommands().empty())
    {
        throw UsageError("a command is missing; 'weft --help' lists them");
    }
    return exitCode;
}

} // namespace

int weft::programMain(int argumentCount, char** arguments)
{
    openStandardDescriptors();
    // A reader that has gone is an error of that write, not the end of the program.
    std::signal(SIGPIPE, SIG_IGN);
    try
    {
        const int exitCode = runProgram(argumentCount, arguments);
        requireOutput();
        return exitCode;
    }
    catch (const UsageError& error)
    {
        return report(error.what(), ExitUsage);
    }
    catch (const weft::InvalidOption& error)
    {
        return report(error.what(), ExitUsage);
    }
    catch (const std::system_error& error)
    {
        return report(describe(error), ExitFailed);
    }
    catch (const std::exception& error)
    {
        return report(error.what(), ExitFailed);
    }
}
