#include <weft/reactor/operation.hpp>

namespace weft
{

const char* toString(OperationKind kind) noexcept
{
    switch (kind)
    {
    case OperationKind::Open:
        return "open";
    case OperationKind::Close:
        return "close";
    case OperationKind::Read:
        return "read";
    case OperationKind::Write:
        return "write";
    case OperationKind::ReadVectored:
        return "readv";
    case OperationKind::WriteVectored:
        return "writev";
    case OperationKind::Sync:
        return "fsync";
    case OperationKind::Stat:
        return "statx";
    case OperationKind::Connect:
        return "connect";
    case OperationKind::Accept:
        return "accept";
    case OperationKind::Receive:
        return "recv";
    case OperationKind::Send:
        return "send";
    case OperationKind::ReceiveMessage:
        return "recvmsg";
    case OperationKind::SendMessage:
        return "sendmsg";
    case OperationKind::Shutdown:
        return "shutdown";
    case OperationKind::Poll:
        return "poll";
    }
    return "unknown";
}

bool Operation::waits() const noexcept
{
    switch (kind)
    {
    case OperationKind::ReadVectored:
        return (flags & RWF_NOWAIT) == 0;
    case OperationKind::Receive:
    case OperationKind::Send:
    case OperationKind::ReceiveMessage:
    case OperationKind::SendMessage:
        return (flags & MSG_DONTWAIT) == 0;
    default:
        return true;
    }
}

} // namespace weft
