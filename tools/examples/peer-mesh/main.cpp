#include <weft/reactor/io.hpp>
#include <weft/reactor/runtime.hpp>

#include "engine_option.hpp"
#include "interrupt_signals.hpp"
#include "mesh_node.hpp"
#include "mesh_options.hpp"
#include "mesh_report.hpp"
#include "run_program.hpp"
#include "usage_error.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <system_error>

#include <poll.h>

namespace
{

using namespace weft;
using namespace weft::mesh;

constexpr const char* Description =
    "One node of a mesh in which each is connected to each. Two fibers for each peer, one that "
    "reads and one that writes, and a bounded outbox between who has something to send and the "
    "one that writes: a peer that is slow, frozen or gone costs the others nothing.";

constexpr const char* Footer = R"(
Give every node the same --peers and its own --id. A node listens at its own address, connects to
the nodes behind it in the list and accepts those before it. All of them send numbered messages to
each other and check what comes. A peer that is not heard for --silence is taken for dead; its
connection is closed and made anew, again and again, in pauses of up to a second.

Examples:
  P=127.0.0.1:7000,127.0.0.1:7001,127.0.0.1:7002
  weft-peer-mesh --id 0 --peers $P      three nodes: each line in a terminal of its own;
  weft-peer-mesh --id 1 --peers $P      then end one with Ctrl-C, kill -9 it,
  weft-peer-mesh --id 2 --peers $P      or freeze it with kill -STOP
  weft-peer-mesh --id 0 --peers $P --rate 50000 --duration 10s --json

Reports: 'sent' has been given to the kernel; 'dropped' was not sent, because the outbox was full or
there was no connection, or went down with it; 'missed' never came, as later numbers show.

Exit code: 0 the duration is over, or ended by a signal; 1 a message came twice, out of order or
changed, or the machine refused something; 2 wrong usage.
)";

RuntimeOptions runtimeOptions(const MeshOptions& options)
{
    RuntimeOptions runtime;
    runtime.reactors = 1;
    runtime.pin = false; // the other nodes may be on the same machine
    runtime.buffersPerReactor = 1;
    runtime.threadBuffers = 0;
    runtime.engine = options.engine;
    return runtime;
}

void print(const std::string& text)
{
    fmt::print("{}", text);
    if (std::fflush(stdout) != 0)
    {
        throw std::runtime_error("cannot write to standard output");
    }
}

void printReport(const NodeStatus& status, const MeshOptions& options)
{
    print(options.json ? toJson(status, false) : toText(status));
}

/// Reports until the duration is over or a signal comes. This is a plain thread: when nobody takes
/// what it prints, it waits, and the node goes on.
void watch(MeshNode& node, tools::InterruptSignals& signals, const MeshOptions& options)
{
    const auto end = options.duration ? io::after(*options.duration) : NoDeadline;
    auto nextReport = io::after(options.report);
    for (;;)
    {
        const auto signal = io::poll(signals.descriptor(), POLLIN, std::min(nextReport, end));
        if (signal)
        {
            signals.take();
            return;
        }
        if (signal.error() != IoError::DeadlineExpired)
        {
            throw std::system_error(signal.error(), "poll");
        }
        if (Clock::now() >= end)
        {
            return;
        }
        printReport(node.status(), options);
        nextReport = std::max(nextReport + options.report, Clock::now());
    }
}

int runNode(const MeshArguments& arguments)
{
    const MeshOptions options(arguments);
    auto listener = listenAsNode(options);
    tools::InterruptSignals signals;
    Runtime runtime(runtimeOptions(options));
    if (!options.json)
    {
        print(fmt::format("node {} of {} listens at {}\n", options.id(), options.nodes.size(),
                          listener.localAddress().toString()));
    }
    MeshNode node(runtime, options, std::move(listener));
    watch(node, signals, options);
    node.stop();
    const auto status = node.status();
    print(options.json ? toJson(status, true) : "ended:\n" + toText(status));
    return status.isSound() ? tools::ExitSuccess : tools::ExitFailed;
}

void addOptions(CLI::App& application, MeshArguments& arguments)
{
    const auto add =
        [&application](const char* name, std::string& value, const char* text, const char* help)
    {
        return application.add_option(name, value, help)->option_text(text);
    };
    add("--id", arguments.id, "N", "The place of this node in --peers, from 0")->required();
    add("--peers", arguments.peers, "HOST:PORT,...",
        "Where each node listens, in order of their ids")
        ->required();
    add("--rate", arguments.rate, "N", "Messages a second to each peer (default 1000)");
    add("--message-size", arguments.messageSize, "SIZE", "Content of each (default 64B)");
    add("--outbox", arguments.outbox, "N", "Messages that may wait for each peer (default 1024)");
    add("--heartbeat", arguments.heartbeat, "TIME", "Between two pings (default 250ms)");
    add("--silence", arguments.silence, "TIME",
        "A peer that is silent, or takes nothing, for so long is dead (default 1s)");
    add("--handshake", arguments.handshake, "TIME",
        "The most that connecting, and then the handshake, may take (default 1s)");
    add("--duration", arguments.duration, "TIME", "Ends after that (default: at a signal)");
    add("--report", arguments.report, "TIME", "Between two reports (default 1s)");
    add("--engine", arguments.engine, "NAME", tools::EngineOptionHelp);
    application.add_flag("--json", arguments.json, "Each report is a JSON object on a line");
    application.footer(Footer);
}

} // namespace

int main(int argumentCount, char** words)
{
    MeshArguments arguments;
    CLI::App application(Description, "weft-peer-mesh");
    addOptions(application, arguments);
    return tools::runProgram(application, argumentCount, words,
                             [&arguments]
                             {
                                 return runNode(arguments);
                             });
}
