#pragma once

#include <weft/reactor/ended_operations.hpp>
#include <weft/reactor/offload_task.hpp>

namespace weft
{

class Scheduler;

/// The operations of one reactor that block, on the threads of an offload executor. They come back
/// through the scheduler's inbox, which also wakes the reactor. The reactor's thread only.
class BlockingOperations
{
public:
    /// `executor` and `scheduler` may be null as long as no operation is started; `endedOperations`
    /// gets those that have ended. All outlive it.
    BlockingOperations(OffloadExecutor* executor, Scheduler* scheduler,
                       EndedOperations& endedOperations) noexcept;

    /// When the machine refuses a thread, that is the operation's result; but closing, which must
    /// happen, is done here.
    void start(Operation& operation) noexcept;

    /// Takes the operation back if it has not begun; else it runs to its end.
    void cancel(Operation& operation) noexcept;

private:
    friend struct BlockingCall;

    OffloadExecutor* executor;
    Scheduler* scheduler;
    EndedOperations& ended;
};

} // namespace weft
