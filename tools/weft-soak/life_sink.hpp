#pragma once

#include <weft/sources/source_event.hpp>
#include <weft/sources/source_handle.hpp>
#include <weft/timers/clock.hpp>

#include "buffer_holder.hpp"
#include "findings.hpp"
#include "plan.hpp"
#include "random.hpp"
#include "stream_checker.hpp"
#include "tally.hpp"

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <system_error>

namespace weft::soak
{

/// A mistake made on purpose, to show that it is found.
enum class Plant : std::uint8_t
{
    Nothing,
    LoseByte,   // between source and checker
    ChangeByte, // the same
    KeepBuffer, // for ever
};

/// The consumer of one life: takes its events, checks them, and treats the buffers as planned.
class LifeSink
{
public:
    LifeSink(std::uint64_t soakSeed, const LifePlan& lifePlan, BufferHolder& bufferHolder,
             Findings& allFindings, Tally& soakTally, Plant planted, std::string sourceName);

    /// The emit function for start(). It says when it is destroyed.
    EmitFunction emitFunction();

    /// For StopKind::FromEmit. Before start().
    void stopThrough(SourceHandle& sourceHandle) noexcept
    {
        handle = &sourceHandle;
    }

    enum class LastEvent : std::uint8_t
    {
        None,
        EndOfStream,
        Failure,
    };

    /// Whether the source says that nothing follows, or has been stopped from its emit function.
    /// Any thread.
    bool over() const noexcept
    {
        return isOver.load(std::memory_order_acquire);
    }

    bool emitDestroyed() const noexcept
    {
        return destroyed.load(std::memory_order_acquire);
    }

    /// When a stop had been asked for, if it was: what the source did before the call returned is
    /// none of its business. The earliest counts. Any thread.
    void noteStop() noexcept;

    // When the source has been stopped.

    /// Whether a mistake has been found and said already.
    bool hasFailed() const noexcept
    {
        return failed;
    }

    LastEvent lastEvent() const noexcept
    {
        return last;
    }

    std::error_code failureCode() const noexcept
    {
        return code;
    }

    const std::string& failureMessage() const noexcept
    {
        return message;
    }

    std::optional<Clock::time_point> stopTime() const noexcept;

    StreamChecker& checker() noexcept
    {
        return streamChecker;
    }

    std::uint64_t buffers() const noexcept
    {
        return buffersTaken;
    }

    std::uint64_t bytes() const noexcept
    {
        return bytesTaken;
    }

private:
    struct Token;

    void take(OriginId origin, SourceEvent event);
    void takeData(IoBuffer buffer);
    void check(const IoBuffer& buffer);
    void consume(IoBuffer buffer);
    bool plantIn(IoBuffer& buffer);
    void fail(const std::string& what);

    const LifePlan& plan;
    BufferHolder& holder;
    Findings& findings;
    Tally& tally;
    const std::string name;
    StreamChecker streamChecker;
    Random random;
    const Clock::time_point startTime = Clock::now();
    std::chrono::nanoseconds flushInterval{};
    SourceHandle* handle = nullptr;
    Plant plant;

    std::uint64_t buffersTaken = 0;
    std::uint64_t bytesTaken = 0;
    std::uint32_t hoarded = 0;
    LastEvent last = LastEvent::None;
    std::error_code code;
    std::string message;
    bool failed = false;
    std::atomic<bool> inside = false;
    std::atomic<bool> isOver = false;
    std::atomic<bool> destroyed = false;
    std::atomic<std::int64_t> stopNs = 0;
};

} // namespace weft::soak
