#include "plan.hpp"

#include <weft/reactor/socket_address.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include <netdb.h>

namespace weft::sim
{

namespace
{

using namespace std::chrono_literals;
using simulation::FeedPlan;
using simulation::FeedStep;
using simulation::Refusal;

constexpr std::uint64_t BufferBytes = 4096;

template <typename T, std::size_t Size>
const T& oneOf(Chance& chance, const std::array<T, Size>& choices) noexcept
{
    return choices[chance.below(Size)];
}

bool percent(Chance& chance, std::uint64_t percentage) noexcept
{
    return chance.below(100) < percentage;
}

std::string nanosecondsText(std::chrono::nanoseconds duration)
{
    return fmt::format("{}ns", duration.count());
}

std::string addressText(Chance& chance, std::uint32_t number, std::uint32_t index)
{
    return chance.oneIn(3)
               ? fmt::format("fd00::{:x}:{:x}", number + 1, index + 1)
               : fmt::format("10.{}.{}.{}", index, (number + 1) / 256, (number + 1) % 256);
}

bool refuses(Chance& chance, const SourcePlan& source) noexcept
{
    switch (source.mood)
    {
    case Mood::Well:
        return percent(chance, 3);
    case Mood::Moody:
        return percent(chance, 40);
    case Mood::Away:
        return percent(chance, 95);
    }
    return false;
}

FeedStep write(std::uint64_t bytes) noexcept
{
    return {.kind = FeedStep::Kind::Write, .bytes = bytes};
}

FeedStep pause(std::chrono::nanoseconds duration) noexcept
{
    return {.kind = FeedStep::Kind::Pause, .duration = duration};
}

void addTrickle(Chance& chance, FeedPlan& feed)
{
    const auto pauseMost = chance.spread(100us, 20s);
    const auto count = chance.between(1, 40);
    for (std::uint64_t index = 0; index < count; ++index)
    {
        feed.steps.push_back(write(chance.between(1, 300)));
        feed.steps.push_back(pause(chance.between(0ns, pauseMost)));
    }
}

void addFlood(Chance& chance, FeedPlan& feed)
{
    feed.steps.push_back(write(chance.between(1, 40) * chance.between(1, BufferBytes)));
}

void addBursts(Chance& chance, FeedPlan& feed)
{
    const auto count = chance.between(1, 6);
    for (std::uint64_t index = 0; index < count; ++index)
    {
        feed.steps.push_back(write(chance.between(1, 3 * BufferBytes)));
        feed.steps.push_back(pause(chance.spread(1us, 60s)));
    }
}

FeedPlan makeFeed(Chance& chance, ContentId content)
{
    FeedPlan feed{.content = content, .steps = {}};
    if (chance.oneIn(3))
    {
        feed.steps.push_back(pause(chance.spread(1us, 2min)));
    }
    if (!chance.oneIn(12))
    {
        for (auto parts = chance.between(1, 3); parts > 0; --parts)
        {
            constexpr std::array Parts{addTrickle, addFlood, addBursts};
            oneOf(chance, Parts)(chance, feed);
        }
    }
    if (chance.oneIn(4))
    {
        feed.steps.push_back(pause(chance.spread(1us, 5min)));
    }
    constexpr std::array Ends{FeedStep::Kind::Finish, FeedStep::Kind::Finish, FeedStep::Kind::Reset,
                              FeedStep::Kind::Pause};
    feed.steps.push_back({.kind = oneOf(chance, Ends)});
    return feed;
}

ConsumerPlan makeConsumer(Chance& chance)
{
    constexpr std::array Kinds{ConsumerKind::Prompt,   ConsumerKind::Prompt,
                               ConsumerKind::Holding,  ConsumerKind::Holding,
                               ConsumerKind::Windowed, ConsumerKind::Hoarding,
                               ConsumerKind::Sleeping, ConsumerKind::Quitting,
                               ConsumerKind::Channel,  ConsumerKind::Refusing};
    ConsumerPlan plan{.kind = oneOf(chance, Kinds),
                      .count = static_cast<std::uint32_t>(chance.between(1, 6)),
                      .timeMost = chance.spread(1us, 10s)};
    if (chance.oneIn(10))
    {
        plan.throwsAt = chance.between(1, chance.oneIn(2) ? 3 : 40);
    }
    if (chance.oneIn(8))
    {
        plan.stopsAt = chance.between(1, chance.oneIn(2) ? 3 : 40);
    }
    if (chance.oneIn(6))
    {
        plan.flushesEach = static_cast<std::uint32_t>(chance.between(1, 5));
    }
    return plan;
}

void addReconnect(Chance& chance, LifePlan& plan)
{
    if (chance.oneIn(3))
    {
        return;
    }
    plan.reconnectAttempts = chance.between(1, chance.oneIn(2) ? 3 : 1000);
    const auto pauseLeast = chance.spread(1ms, 1s);
    const auto pauseMost = pauseLeast + chance.spread(0ns, 30s);
    auto& parameters = plan.parameters;
    parameters["reconnect_attempts"] = fmt::format("{}", plan.reconnectAttempts);
    parameters["reconnect_pause_min"] = nanosecondsText(pauseLeast);
    parameters["reconnect_pause_max"] = nanosecondsText(pauseMost);
    if (chance.oneIn(4))
    {
        plan.reconnectTimed = true;
        parameters["reconnect_time"] = nanosecondsText(pauseMost + chance.spread(1ms, 2min));
    }
}

/// A window that gets no shared buffers needs a limit of its size, and hoards are to be small.
void limitBuffers(Chance& chance, LifePlan& plan)
{
    const auto& consumer = plan.consumer;
    std::uint64_t limit = 0;
    if (consumer.kind == ConsumerKind::Windowed)
    {
        limit = consumer.count + chance.below(3);
    }
    else if (chance.oneIn(4))
    {
        limit = chance.between(1, 8);
    }
    if (limit != 0)
    {
        plan.parameters["buffers_in_flight_max"] = fmt::format("{}", limit);
    }
}

} // namespace

SourcePlan makeSource(Chance& chance, std::uint32_t number)
{
    constexpr std::array Transports{Transport::Address, Transport::Address, Transport::Address,
                                    Transport::Name,    Transport::Name,    Transport::Regular,
                                    Transport::Regular, Transport::Fifo,    Transport::Fifo};
    constexpr std::array Moods{Mood::Well, Mood::Well, Mood::Well, Mood::Moody, Mood::Away};
    SourcePlan plan{.number = number,
                    .transport = chance.oneIn(30) ? Transport::Missing : oneOf(chance, Transports),
                    .mood = oneOf(chance, Moods)};
    if (!plan.isTcp())
    {
        plan.path = fmt::format("/simulated/{}-{}", toString(plan.transport), number);
        return plan;
    }
    plan.port = static_cast<std::uint16_t>(9000 + number % 100);
    const auto count = plan.transport == Transport::Name ? chance.between(1, 3) : 1;
    for (std::uint32_t index = 0; index < count; ++index)
    {
        plan.addresses.push_back(addressText(chance, number, index));
    }
    plan.host = plan.transport == Transport::Name ? fmt::format("source-{}.example", number)
                                                  : plan.addresses.front();
    return plan;
}

LifePlan makeLife(Chance& chance, const SourcePlan& source)
{
    LifePlan plan;
    auto& parameters = plan.parameters;
    plan.flushInterval = chance.oneIn(4)   ? 0ns
                         : chance.oneIn(6) ? std::chrono::nanoseconds(1h) // on demand only
                                           : chance.spread(1us, 1s);
    parameters["flush_interval"] = nanosecondsText(plan.flushInterval);
    plan.consumer = makeConsumer(chance);
    limitBuffers(chance, plan);
    if (source.isTcp())
    {
        parameters["host"] = source.host;
        parameters["port"] = fmt::format("{}", source.port);
        parameters["connect_timeout"] = nanosecondsText(chance.spread(1ms, 1min));
        addReconnect(chance, plan);
    }
    else
    {
        parameters["path"] = source.path;
    }
    return plan;
}

simulation::ConnectAnswer makeConnectAnswer(Chance& chance, const SourcePlan& source,
                                            ContentId content)
{
    if (!refuses(chance, source))
    {
        return makeFeed(chance, content);
    }
    switch (chance.below(5))
    {
    case 0: // a host that does not answer
        return Refusal{.error = ETIMEDOUT, .after = chance.between(10s, 130s)};
    case 1:
        return Refusal{.error = EHOSTUNREACH, .after = chance.spread(1us, 3s)};
    case 2:
        return Refusal{.error = ENETUNREACH, .after = 0ns};
    default:
        return Refusal{.error = ECONNREFUSED, .after = chance.spread(0ns, 1s)};
    }
}

simulation::OpenAnswer makeOpenAnswer(Chance& chance, const SourcePlan& source, ContentId content)
{
    if (source.transport == Transport::Missing || refuses(chance, source))
    {
        constexpr std::array Errors{ENOENT, EACCES, EIO};
        return Refusal{.error = oneOf(chance, Errors), .after = chance.spread(0ns, 1s)};
    }
    if (source.transport == Transport::Fifo)
    {
        return makeFeed(chance, content);
    }
    constexpr std::array<std::uint64_t, 7> Sizes{
        0, 1, BufferBytes - 1, BufferBytes, BufferBytes + 1, 7 * BufferBytes, 1 << 20};
    simulation::RegularFile file{.content = content,
                                 .sizeBytes = chance.oneIn(3) ? oneOf(chance, Sizes)
                                                              : chance.below(30 * BufferBytes),
                                 .unreadableFrom = std::nullopt};
    if (chance.oneIn(8))
    {
        file.unreadableFrom = chance.below(file.sizeBytes + 1);
    }
    return file;
}

simulation::NameAnswer makeNameAnswer(Chance& chance, const SourcePlan& source)
{
    if (chance.oneIn(8))
    {
        constexpr std::array Errors{EAI_AGAIN, EAI_AGAIN, EAI_MEMORY, EAI_NONAME};
        return std::unexpected(std::error_code(oneOf(chance, Errors), resolverCategory()));
    }
    auto addresses = source.addresses;
    if (chance.oneIn(2))
    {
        std::ranges::reverse(addresses);
    }
    return addresses;
}

StopKind makeStopKind(Chance& chance) noexcept
{
    constexpr std::array Kinds{StopKind::Stop, StopKind::TryStop, StopKind::TryStop,
                               StopKind::Destroy};
    return oneOf(chance, Kinds);
}

std::string_view toString(Transport transport) noexcept
{
    switch (transport)
    {
    case Transport::Address:
        return "address";
    case Transport::Name:
        return "name";
    case Transport::Regular:
        return "file";
    case Transport::Fifo:
        return "fifo";
    case Transport::Missing:
        return "missing";
    }
    return "unknown";
}

std::string_view toString(ConsumerKind kind) noexcept
{
    switch (kind)
    {
    case ConsumerKind::Prompt:
        return "prompt";
    case ConsumerKind::Holding:
        return "holding";
    case ConsumerKind::Windowed:
        return "windowed";
    case ConsumerKind::Hoarding:
        return "hoarding";
    case ConsumerKind::Sleeping:
        return "sleeping";
    case ConsumerKind::Quitting:
        return "quitting";
    case ConsumerKind::Channel:
        return "channel";
    case ConsumerKind::Refusing:
        return "refusing";
    }
    return "unknown";
}

std::string describe(const SourcePlan& source)
{
    return source.isTcp()
               ? fmt::format("source {} ({}:{})", source.number, source.host, source.port)
               : fmt::format("source {} ({})", source.number, source.path);
}

} // namespace weft::sim
