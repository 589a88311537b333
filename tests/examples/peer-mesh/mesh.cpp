#include "mesh.hpp"

#include "tests/support/sockets.hpp"
#include "tests/support/test_engine.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <csignal>

namespace weft::test
{

namespace
{

std::vector<std::string> nodeArguments(std::size_t id, const std::string& peers,
                                       const std::vector<std::string>& options)
{
    const std::string engine(toString(testEngine()));
    std::vector<std::string> arguments{"--id", std::to_string(id), "--peers",
                                       peers,  "--json",           "--report",
                                       "20ms", "--engine",         engine};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return arguments;
}

} // namespace

ReservedPort::ReservedPort() : socket(tcpSocket())
{
    // Whoever sets this too may listen where others are only bound.
    const int yes = 1;
    checkedCall(::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)), "reuse");
    const auto any = *SocketAddress::parse("127.0.0.1", 0);
    checkedCall(::bind(socket.get(), any.data(), any.size()), "bind");
    auto size = SocketAddress::capacity();
    checkedCall(::getsockname(socket.get(), bound.data(), &size), "getsockname");
    bound.setSize(size);
}

const Report& peerIn(const Report& report, std::size_t id)
{
    for (const auto& peer : report.at("peers"))
    {
        if (peer.at("id") == id)
        {
            return peer;
        }
    }
    throw std::runtime_error(fmt::format("no peer {} in {}", id, report.dump()));
}

bool says(const Report& text, std::string_view part)
{
    return text.get_ref<const std::string&>().find(part) != std::string::npos;
}

NodeProcess::NodeProcess(std::size_t id, const std::string& peers,
                         const std::vector<std::string>& options)
    : program(nodeArguments(id, peers, options))
{
}

Report NodeProcess::awaitReport(const std::function<bool(const Report&)>& isWanted)
{
    for (;;)
    {
        auto report = Report::parse(program.awaitLine());
        if (isWanted(report))
        {
            return report;
        }
    }
}

Report NodeProcess::awaitPeer(std::size_t id, const std::function<bool(const Report&)>& isWanted)
{
    return peerIn(awaitReport(
                      [&](const Report& report)
                      {
                          return isWanted(peerIn(report, id));
                      }),
                  id);
}

NodeProcess::End NodeProcess::wait()
{
    End end{.program = program.wait(), .last = {}};
    const auto& output = end.program.output;
    const auto lastLine = output.rfind('\n', output.size() - 2) + 1; // npos + 1 is the beginning
    end.last = Report::parse(output.substr(lastLine));
    EXPECT_EQ(end.last["final"], true) << output.substr(lastLine);
    return end;
}

NodeProcess::End NodeProcess::interrupt()
{
    program.signal(SIGINT);
    return wait();
}

Mesh::Mesh(std::size_t nodeCount, std::vector<std::string> nodeOptions)
    : options(std::move(nodeOptions)),
      ports(nodeCount),
      nodes(nodeCount)
{
}

void Mesh::start()
{
    for (std::size_t id = 0; id < size(); ++id)
    {
        start(id);
    }
}

void Mesh::start(std::size_t id)
{
    nodes[id].reset(); // the one before gives its port back first
    nodes[id] = std::make_unique<NodeProcess>(id, peersOption(), options);
}

void Mesh::awaitExchange(std::optional<std::size_t> except)
{
    for (std::size_t id = 0; id < size(); ++id)
    {
        if (id == except)
        {
            continue;
        }
        node(id).awaitReport(
            [&](const Report& report)
            {
                bool all = true;
                for (const auto& peer : report.at("peers"))
                {
                    all = all && (peer["id"] == except || (peer["up"] && peer["received"] > 0));
                }
                return all;
            });
    }
}

void Mesh::awaitExchangeWithout(std::size_t away, std::uint64_t messages,
                                const std::function<bool(const Report&)>& meanwhile)
{
    for (std::size_t id = 0; id < size(); ++id)
    {
        for (std::size_t from = 0; from < size() && id != away; ++from)
        {
            if (from == away || from == id)
            {
                continue;
            }
            std::optional<std::uint64_t> before;
            node(id).awaitReport(
                [&](const Report& report)
                {
                    if (!meanwhile(peerIn(report, away)))
                    {
                        before.reset();
                        return false;
                    }
                    const std::uint64_t received = peerIn(report, from)["received"];
                    before = before.value_or(received);
                    return received >= *before + messages;
                });
        }
    }
}

std::vector<Report> Mesh::interruptAll()
{
    std::vector<Report> reports;
    for (const auto& each : nodes)
    {
        each->signal(SIGINT);
    }
    for (const auto& each : nodes)
    {
        auto end = each->wait();
        EXPECT_EQ(end.program.exitCode, 0) << end.last.dump() << end.program.errors;
        reports.push_back(std::move(end.last));
    }
    return reports;
}

std::string Mesh::peersOption() const
{
    std::vector<std::string> addresses;
    for (const auto& port : ports)
    {
        addresses.push_back(port.address().toString());
    }
    return fmt::format("{}", fmt::join(addresses, ","));
}

} // namespace weft::test
