#include "serve_command.hpp"

#include <weft/reactor/io.hpp>
#include <weft/reactor/runtime.hpp>
#include <weft/sources/quantity.hpp>

#include "descriptor_limit.hpp"
#include "engine_option.hpp"
#include "interrupt_signals.hpp"
#include "output_file.hpp"
#include "serve_options.hpp"
#include "serve_report.hpp"
#include "serve_server.hpp"
#include "text_option.hpp"
#include "usage_error.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <poll.h>

namespace weft::tools
{

namespace
{

constexpr const char* Footer = R"(
Prints "listening on ADDRESS:PORT" when it is ready. SIGINT, SIGTERM and SIGHUP end all connections and
then the program.

Examples:
  weft serve data.csv --port 9000 --rate 1000/s --repeat forever
  weft serve data.csv --port 0 --connections 100 --stagger --report sent.json

Exit code: 0 all served, or ended by a signal; 1 failure while serving; 2 wrong usage.
)";

void printTotals(const ServeTotals& totals)
{
    fmt::print("served {} connections, {} ({} bytes): {} finished, {} reset by the peer, {} "
               "stopped, {} failed\n",
               totals.connections, formatSize(totals.bytes), totals.bytes, totals.finished,
               totals.peerReset, totals.stopped, totals.failed);
}

void serve(const ServeArguments& arguments)
{
    raiseDescriptorLimit();
    const ServeOptions options(arguments);
    const auto data = loadReplayData(arguments, options);
    std::optional<OutputFile> reportFile;
    if (arguments.report)
    {
        reportFile.emplace(*arguments.report);
        reportFile->mustNotBe(arguments.file, "is what is replayed");
    }
    auto listener = listenForReplay(arguments, options);
    InterruptSignals signals;

    RuntimeOptions runtimeOptions;
    runtimeOptions.reactors = options.reactors;
    runtimeOptions.pin = false; // who is served may run, and be measured, on the same CPUs
    runtimeOptions.buffersPerReactor = 1;
    runtimeOptions.engine = options.engine;
    Runtime runtime(runtimeOptions);
    ReplayServer server(runtime, data, options.plan, std::move(listener));
    const auto watcher = runtime.spawn({.name = "signals"},
                                       [&signals, &server]
                                       {
                                           if (io::poll(signals.descriptor(), POLLIN))
                                           {
                                               signals.take();
                                               server.requestStop();
                                           }
                                       });
    fmt::print("listening on {}\n", server.report().listening);
    std::fflush(stdout);
    const auto failure = server.serve();
    printTotals(server.totals());
    if (reportFile)
    {
        reportFile->commit(nlohmann::json(server.report()).dump(1) + '\n');
    }
    if (failure)
    {
        throw std::system_error(failure, "no more connections can be accepted");
    }
}

} // namespace

void addServeCommand(CLI::App& application, int& exitCode)
{
    auto* const command =
        application.add_subcommand("serve", "Replays a file to each TCP connection.");
    const auto arguments = std::make_shared<ServeArguments>();
    const auto add =
        [command](const char* name, std::string& value, const char* text, const std::string& help)
    {
        return command->add_option(name, value, help)->option_text(text);
    };
    add("FILE", arguments->file, " ", "What is replayed; - is standard input, read first")
        ->required();
    add("--port", arguments->port, "PORT", "Where to listen; 0 lets the kernel choose the port")
        ->required();
    add("--host", arguments->host, "HOST", "A name or address of this machine (default 127.0.0.1)");
    add("--rate", arguments->rate, "RATE",
        fmt::format("Of each connection: {} (default unlimited)", ReplayRate::Allowed));
    add("--connections", arguments->connections, "N",
        "Ends after so many connections, or unlimited (default)");
    add("--repeat", arguments->repeat, "N",
        "How often each connection is sent the file, or forever (default 1)");
    add("--chunk", arguments->chunk, "SIZE",
        "Replays pieces of this size, such as 4KiB, or lines (default)");
    command->add_flag("--stagger", arguments->stagger,
                      "Each connection begins 97 lines after the one before, and wraps around");
    add("--reactors", arguments->reactors, "N", "Reactor threads (default 1)");
    add("--engine", arguments->engine, "ENGINE", EngineOptionHelp);
    addTextOption(*command, "--report", arguments->report,
                  "At the end, writes each connection's bytes and checksum here, as JSON",
                  "a file, or - for standard output")
        ->option_text("FILE");
    command->footer(Footer);
    command->callback(
        [arguments, &exitCode]
        {
            serve(*arguments);
            exitCode = ExitSuccess;
        });
}

} // namespace weft::tools
