#pragma once

#include <weft/sources/emit_when_ready.hpp>
#include <weft/sources/source_event.hpp>
#include <weft/sources/source_handle.hpp>
#include <weft/timers/clock.hpp>

#include "buffer_holder.hpp"
#include "plan.hpp"
#include "plant.hpp"
#include "random.hpp"
#include "soak_context.hpp"
#include "stream_checker.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <system_error>

namespace weft::soak
{

/// The consumer of one life: takes its events, checks them, and treats the buffers as planned.
class LifeSink
{
public:
    LifeSink(const SoakContext& soakContext, const LifePlan& lifePlan, std::string sourceName);

    /// The emit function for start(). It says when it is destroyed.
    EmitFunction emitFunction();

    /// What is asked of the source from its emit function is asked here. Before start().
    void useHandle(SourceHandle& sourceHandle) noexcept
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

    /// Downstream asks for what the source has. Any thread, while there is a handle.
    void demand() noexcept;

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

    /// When the last event came.
    Clock::time_point lastEventTime() const noexcept
    {
        return lastTime;
    }

    /// What the consumer has thrown, as the failure must have it; empty when it has not.
    const std::string& thrownMessage() const noexcept
    {
        return thrown;
    }

    /// The size of the buffer that was refused when it was offered last; zero when it was taken, or
    /// was no buffer.
    std::uint64_t refusedBytes() const noexcept
    {
        return bytesRefused;
    }

    std::uint64_t demands() const noexcept
    {
        return demandCount.load();
    }

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

    bool offer(OriginId origin, SourceEvent& event, const std::shared_ptr<EmitReadiness>& ready);
    void take(OriginId origin, SourceEvent event);
    void takeData(IoBuffer buffer);
    void check(const IoBuffer& buffer);
    void checkInFlight();
    void checkDelays(const BufferMetadata& metadata);
    [[noreturn]] void throwAsPlanned();
    void consume(IoBuffer buffer);
    std::chrono::milliseconds someTime() noexcept;
    bool plantIn(IoBuffer& buffer);
    void fail(const std::string& what);

    const SoakContext& context;
    const LifePlan& plan;
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
    BufferHolder::Count held = std::make_shared<std::atomic<std::uint32_t>>(0);
    std::uint64_t eventsOffered = 0;
    std::optional<Clock::time_point> refusedUntil;
    std::uint64_t bytesRefused = 0;
    std::string thrown;
    Clock::time_point lastTime{};
    std::atomic<std::uint64_t> demandCount = 0;
    std::atomic<Clock::rep> demandedAt = 0; // the first demand since the last buffer; zero: none
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
