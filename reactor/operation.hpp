#pragma once

#include <weft/fibers/inbox.hpp>
#include <weft/reactor/offload_task.hpp>

#include <boost/intrusive/list_hook.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

struct statx;

namespace weft
{

/// What an engine can be asked to do. Each is the system call of that name.
enum class OperationKind : std::uint8_t
{
    Open,           // data: path; flags: open flags; count: mode
    Close,          //
    Read,           // data: buffer; count: its bytes; offset: CurrentPosition for read(2)
    Write,          // as Read
    ReadVectored,   // data: iovec; count: how many; offset as for Read; flags: RWF_NOWAIT or 0
    WriteVectored,  // as ReadVectored, without flags
    Sync,           //
    Stat,           // extra: struct statx
    Connect,        // data: sockaddr; offset: its length
    Accept,         // data: sockaddr; extra: its socklen_t; flags: accept4 flags
    Receive,        // data: buffer; count: its bytes; flags: MSG_*
    Send,           // as Receive
    ReceiveMessage, // data: msghdr; flags: MSG_*
    SendMessage,    // as ReceiveMessage
    Shutdown,       // flags: SHUT_*
    Poll,           // flags: POLL* events
};

const char* toString(OperationKind kind) noexcept;

struct Operation;
class BlockingOperations;

/// The way of an operation to a thread where it may block and back, for an engine that cannot do
/// it otherwise (blocking_operations.hpp). Part of the operation, so that it needs no memory.
struct BlockingCall final : OffloadTask, InboxItem
{
    explicit BlockingCall(Operation& whole) noexcept;

    void run() noexcept override;

    Operation& operation;
    BlockingOperations* owner = nullptr;
};

/// One request to an engine, on the stack of the fiber that waits for it. The engine reports back
/// exactly once, at the operation's own final completion: not when a cancellation of it completes,
/// and not at a time-out. Until then the record and what it points to must stay where they are.
struct Operation
{
    using Completed = void (*)(Operation&) noexcept;

    /// `offset` of a read or write at the file's own position.
    static constexpr std::uint64_t CurrentPosition = ~std::uint64_t{0};

    Operation(OperationKind operationKind, int operationDescriptor) noexcept
        : kind(operationKind),
          descriptor(operationDescriptor)
    {
    }

    Operation(const Operation&) = delete;
    Operation& operator=(const Operation&) = delete;

    /// False when it is to answer -EAGAIN instead of waiting: MSG_DONTWAIT, RWF_NOWAIT.
    bool waits() const noexcept;

    // What is asked for.
    const OperationKind kind;
    int descriptor;
    std::int32_t flags = 0;
    std::uint32_t count = 0;
    void* data = nullptr;
    std::uint64_t offset = 0;
    void* extra = nullptr;

    // What came of it: a count, a descriptor or zero; else a negated errno. -ECANCELED only after
    // Engine::cancel.
    std::int32_t result = 0;
    /// False: -EAGAIN means what it says, not that the descriptor is not ready.
    bool retryWhenReady = true;
    Completed completed = nullptr;
    void* waiter = nullptr; // for `completed`

    // The engine's own notes.
    enum class Phase : std::uint8_t
    {
        Idle,
        Waiting,    // in the engine's queue: the kernel has not seen it, or descriptor not ready
        Submitted,  // the kernel, or another thread, has it
        Cancelling, // the kernel has it and has not answered its cancellation
        Ended,      // its result is there and has not been reported
    };

    using Hook = boost::intrusive::list_member_hook<>;

    Phase phase = Phase::Idle;
    std::uint16_t cancellationsLeft = 0; // that may be repeated
    Hook queueHook;
    Hook cancelHook;
    BlockingCall blockingCall{*this};
};

} // namespace weft
