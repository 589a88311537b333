#include <weft/reactor/io.hpp>
#include <weft/reactor/machine.hpp>
#include <weft/reactor/perform.hpp>

#include <algorithm>
#include <climits>

#include <poll.h>

namespace weft::io
{

namespace
{

/// The kernel transfers at most INT_MAX bytes, less a page, in one call.
std::uint32_t transferLimit(std::size_t sizeBytes) noexcept
{
    constexpr std::size_t TransferBytesMax = 0x7ffff000;
    return static_cast<std::uint32_t>(std::min(sizeBytes, TransferBytesMax));
}

/// A negated errno becomes an error.
Result<std::size_t> checked(Result<std::int32_t> result)
{
    if (!result)
    {
        return std::unexpected(result.error());
    }
    if (*result < 0)
    {
        return std::unexpected(errnoError(-*result));
    }
    return static_cast<std::size_t>(*result);
}

Result<void> withoutValue(Result<std::size_t> result)
{
    if (!result)
    {
        return std::unexpected(result.error());
    }
    return {};
}

Result<std::size_t> performCount(Operation& operation, Deadline deadline)
{
    return checked(detail::perform(operation, deadline));
}

Result<void> performVoid(Operation& operation, Deadline deadline)
{
    return withoutValue(performCount(operation, deadline));
}

/// A descriptor that came although the call was giving up is closed: its caller has been told that
/// there is none.
Result<OwnedDescriptor> performDescriptor(Operation& operation, Deadline deadline)
{
    std::error_code gaveUp;
    const auto result = checked(detail::perform(operation, deadline, &gaveUp));
    if (!result)
    {
        return std::unexpected(result.error());
    }
    OwnedDescriptor descriptor(static_cast<int>(*result));
    if (gaveUp)
    {
        return std::unexpected(gaveUp);
    }
    return descriptor;
}

/// Whether the descriptor reads from a FIFO.
bool readsFromFifo(int descriptor, int openFlags) noexcept
{
    return (openFlags & O_ACCMODE) == O_RDONLY && S_ISFIFO(Machine::current().fileMode(descriptor));
}

/// Operations carry pointers without const; those that only read do not write through them.
void* mutableData(const void* data) noexcept
{
    return const_cast<void*>(data);
}

Result<std::size_t> transfer(OperationKind kind, int descriptor, const void* data,
                             std::uint32_t amount, std::uint64_t offset, Deadline deadline)
{
    Operation operation(kind, descriptor);
    operation.data = mutableData(data);
    operation.count = amount;
    operation.offset = offset;
    return performCount(operation, deadline);
}

std::uint32_t vectorCount(std::span<const iovec> buffers) noexcept
{
    return static_cast<std::uint32_t>(std::min<std::size_t>(buffers.size(), UIO_MAXIOV));
}

} // namespace

Deadline after(std::chrono::nanoseconds duration) noexcept
{
    const auto now = Clock::now();
    return duration >= NoDeadline - now ? NoDeadline : now + duration;
}

Result<OwnedDescriptor> open(const std::filesystem::path& path, int flags, mode_t mode,
                             Deadline deadline)
{
    Operation operation(OperationKind::Open, -1);
    operation.data = mutableData(path.c_str());
    operation.flags = flags | O_CLOEXEC;
    operation.count = mode;
    auto opened = performDescriptor(operation, deadline);
    // io_uring opens in non-blocking mode first, so a FIFO opens before there is a writer, and
    // reading it would find an end of the stream that has not begun.
    if (opened && (flags & O_NONBLOCK) == 0 && readsFromFifo(opened->get(), flags))
    {
        if (const auto ready = poll(opened->get(), POLLIN, deadline); !ready)
        {
            return std::unexpected(ready.error());
        }
    }
    return opened;
}

Result<void> close(OwnedDescriptor descriptor)
{
    Operation operation(OperationKind::Close, descriptor.release());
    return withoutValue(checked(detail::performToTheEnd(operation)));
}

Result<std::size_t> read(int descriptor, std::span<std::byte> buffer, Deadline deadline)
{
    return transfer(OperationKind::Read, descriptor, buffer.data(), transferLimit(buffer.size()),
                    Operation::CurrentPosition, deadline);
}

Result<std::size_t> pread(int descriptor, std::span<std::byte> buffer, std::uint64_t offsetBytes,
                          Deadline deadline)
{
    return transfer(OperationKind::Read, descriptor, buffer.data(), transferLimit(buffer.size()),
                    offsetBytes, deadline);
}

Result<std::size_t> readv(int descriptor, std::span<const iovec> buffers, Deadline deadline)
{
    return transfer(OperationKind::ReadVectored, descriptor, buffers.data(), vectorCount(buffers),
                    Operation::CurrentPosition, deadline);
}

Result<std::size_t> preadv(int descriptor, std::span<const iovec> buffers,
                           std::uint64_t offsetBytes, Deadline deadline)
{
    return transfer(OperationKind::ReadVectored, descriptor, buffers.data(), vectorCount(buffers),
                    offsetBytes, deadline);
}

Result<std::size_t> tryPreadv(int descriptor, std::span<const iovec> buffers,
                              std::uint64_t offsetBytes)
{
    Operation operation(OperationKind::ReadVectored, descriptor);
    operation.data = mutableData(buffers.data());
    operation.count = vectorCount(buffers);
    operation.offset = offsetBytes;
    operation.flags = RWF_NOWAIT;
    return performCount(operation, NoDeadline);
}

Result<std::size_t> write(int descriptor, std::span<const std::byte> bytes, Deadline deadline)
{
    return transfer(OperationKind::Write, descriptor, bytes.data(), transferLimit(bytes.size()),
                    Operation::CurrentPosition, deadline);
}

Result<std::size_t> pwrite(int descriptor, std::span<const std::byte> bytes,
                           std::uint64_t offsetBytes, Deadline deadline)
{
    return transfer(OperationKind::Write, descriptor, bytes.data(), transferLimit(bytes.size()),
                    offsetBytes, deadline);
}

Result<std::size_t> writev(int descriptor, std::span<const iovec> buffers, Deadline deadline)
{
    return transfer(OperationKind::WriteVectored, descriptor, buffers.data(), vectorCount(buffers),
                    Operation::CurrentPosition, deadline);
}

Result<std::size_t> pwritev(int descriptor, std::span<const iovec> buffers,
                            std::uint64_t offsetBytes, Deadline deadline)
{
    return transfer(OperationKind::WriteVectored, descriptor, buffers.data(), vectorCount(buffers),
                    offsetBytes, deadline);
}

Result<void> fsync(int descriptor, Deadline deadline)
{
    Operation operation(OperationKind::Sync, descriptor);
    return performVoid(operation, deadline);
}

Result<struct statx> stat(int descriptor, Deadline deadline)
{
    struct statx status = {};
    Operation operation(OperationKind::Stat, descriptor);
    operation.extra = &status;
    const auto result = performVoid(operation, deadline);
    if (!result)
    {
        return std::unexpected(result.error());
    }
    return status;
}

Result<void> connect(int descriptor, const SocketAddress& address, Deadline deadline)
{
    Operation operation(OperationKind::Connect, descriptor);
    operation.data = mutableData(address.data());
    operation.offset = address.size();
    return performVoid(operation, deadline);
}

Result<OwnedDescriptor> accept(int descriptor, SocketAddress* peer, Deadline deadline)
{
    SocketAddress ignored;
    auto& address = peer != nullptr ? *peer : ignored;
    auto size = SocketAddress::capacity();
    Operation operation(OperationKind::Accept, descriptor);
    operation.data = address.data();
    operation.extra = &size;
    operation.flags = SOCK_CLOEXEC;
    auto accepted = performDescriptor(operation, deadline);
    address.setSize(size);
    return accepted;
}

Result<std::size_t> recv(int descriptor, std::span<std::byte> buffer, int flags, Deadline deadline)
{
    Operation operation(OperationKind::Receive, descriptor);
    operation.data = buffer.data();
    operation.count = transferLimit(buffer.size());
    operation.flags = flags;
    return performCount(operation, deadline);
}

Result<std::size_t> recvmsg(int descriptor, msghdr& message, int flags, Deadline deadline)
{
    Operation operation(OperationKind::ReceiveMessage, descriptor);
    operation.data = &message;
    operation.flags = flags;
    return performCount(operation, deadline);
}

Result<std::size_t> send(int descriptor, std::span<const std::byte> bytes, int flags,
                         Deadline deadline)
{
    Operation operation(OperationKind::Send, descriptor);
    operation.data = mutableData(bytes.data());
    operation.count = transferLimit(bytes.size());
    operation.flags = flags | MSG_NOSIGNAL;
    return performCount(operation, deadline);
}

Result<std::size_t> sendmsg(int descriptor, const msghdr& message, int flags, Deadline deadline)
{
    Operation operation(OperationKind::SendMessage, descriptor);
    operation.data = mutableData(&message);
    operation.flags = flags | MSG_NOSIGNAL;
    return performCount(operation, deadline);
}

Result<void> shutdown(int descriptor, int how)
{
    Operation operation(OperationKind::Shutdown, descriptor);
    operation.flags = how;
    return withoutValue(checked(detail::performToTheEnd(operation)));
}

Result<int> poll(int descriptor, int events, Deadline deadline)
{
    Operation operation(OperationKind::Poll, descriptor);
    operation.flags = events;
    const auto reported = performCount(operation, deadline);
    if (!reported)
    {
        return std::unexpected(reported.error());
    }
    return static_cast<int>(*reported);
}

} // namespace weft::io
