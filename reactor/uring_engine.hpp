#pragma once

#include <weft/reactor/engine.hpp>
#include <weft/reactor/engine_options.hpp>
#include <weft/reactor/relaxed_counter.hpp>

#include <boost/intrusive/list.hpp>
#include <liburing.h>

#include <cstdint>

namespace weft
{

/// The engine on io_uring. Rules that it keeps:
///   1. user_data is the operation's address. It completes when its own completion has arrived, and
///      the answer to its cancellation, where there is one: a cancellation that has not found it is
///      sent again.
///   2. A full submission queue fails nothing: operations wait in a queue of their own, as do
///      cancellations, which go first.
///   3. A cancellation reaches the kernel before any later operation at the same address, as the
///      operation ends after its answer. One that still waits when its operation completes is
///      forgotten.
///   4. A full completion queue loses nothing: the kernel keeps the rest and refuses submissions
///      (EBUSY) until we have reaped.
///   5. The wake-up is a multishot poll on an eventfd, armed again whenever it ends.
class UringEngine final : public Engine
{
public:
    /// Must run on the reactor's thread. Throws std::system_error.
    explicit UringEngine(const EngineOptions& options);
    ~UringEngine() override;

    UringEngine(const UringEngine&) = delete;
    UringEngine& operator=(const UringEngine&) = delete;

    std::string_view name() const noexcept override
    {
        return "io_uring";
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
    template <Operation::Hook Operation::*Member>
    using Queue =
        boost::intrusive::list<Operation,
                               boost::intrusive::member_hook<Operation, Operation::Hook, Member>>;

    bool submissionsPending() noexcept;
    bool completionsFlagged() const noexcept;
    void fillSubmissionQueue() noexcept;
    void armWakeUp() noexcept;
    void emptyWakeDescriptor() noexcept;
    void fetchWaitingStacks() const noexcept;
    unsigned reap() noexcept;
    void kernelEnded(Operation& operation, std::int32_t result) noexcept;
    void cancellationAnswered(Operation& operation, std::int32_t answer) noexcept;
    void complete(Operation& operation, std::int32_t result) noexcept;
    void handleEnterResult(int result) noexcept;

    io_uring ring{};
    unsigned setupFlags = 0;
    int wakeDescriptor;
    bool wakeUpArmed = false;
    bool wakeUpSeen = false; // and the eventfd not emptied since
    Queue<&Operation::queueHook> waitingOperations;
    Queue<&Operation::cancelHook> waitingCancellations;

    RelaxedCounter systemCalls;
    RelaxedCounter operations;
    RelaxedCounter atOnce;
    RelaxedCounter completions;
    RelaxedCounter cancellations;
    RelaxedCounter queuedOperations;
    RelaxedCounter completionOverflows;
    RelaxedCounter wakeUps;
};

} // namespace weft
