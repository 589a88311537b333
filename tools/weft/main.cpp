#include <weft/reactor/runtime_options.hpp>

#include "demo_command.hpp"
#include "doctor_command.hpp"
#include "run_command.hpp"
#include "serve_command.hpp"
#include "sources_command.hpp"
#include "usage_error.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <exception>

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

int report(const std::exception& error, int exitCode)
{
    std::fflush(stdout);
    fmt::print(stderr, "weft: {}\n", error.what());
    return exitCode;
}

int runProgram(int argumentCount, char** arguments)
{
    int exitCode = ExitSuccess;
    CLI::App application(Description, "weft");
    application.set_version_flag("--version", "weft " WEFT_VERSION);
    addCommands(application, exitCode);
    application.footer(Examples); // after the commands, which would inherit it
    if (argumentCount < 2)
    {
        fmt::print(stderr, "{}", application.help());
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

int main(int argumentCount, char** arguments)
{
    try
    {
        return runProgram(argumentCount, arguments);
    }
    catch (const UsageError& error)
    {
        return report(error, ExitUsage);
    }
    catch (const weft::InvalidOption& error)
    {
        return report(error, ExitUsage);
    }
    catch (const std::exception& error)
    {
        return report(error, ExitFailed);
    }
}
