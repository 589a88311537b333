#include "program.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cstdio>
#include <exception>

#include <poll.h>
#include <usage_error.hpp>

namespace weft::bench
{

namespace
{

constexpr int UsageStatus = 2;

} // namespace

ResultFile::ResultFile(const std::string& path)
{
    if (!path.empty())
    {
        file.emplace(path);
    }
}

void ResultFile::write(const nlohmann::ordered_json& json)
{
    if (file)
    {
        file->commit(json.dump(2) + '\n');
    }
}

void sleepOrThrow(tools::InterruptSignals& signals, std::chrono::duration<double> duration)
{
    pollfd entry{.fd = signals.descriptor(), .events = POLLIN, .revents = 0};
    const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(duration);
    ::poll(&entry, 1, static_cast<int>(milliseconds.count()));
    signals.throwIfTaken();
}

int runProgram(CLI::App& application, int argumentCount, char** arguments,
               const std::function<int()>& work)
{
    return tellWhatFails(application,
                         [&]
                         {
                             application.parse(argumentCount, arguments);
                             return work();
                         });
}

int tellWhatFails(CLI::App& application, const std::function<int()>& work)
{
    const auto tell = [&application](const char* what)
    {
        std::fflush(stdout);
        fmt::print(stderr, "{}: {}\n", application.get_name(), what);
    };
    try
    {
        return work();
    }
    catch (const CLI::Success& success)
    {
        return application.exit(success);
    }
    catch (const CLI::ParseError& error)
    {
        application.exit(error);
        return UsageStatus;
    }
    catch (const tools::UsageError& error)
    {
        tell(error.what());
        return UsageStatus;
    }
    catch (const tools::Interrupted& interrupted)
    {
        tell(interrupted.what());
        return InterruptedStatus;
    }
    catch (const std::exception& error)
    {
        tell(error.what());
        return 1;
    }
}

} // namespace weft::bench
