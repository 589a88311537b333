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

} // namespace weft
