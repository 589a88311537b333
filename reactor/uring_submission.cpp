#include <weft/memory/sanitizer.hpp>
#include <weft/reactor/uring_submission.hpp>

#include <fcntl.h>

namespace weft
{

void detail::prepare(io_uring_sqe& entry, const Operation& operation) noexcept
{
    const auto descriptor = operation.descriptor;
    void* const data = operation.data;
    const auto count = operation.count;
    const auto flags = operation.flags;
    switch (operation.kind)
    {
    case OperationKind::Open:
        ::io_uring_prep_openat(&entry, AT_FDCWD, static_cast<const char*>(data), flags, count);
        break;
    case OperationKind::Close:
        announceClose(descriptor);
        ::io_uring_prep_close(&entry, descriptor);
        break;
    case OperationKind::Read:
        ::io_uring_prep_read(&entry, descriptor, data, count, operation.offset);
        break;
    case OperationKind::Write:
        ::io_uring_prep_write(&entry, descriptor, data, count, operation.offset);
        break;
    case OperationKind::ReadVectored:
        ::io_uring_prep_readv(&entry, descriptor, static_cast<const iovec*>(data), count,
                              operation.offset);
        entry.rw_flags = flags;
        break;
    case OperationKind::WriteVectored:
        ::io_uring_prep_writev(&entry, descriptor, static_cast<const iovec*>(data), count,
                               operation.offset);
        break;
    case OperationKind::Sync:
        ::io_uring_prep_fsync(&entry, descriptor, 0);
        break;
    case OperationKind::Stat:
        ::io_uring_prep_statx(&entry, descriptor, "", AT_EMPTY_PATH, STATX_BASIC_STATS,
                              static_cast<struct statx*>(operation.extra));
        break;
    case OperationKind::Connect:
        ::io_uring_prep_connect(&entry, descriptor, static_cast<const sockaddr*>(data),
                                static_cast<socklen_t>(operation.offset));
        break;
    case OperationKind::Accept:
        ::io_uring_prep_accept(&entry, descriptor, static_cast<sockaddr*>(data),
                               static_cast<socklen_t*>(operation.extra), flags);
        break;
    case OperationKind::Receive:
        ::io_uring_prep_recv(&entry, descriptor, data, count, flags);
        break;
    case OperationKind::Send:
        ::io_uring_prep_send(&entry, descriptor, data, count, flags);
        break;
    case OperationKind::ReceiveMessage:
        ::io_uring_prep_recvmsg(&entry, descriptor, static_cast<msghdr*>(data),
                                static_cast<unsigned>(flags));
        break;
    case OperationKind::SendMessage:
        ::io_uring_prep_sendmsg(&entry, descriptor, static_cast<const msghdr*>(data),
                                static_cast<unsigned>(flags));
        break;
    case OperationKind::Shutdown:
        ::io_uring_prep_shutdown(&entry, descriptor, flags);
        break;
    case OperationKind::Poll:
        ::io_uring_prep_poll_add(&entry, descriptor, static_cast<unsigned>(flags));
        break;
    }
}

} // namespace weft
