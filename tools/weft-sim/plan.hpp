#pragma once

#include <weft/reactor/simulation/chance.hpp>
#include <weft/reactor/simulation/feed.hpp>
#include <weft/sources/source_descriptor.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

/// \file
/// What sources, their peers and their consumers are to be, drawn from a Chance.

namespace weft::sim
{

using simulation::Chance;
using simulation::ContentId;

enum class Transport : std::uint8_t
{
    Address, // a TCP peer by its address
    Name,    // by a name with one to three addresses
    Regular, // a regular file
    Fifo,
    Missing, // a file that is not there
};

/// How a peer or a file is, as a rule.
enum class Mood : std::uint8_t
{
    Well,
    Moody, // refuses now and then
    Away,  // refuses nearly always
};

/// A source for as long as the worker lives.
struct SourcePlan
{
    std::uint32_t number = 0;
    Transport transport = Transport::Address;
    Mood mood = Mood::Well;
    /// Of Name: what is looked up.
    std::string host;
    /// Of Address and Name.
    std::vector<std::string> addresses;
    std::uint16_t port = 0;
    /// Of the others.
    std::string path;

    bool isTcp() const noexcept
    {
        return transport == Transport::Address || transport == Transport::Name;
    }
};

enum class ConsumerKind : std::uint8_t
{
    Prompt,   // releases in the emit function
    Holding,  // another thread releases each buffer later
    Windowed, // releases nothing until it has a number of buffers
    Hoarding, // releases nothing until the source is stopped
    Sleeping, // sleeps in the emit function; a stop ends that
    Quitting, // the same, and drops its event then
    Channel,  // hands its buffers to another fiber through a channel with little room
    Refusing, // EmitWhenReady: refuses now and then, and signals later
};

struct ConsumerPlan
{
    ConsumerKind kind = ConsumerKind::Prompt;
    /// Buffers of the window or the hoard; else acts at each so manieth event.
    std::uint32_t count = 1;
    /// Of one sleep, of holding a buffer, of a refusal.
    std::chrono::nanoseconds timeMost{};
    /// Throws at so manieth buffer; 0: never.
    std::uint64_t throwsAt = 0;
    /// Stops its own source in the emit function at so manieth buffer; 0: never.
    std::uint64_t stopsAt = 0;
    /// Asks for a flush in the emit function at each so manieth buffer; 0: never.
    std::uint32_t flushesEach = 0;
};

/// One start of a source.
struct LifePlan
{
    ParameterTexts parameters;
    std::chrono::nanoseconds flushInterval{};
    std::uint64_t reconnectAttempts = 0;
    bool reconnectTimed = false;
    ConsumerPlan consumer;
};

enum class StopKind : std::uint8_t
{
    Stop,    // stop(), then tryStop() until it succeeds
    TryStop, // tryStop() until it succeeds
    Destroy, // a fiber destroys the handle
};

SourcePlan makeSource(Chance& chance, std::uint32_t number);
LifePlan makeLife(Chance& chance, const SourcePlan& source);

/// What a connection, or an opening of the source's file, meets.
simulation::ConnectAnswer makeConnectAnswer(Chance& chance, const SourcePlan& source,
                                            ContentId content);
simulation::OpenAnswer makeOpenAnswer(Chance& chance, const SourcePlan& source, ContentId content);
simulation::NameAnswer makeNameAnswer(Chance& chance, const SourcePlan& source);

StopKind makeStopKind(Chance& chance) noexcept;

std::string_view toString(Transport transport) noexcept;
std::string_view toString(ConsumerKind kind) noexcept;

/// "tcp://10.0.0.7:9000, holding".
std::string describe(const SourcePlan& source);

} // namespace weft::sim
