#pragma once

#include <weft/reactor/owned_descriptor.hpp>
#include <weft/reactor/socket_address.hpp>

#include "tests/tools/child_program.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weft::test
{

/// A loopback port that the kernel has chosen and gives to nobody else while this lives. A program
/// may listen at it; until one does, who connects is refused.
class ReservedPort
{
public:
    ReservedPort();

    const SocketAddress& address() const noexcept
    {
        return bound;
    }

private:
    OwnedDescriptor socket;
    SocketAddress bound;
};

/// What a node has reported.
using Report = nlohmann::json;

/// The part of a report that is about one peer.
const Report& peerIn(const Report& report, std::size_t id);

/// Whether the text is a part of that value of the report.
bool says(const Report& text, std::string_view part);

/// One `weft-peer-mesh`, running; it reports often, as JSON.
class NodeProcess
{
public:
    NodeProcess(std::size_t id, const std::string& peers, const std::vector<std::string>& options);

    void signal(int number) const
    {
        program.signal(number);
    }

    /// The next report for which this is true. Throws when the program ends first.
    Report awaitReport(const std::function<bool(const Report&)>& isWanted);

    /// The same, about one peer.
    Report awaitPeer(std::size_t id, const std::function<bool(const Report&)>& isWanted);

    /// Waits for the end. `last` is the final report.
    struct End
    {
        ProgramResult program;
        Report last;
    };

    End wait();

    /// The same after a Ctrl-C.
    End interrupt();

private:
    ChildProgram program;
};

/// Processes on loopback, each with the same options.
class Mesh
{
public:
    explicit Mesh(std::size_t nodeCount, std::vector<std::string> nodeOptions = {});

    /// Starts all.
    void start();

    void start(std::size_t id);

    NodeProcess& node(std::size_t id)
    {
        return *nodes[id];
    }

    const SocketAddress& address(std::size_t id) const noexcept
    {
        return ports[id].address();
    }

    std::size_t size() const noexcept
    {
        return ports.size();
    }

    /// Every node but `except` has all the others up, and has had messages of each.
    void awaitExchange(std::optional<std::size_t> except = std::nullopt);

    /// Each of the nodes but `away` gets so many more messages of each of the others but `away`,
    /// while each of its reports says `meanwhile` of that one.
    void awaitExchangeWithout(std::size_t away, std::uint64_t messages,
                              const std::function<bool(const Report&)>& meanwhile);

    /// Ctrl-C to all, who must end well. Their final reports.
    std::vector<Report> interruptAll();

private:
    std::string peersOption() const;

    const std::vector<std::string> options;
    std::vector<ReservedPort> ports;
    std::vector<std::unique_ptr<NodeProcess>> nodes;
};

} // namespace weft::test
