#include "run_program.hpp"

#include <weft/reactor/runtime_options.hpp>

#include "best_effort_print.hpp"
#include "usage_error.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <exception>

namespace weft::tools
{

int runProgram(CLI::App& application, int argumentCount, char** words,
               const std::function<int()>& work)
{
    const auto tell = [&application](const std::exception& error, const char* advice = "")
    {
        std::fflush(stdout);
        printBestEffort(stderr, "{}: {}{}\n", application.get_name(), error.what(), advice);
    };
    std::signal(SIGPIPE, SIG_IGN);
    try
    {
        application.parse(argumentCount, words);
        return work();
    }
    catch (const CLI::Success& success) // --help
    {
        return application.exit(success);
    }
    catch (const CLI::ParseError& error)
    {
        tell(error, fmt::format("\n'{} --help' tells more", application.get_name()).c_str());
        return ExitUsage;
    }
    catch (const UsageError& error)
    {
        tell(error);
        return ExitUsage;
    }
    catch (const InvalidOption& error)
    {
        tell(error);
        return ExitUsage;
    }
    catch (const std::exception& error)
    {
        tell(error);
        return ExitFailed;
    }
}

} // namespace weft::tools
