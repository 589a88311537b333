#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// \file
/// What each source is to meet, and when. A plan is a function of the seed and of the life's number
/// alone, never of what happens while the soak runs; so the same seed repeats it.

namespace weft::soak
{

/// One start of one source, from start() to its end. A source lives several times in a round.
struct LifeId
{
    std::uint32_t round = 0;
    std::uint32_t source = 0;
    std::uint32_t life = 0;
};

enum class Transport : std::uint8_t
{
    Tcp,
    Fifo,
    File,
    MissingFile,
};

enum class ConnectionEnd : std::uint8_t
{
    Close,     // everything was sent, then closed
    HalfClose, // everything was sent, then only the sending side is shut down, and silence follows
    Reset,     // in mid-record, as a rule
    Stay,      // silence, until the source leaves
};

struct ConnectionPlan
{
    /// Nobody listens for so long before it.
    std::chrono::milliseconds refusedFor{};
    std::uint64_t totalBytes = 0;
    std::uint32_t writeBytesMax = 0;
    std::chrono::microseconds writePause{};
    /// Once so many bytes are sent, nothing is for a while. Zero duration: no stall.
    std::uint64_t stallAtBytes = 0;
    std::chrono::milliseconds stallFor{};
    ConnectionEnd end = ConnectionEnd::Close;
};

enum class ConsumerKind : std::uint8_t
{
    Prompt,   // releases in the emit function
    Sleeping, // suspends the source's fiber there, now and then
    Holding,  // another thread releases each buffer, after a random time
    Hoarding, // gives back nothing of a number of buffers until a moment late in the life
    Refusing, // refuses events now and then, and says on another thread when it takes them
    Blocking, // blocks its thread now and then; threads that it shares with others
};

struct ConsumerPlan
{
    ConsumerKind kind = ConsumerKind::Prompt;
    /// Of one sleep, of holding a buffer, of hoarding, of a refusal, of blocking.
    std::chrono::milliseconds timeMax{};
    /// Sleeps, refuses, blocks at each so manieth event; hoards so many buffers.
    std::uint32_t count = 1;
    /// Refusing: its signal is that of others too, so it hears signals that do not concern it.
    bool sharesSignal = false;
    /// Throws when it has taken so many buffers. Zero: never.
    std::uint64_t throwsAt = 0;
};

/// Asking the source for what it has.
struct DemandPlan
{
    /// On another thread, at random times up to twice this apart, until the source is gone. Zero:
    /// never.
    std::chrono::microseconds every{};
    /// From the source's own emit function, at each so manieth buffer. Zero: never.
    std::uint32_t fromEmitEach = 0;
};

enum class StopKind : std::uint8_t
{
    None,        // the source ends by itself, or with the round
    TryStop,     // tryStop() with time
    Impatient,   // stop(), then tryStop() without time until it succeeds
    Destroy,     // the handle is destroyed
    OtherThread, // two threads call stop() at once
    FromEmit,    // stop() from within the source's own emit function
};

struct StopPlan
{
    StopKind kind = StopKind::None;
    std::chrono::milliseconds after{};
    std::uint64_t afterEvents = 0; // for FromEmit
};

struct LifePlan
{
    LifeId id;
    std::string_view kind;
    Transport transport = Transport::Tcp;
    /// As the source's configuration has it: "0", "10ms".
    std::string flushInterval;
    bool onThread = false;                // execution: thread
    std::uint32_t buffersInFlightMax = 0; // zero: no limit of its own
    std::uint64_t reconnectAttempts = 0;
    std::chrono::milliseconds reconnectPauseMin{1};
    std::chrono::milliseconds reconnectPauseMax{1};
    std::chrono::milliseconds reconnectTime{}; // zero: no limit
    std::uint32_t recordBytesMax = 0;
    /// At least one; each but the last is reset, and the last one may be.
    std::vector<ConnectionPlan> connections;
    ConsumerPlan consumer;
    DemandPlan demand;
    StopPlan stop;
    /// Between this life and the next one.
    std::chrono::milliseconds pauseAfter{};
};

LifePlan makeLifePlan(std::uint64_t seed, LifeId id);

/// Whether it brings more than a few bytes, unless the round ends at once.
bool deliversMuch(const LifePlan& plan) noexcept;

/// How a round ends. Each way must leave nothing behind.
enum class RoundEnd : std::uint8_t
{
    TryStopEach,
    StopAllThenTry,
    DestroyHandles,
    ManyThreads,
    RuntimeShutdown, // with everything running; the next round has a new runtime
};

RoundEnd makeRoundEnd(std::uint64_t seed, std::uint32_t round) noexcept;

std::string_view toString(Transport transport) noexcept;
std::string_view toString(ConnectionEnd end) noexcept;
std::string_view toString(ConsumerKind kind) noexcept;
std::string_view toString(StopKind kind) noexcept;
std::string_view toString(RoundEnd end) noexcept;

/// One line with everything in it.
std::string describe(const LifePlan& plan);

/// Rounds, and lives of each source in a round, that printPlan() and planDigest() cover: enough to
/// tell two plans apart, whatever the number of minutes.
inline constexpr std::uint32_t PlanRoundsShown = 4;
inline constexpr std::uint32_t PlanLivesShown = 4;

void printPlan(std::uint64_t seed, std::uint32_t sources);
std::uint64_t planDigest(std::uint64_t seed, std::uint32_t sources);

} // namespace weft::soak
