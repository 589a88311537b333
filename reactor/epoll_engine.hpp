#pragma once

#include <weft/reactor/attempt.hpp>
#include <weft/reactor/blocking_operations.hpp>
#include <weft/reactor/ended_operations.hpp>
#include <weft/reactor/engine.hpp>
#include <weft/reactor/engine_options.hpp>
#include <weft/reactor/readiness_table.hpp>
#include <weft/reactor/relaxed_counter.hpp>

#include <string>

namespace weft
{

/// The engine on readiness, for machines that refuse io_uring. Rules that it keeps:
///   1. What can be done without waiting is done at once, in start(); but an operation never goes
///      before one that waits on the same descriptor for the same direction. Results are reported
///      by the next poll() or park(), in the order in which they came.
///   2. Nothing that this thread calls may wait, whatever mode the descriptor has (attempt.hpp). So
///      what would wait, waits until its descriptor is ready, and is then tried again. Being ready
///      promises nothing: another thread, or another descriptor of the same file, may be faster.
///   3. What cannot be done so, files on disk above all, blocks a thread of the offload executor
///      (blocking_operations.hpp).
///   4. An operation that is cancelled while it waits ends at once, and one that no thread has
///      begun. One that a thread carries out runs to its end; one that has ended keeps its result.
///   5. Who waits on a descriptor that has been closed gets no event. When that is noticed, because
///      it is closed through us or its number is in use again, it ends with EBADF; else it waits
///      until it is cancelled.
/// Of the statistics, a system call is each attempt, each change of the epoll set and each wait.
class EpollEngine final : public Engine
{
public:
    /// `reason`: why it is not io_uring, if that was wanted. Throws std::system_error.
    explicit EpollEngine(const EngineOptions& options, std::string reason = {});
    ~EpollEngine() override;

    EpollEngine(const EpollEngine&) = delete;
    EpollEngine& operator=(const EpollEngine&) = delete;

    std::string_view name() const noexcept override
    {
        return "epoll";
    }

    std::string_view fallbackReason() const noexcept override
    {
        return reason;
    }

    Clock::time_point now() noexcept override
    {
        return Clock::now();
    }

    void start(Operation& operation) noexcept override;
    std::optional<std::int32_t> tryAtOnce(Operation& operation) noexcept override;
    void cancel(Operation& operation) noexcept override;
    void poll() noexcept override;
    void park(Clock::time_point until) noexcept override;
    void gather(Clock::time_point until) noexcept override;
    EngineStatistics statistics() const noexcept override;

private:
    Attempt tryNow(Operation& operation, bool again) noexcept;
    void await(Operation& operation) noexcept;
    void armAgain(int descriptor) noexcept;
    void endStrays(OperationQueue& strays) noexcept;
    void serve(const ReadinessTable::Ready& event, OperationQueue& waiters) noexcept;
    void waitAndServe(const timespec* timeout) noexcept;
    void report() noexcept;

    const std::string reason;
    const int wakeDescriptor;
    EndedOperations ended;
    ReadinessTable table;
    BlockingOperations blocking;

    RelaxedCounter attempts;
    RelaxedCounter operations;
    RelaxedCounter atOnce;
    RelaxedCounter completions;
    RelaxedCounter cancellations;
};

} // namespace weft
