#include "demo_run.hpp"

#include <weft/sources/quantity.hpp>

#include "best_effort_print.hpp"
#include "demo_directory.hpp"
#include "demo_files.hpp"
#include "demo_input.hpp"
#include "demo_outcome.hpp"
#include "demo_server.hpp"
#include "demo_thread_watch.hpp"
#include "descriptor_limit.hpp"
#include "ingest_session.hpp"
#include "ingest_summary.hpp"
#include "ingest_watch.hpp"
#include "interrupt_signals.hpp"
#include "output_file.hpp"
#include "serve_report.hpp"
#include "usage_error.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace weft::tools
{

namespace
{

/// For the server to notice that the last connection has been closed, and to write its report.
constexpr std::chrono::seconds ServerEndTimeMax{30};

/// For it to stop when nobody needs its report any more.
constexpr std::chrono::seconds ServerStopTimeMax{2};

/// In both processes alike: the server has a connection for each of our sources.
void requireDescriptorsFor(const DemoOptions& options)
{
    constexpr std::uint64_t Rest = 256;
    constexpr std::uint64_t EachReactor = 4;
    requireDescriptors(options.sources + options.files + options.reactors * EachReactor + Rest);
}

void announce(const DemoOptions& options, const DemoInput& input, const DemoServer& server)
{
    fmt::print("weft serve is process {} and listens on port {}: {} connections, {} each, {} in "
               "all; and {} files\n",
               server.processId(), server.port(), options.sources,
               formatSize(input.connectionBytes),
               formatSize(input.connectionBytes * options.sources), input.files.size());
    std::fflush(stdout);
}

/// Waits for the server's end and reads what it has sent. Throws std::runtime_error when it failed.
ServeReport takeReport(DemoServer& server, const DemoInput& input)
{
    const auto failure = server.waitForEnd(ServerEndTimeMax);
    if (!failure.empty())
    {
        throw std::runtime_error(fmt::format(
            "weft serve {}; what it has sent is not known, so nothing can be compared", failure));
    }
    return readServeReport(input.report);
}

void writeJson(OutputFile& file, nlohmann::json object, const DemoOutcome& outcome)
{
    constexpr int Indent = 2;
    object["demo"] = toJson(outcome);
    // Messages may have bytes that are not UTF-8.
    file.commit(object.dump(Indent, ' ', false, nlohmann::json::error_handler_t::replace) + '\n');
}

/// Ends both processes as they stand: draining is what the user does not want to wait for.
[[noreturn]] void giveUp(DemoServer& server, DemoDirectory& directory,
                         std::optional<OutputFile>& json)
{
    server.kill();
    directory.remove();
    if (json)
    {
        json->discard();
    }
    printBestEffort(stderr, "gave up: what was on its way is lost, so nothing is compared\n");
    std::fflush(nullptr);
    std::_Exit(ExitGaveUp);
}

int endInterrupted(DemoServer& server)
{
    fmt::print("interrupted: what was on its way is lost, so nothing is compared\n");
    std::fflush(stdout);
    server.requestStop();
    // How it ends does not matter any more; if it does not, it is killed.
    server.waitForEnd(ServerStopTimeMax);
    return ExitGaveUp;
}

int ingestAndCompare(const DemoOptions& options, InterruptSignals& signals,
                     std::optional<OutputFile>& json)
{
    DemoDirectory directory;
    const Checkpoint checkpoint = [&signals]
    {
        signals.throwIfTaken();
    };
    const auto input = prepareDemoInput(options, directory.path(), checkpoint);
    DemoServer server(serveArguments(options, input), signals);
    announce(options, input, server);

    IngestSession session(planDemo(options, input, server.port()));
    session.start();
    DemoThreadWatch threadWatch;
    StatusDisplay display(chooseStatusStyle(stderr, false, false), stderr, session);
    const auto end = watchSession(session, signals, display);
    if (end == WatchEnd::GaveUp)
    {
        giveUp(server, directory, json);
    }
    const auto threads = threadWatch.finish();
    const auto result = session.finish();
    fmt::print("{}", summarize(result, end));
    fmt::print("         the kernel counted {} at most, and {} of its own for io_uring\n",
               threads.own, threads.ioWorkers);
    std::fflush(stdout);
    if (end != WatchEnd::Complete)
    {
        return endInterrupted(server);
    }
    if (result.count(SourceState::Failed) > 0)
    {
        // It may wait for a connection that never comes; its report then tells of the others.
        server.requestStop();
    }
    const auto outcome = compareDemo(input, takeReport(server, input), result, checkpoint);
    fmt::print("{}", summarize(outcome));
    if (json)
    {
        writeJson(*json, toJson(result, end), outcome);
    }
    return outcome.exact() ? ExitSuccess : ExitFailed;
}

} // namespace

int runDemo(const DemoOptions& options)
{
    requireDescriptorsFor(options);
    std::optional<OutputFile> json;
    if (options.json)
    {
        json.emplace(*options.json);
        json->mustNotBe(options.data, "is the data to send");
    }
    InterruptSignals signals;
    try
    {
        return ingestAndCompare(options, signals, json);
    }
    catch (const Interrupted&)
    {
        printBestEffort(stderr, "interrupted: nothing is compared\n");
        return ExitGaveUp;
    }
}

} // namespace weft::tools
