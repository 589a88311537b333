#include "mesh_node.hpp"

#include <weft/fibers/this_fiber.hpp>
#include <weft/reactor/io.hpp>
#include <weft/sources/reconnect.hpp>

#include "message_pace.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <random>
#include <utility>

namespace weft::mesh
{

namespace
{

/// One thread does it all.
constexpr std::size_t OnlyReactor = 0;

/// Connections in their handshake. Beyond that a stranger is sent away at once, so that strangers
/// cannot take all there is.
constexpr std::size_t GreetingsMax = 64;

constexpr ReconnectPolicy DialPolicy{.attemptsMax = std::numeric_limits<std::uint64_t>::max(),
                                     .pauseLeast = std::chrono::milliseconds(50),
                                     .pauseMost = std::chrono::seconds(1)};

std::uint64_t drawIncarnation()
{
    std::random_device device;
    return std::uint64_t{device()} << 32 | device();
}

} // namespace

MeshNode::MeshNode(Runtime& nodeRuntime, const MeshOptions& meshOptions, TcpListener listening)
    : runtime(nodeRuntime),
      options(meshOptions),
      listener(std::move(listening)),
      hello{.clusterSize = static_cast<std::uint16_t>(meshOptions.nodes.size()),
            .id = meshOptions.id(),
            .incarnation = drawIncarnation()}
{
    for (PeerId id = 0; id < hello.clusterSize; ++id)
    {
        if (id != hello.id)
        {
            peers.emplace_back(id, options.nodes[id].text, options.link);
        }
    }
    runtime.spawn(fibers, {.name = "accept", .reactor = OnlyReactor},
                  [this]
                  {
                      acceptAll();
                  });
    for (auto& peer : peers)
    {
        if (peer.id() > hello.id)
        {
            const auto name = fmt::format("dial-{}", peer.id());
            runtime.spawn(fibers, {.name = name, .reactor = OnlyReactor},
                          [this, &peer]
                          {
                              dialAgainAndAgain(peer);
                          });
        }
    }
    runtime.spawn(fibers, {.name = "produce", .reactor = OnlyReactor},
                  [this]
                  {
                      produce();
                  });
}

void MeshNode::stop()
{
    // On the reactor, like all that concerns the links: the outboxes then have one thread only.
    runtime
        .spawn({.name = "stop", .reactor = OnlyReactor},
               [this]
               {
                   fibers.requestStop();
               })
        .join();
    fibers.joinAll();
}

NodeStatus MeshNode::status()
{
    NodeStatus status;
    runtime
        .spawn({.name = "status", .reactor = OnlyReactor},
               [this, &status]
               {
                   status = look();
               })
        .join();
    return status;
}

void MeshNode::acceptAll()
{
    constexpr std::chrono::milliseconds ShortagePause{50};
    while (!this_fiber::stopRequested())
    {
        auto stream = listener.accept();
        if (stream)
        {
            start(std::move(*stream));
        }
        else if (!this_fiber::stopRequested())
        {
            // Of that connection, or something is short that others will give back.
            refuse("a connection", "accept: " + stream.error().message());
            [[maybe_unused]] const auto slept = io::sleepFor(ShortagePause);
        }
    }
}

void MeshNode::start(TcpStream stream)
{
    if (greetings == GreetingsMax)
    {
        return refuse(stream.peerAddress().toString(), "too many are in their handshake");
    }
    ++greetings;
    runtime.spawn(fibers, {.name = "greet", .reactor = OnlyReactor},
                  [this, accepted = std::move(stream)]() mutable
                  {
                      greet(std::move(accepted));
                  });
}

void MeshNode::greet(TcpStream stream)
{
    const auto who = stream.peerAddress().toString(); // which is not known any more when it is gone
    const auto theirs =
        shakeHands(stream, hello, {.least = 0, .end = hello.id}, options.handshakeMax);
    --greetings;
    if (!theirs)
    {
        return refuse(who, theirs.error());
    }
    peerOf(theirs->id).use(std::move(stream), theirs->incarnation);
}

void MeshNode::refuse(const std::string& who, const std::string& why)
{
    if (!this_fiber::stopRequested())
    {
        ++strangers.refused;
        strangers.last = fmt::format("{}: {}", who, why);
    }
}

void MeshNode::dialAgainAndAgain(Peer& peer)
{
    Reconnect reconnect(DialPolicy, hello.incarnation + peer.id());
    while (!this_fiber::stopRequested())
    {
        if (dial(peer))
        {
            reconnect.progressed();
        }
        const auto pause = reconnect.failed(Clock::now());
        [[maybe_unused]] const auto slept = io::sleepFor(*pause); // a stop is seen above
    }
}

/// Whether there was a link, which has ended now. Suspends.
bool MeshNode::dial(Peer& peer)
{
    const auto& address = options.nodes[peer.id()];
    auto stream = TcpStream::connect(address.host, address.port, io::after(options.handshakeMax));
    if (!stream)
    {
        peer.failed("connect: " + stream.error().message());
        return false;
    }
    const AllowedIds onlyIt{.least = peer.id(), .end = static_cast<PeerId>(peer.id() + 1)};
    const auto theirs = shakeHands(*stream, hello, onlyIt, options.handshakeMax);
    if (!theirs)
    {
        peer.failed(theirs.error());
        return false;
    }
    peer.use(std::move(*stream), theirs->incarnation);
    return true;
}

void MeshNode::produce()
{
    MessagePace pace(options.messagesPerSecond, Clock::now());
    while (io::sleepUntil(pace.nextWakeUp()))
    {
        for (auto due = pace.takeDue(Clock::now()); due > 0; --due)
        {
            for (auto& peer : peers)
            {
                peer.offerMessage();
            }
        }
    }
}

Peer& MeshNode::peerOf(PeerId id)
{
    return *std::ranges::find(peers, id, &Peer::id);
}

NodeStatus MeshNode::look() const
{
    NodeStatus status{
        .id = hello.id, .running = Clock::now() - began, .peers = {}, .strangers = strangers};
    for (const auto& peer : peers)
    {
        status.peers.push_back(peer.status());
    }
    return status;
}

} // namespace weft::mesh
