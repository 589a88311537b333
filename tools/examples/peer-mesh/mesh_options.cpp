#include "mesh_options.hpp"

#include <weft/reactor/runtime_options.hpp>
#include <weft/sources/quantity.hpp>

#include "duration_text.hpp"
#include "engine_option.hpp"
#include "whole_number_option.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>
#include <string_view>

namespace weft::mesh
{

namespace
{

constexpr std::size_t NodesMost = 64;
constexpr auto AllowedPeers = "2 to 64 of HOST:PORT, separated by commas, such as "
                              "127.0.0.1:7000,127.0.0.1:7001 or [::1]:7000,[::1]:7001";

std::optional<NodeAddress> parseAddress(const std::string& text)
{
    constexpr std::int64_t PortMost = 65535;
    const auto colon = text.rfind(':');
    if (colon == std::string::npos)
    {
        return std::nullopt;
    }
    auto host = text.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']'))
    {
        host = host.substr(1, host.size() - 2);
    }
    const auto port = parseInteger(text.substr(colon + 1));
    if (host.empty() || !port || *port < 1 || *port > PortMost)
    {
        return std::nullopt;
    }
    return NodeAddress{text, host, static_cast<std::uint16_t>(*port)};
}

std::vector<NodeAddress> parsePeers(const std::string& text)
{
    std::vector<NodeAddress> nodes;
    for (const auto part : std::views::split(text, ','))
    {
        const auto address = parseAddress(std::string(part.begin(), part.end()));
        if (!address)
        {
            throw InvalidOption("--peers", "'" + text + "'", AllowedPeers);
        }
        if (std::ranges::find(nodes, address->text, &NodeAddress::text) != nodes.end())
        {
            throw InvalidOption("--peers", "'" + text + "', which has " + address->text + " twice",
                                AllowedPeers);
        }
        nodes.push_back(*address);
    }
    if (nodes.size() < 2 || nodes.size() > NodesMost)
    {
        throw InvalidOption("--peers", "'" + text + "'", AllowedPeers);
    }
    return nodes;
}

PeerId parseId(const std::string& text, std::size_t nodeCount)
{
    const auto most = static_cast<std::int64_t>(nodeCount) - 1;
    return static_cast<PeerId>(tools::parseWholeNumberOption(
        "--id", text, 0, most,
        fmt::format("0 to {}, the place of this node among the {} of --peers", most, nodeCount)));
}

std::chrono::nanoseconds parseDurationOption(const char* option, const std::string& text,
                                             std::chrono::nanoseconds least)
{
    constexpr std::chrono::hours Most{1000};
    const auto duration = parseDuration(text);
    if (!duration || *duration < least || *duration > Most)
    {
        const auto bounds = fmt::format("{} to 1000h", formatDuration(least));
        throw InvalidOption(option, "'" + text + "'", tools::allowedDuration(text, bounds));
    }
    return *duration;
}

std::size_t parseMessageSize(const std::string& text)
{
    const auto bytes = parseSize(text);
    if (!bytes || *bytes > ContentBytesMax)
    {
        throw InvalidOption("--message-size", "'" + text + "'",
                            "a size up to 64KiB, such as 64B or 4KiB");
    }
    return static_cast<std::size_t>(*bytes);
}

LinkPlan parseLink(const MeshArguments& arguments, std::size_t nodeCount)
{
    constexpr std::int64_t OutboxMost = 1 << 20;
    constexpr std::chrono::milliseconds HeartbeatLeast{1};
    LinkPlan plan;
    plan.ownId = parseId(arguments.id, nodeCount);
    plan.contentBytes = parseMessageSize(arguments.messageSize);
    plan.outboxFrames = static_cast<std::size_t>(
        tools::parseWholeNumberOption("--outbox", arguments.outbox, 1, OutboxMost, "1 to 1048576"));
    plan.heartbeat = parseDurationOption("--heartbeat", arguments.heartbeat, HeartbeatLeast);
    // A peer that is well is heard twice in that time, whatever it has to say.
    plan.silenceMax = parseDurationOption("--silence", arguments.silence, 2 * plan.heartbeat);
    return plan;
}

} // namespace

MeshOptions::MeshOptions(const MeshArguments& arguments)
    : nodes(parsePeers(arguments.peers)),
      engine(tools::parseEngineOption(arguments.engine)),
      json(arguments.json),
      link(parseLink(arguments, nodes.size()))
{
    constexpr std::int64_t RateMost = 1'000'000;
    constexpr std::chrono::milliseconds TimeLeast{1};
    messagesPerSecond = tools::parseWholeNumberOption(
        "--rate", arguments.rate, 0, RateMost, "0 to 1000000 messages a second to each peer");
    handshakeMax = parseDurationOption("--handshake", arguments.handshake, TimeLeast);
    report = parseDurationOption("--report", arguments.report, TimeLeast);
    if (!arguments.duration.empty())
    {
        duration = parseDurationOption("--duration", arguments.duration, TimeLeast);
    }
}

TcpListener listenAsNode(const MeshOptions& options)
{
    const auto& own = options.nodes[options.id()];
    const auto refuse = [&](std::error_code error)
    {
        return InvalidOption(
            "--peers",
            fmt::format("'{}' for node {}, which is this one ({})", own.text, options.id(),
                        error.message()),
            "an address of this machine with a port that is free and that you may use");
    };
    const auto addresses = resolve(own.host, own.port);
    if (!addresses)
    {
        throw refuse(addresses.error());
    }
    auto listener = TcpListener::listen(addresses->front());
    if (!listener)
    {
        throw refuse(listener.error());
    }
    return std::move(*listener);
}

} // namespace weft::mesh
