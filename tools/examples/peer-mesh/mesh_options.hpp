#pragma once

#include <weft/reactor/engine_options.hpp>
#include <weft/reactor/tcp.hpp>

#include "handshake.hpp"
#include "peer_link.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weft::mesh
{

/// The command line, as it is written.
struct MeshArguments
{
    std::string id;
    std::string peers;
    std::string rate = "1000";
    std::string messageSize = "64B";
    std::string outbox = "1024";
    std::string heartbeat = "250ms";
    std::string silence = "1s";
    std::string handshake = "1s";
    std::string duration;
    std::string report = "1s";
    std::string engine = "auto";
    bool json = false;
};

/// Where a node listens.
struct NodeAddress
{
    std::string text; // as it was written
    std::string host;
    std::uint16_t port = 0;
};

/// The same, checked.
struct MeshOptions
{
    /// Throws InvalidOption, with the option, its value and what is allowed.
    explicit MeshOptions(const MeshArguments& arguments);

    PeerId id() const noexcept
    {
        return link.ownId;
    }

    std::vector<NodeAddress> nodes; // by id, our own included
    std::int64_t messagesPerSecond = 0;
    std::chrono::nanoseconds handshakeMax{};
    std::optional<std::chrono::nanoseconds> duration; // none: until a signal
    std::chrono::nanoseconds report{};
    EngineKind engine = EngineKind::Auto;
    bool json = false;
    LinkPlan link;
};

/// Listens at our own address. Throws InvalidOption. Blocks the thread.
TcpListener listenAsNode(const MeshOptions& options);

} // namespace weft::mesh
