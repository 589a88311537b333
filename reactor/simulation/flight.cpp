#include <weft/reactor/simulation/flight.hpp>

namespace weft::simulation
{

namespace
{

bool isVectored(OperationKind kind) noexcept
{
    return kind == OperationKind::ReadVectored || kind == OperationKind::WriteVectored ||
           kind == OperationKind::ReceiveMessage || kind == OperationKind::SendMessage;
}

std::span<const iovec> vectorsOf(const Operation& operation) noexcept
{
    if (operation.kind == OperationKind::ReceiveMessage ||
        operation.kind == OperationKind::SendMessage)
    {
        const auto& message = *static_cast<const msghdr*>(operation.data);
        return {message.msg_iov, message.msg_iovlen};
    }
    return {static_cast<const iovec*>(operation.data), operation.count};
}

} // namespace

std::vector<std::span<std::byte>> buffersOf(const Operation& operation)
{
    if (!isVectored(operation.kind))
    {
        return {{static_cast<std::byte*>(operation.data), operation.count}};
    }
    std::vector<std::span<std::byte>> buffers;
    for (const auto& vector : vectorsOf(operation))
    {
        buffers.emplace_back(static_cast<std::byte*>(vector.iov_base), vector.iov_len);
    }
    return buffers;
}

std::uint64_t sizeOf(const Operation& operation) noexcept
{
    if (!isVectored(operation.kind))
    {
        return operation.count;
    }
    std::uint64_t size = 0;
    for (const auto& vector : vectorsOf(operation))
    {
        size += vector.iov_len;
    }
    return size;
}

} // namespace weft::simulation
