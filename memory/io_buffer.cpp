#include <weft/memory/assert.hpp>
#include <weft/memory/io_buffer.hpp>
#include <weft/memory/io_buffer_storage.hpp>

namespace weft
{

std::span<std::byte> IoBuffer::writable() noexcept
{
    WEFT_ASSERT(slot != nullptr);
    return {slot->storage->dataOf(*slot), slot->storage->bufferSizeBytes()};
}

std::span<const std::byte> IoBuffer::bytes() const noexcept
{
    WEFT_ASSERT(slot != nullptr);
    return {slot->storage->dataOf(*slot), slot->sizeBytes};
}

std::size_t IoBuffer::capacityBytes() const noexcept
{
    WEFT_ASSERT(slot != nullptr);
    return slot->storage->bufferSizeBytes();
}

std::size_t IoBuffer::sizeBytes() const noexcept
{
    WEFT_ASSERT(slot != nullptr);
    return slot->sizeBytes;
}

void IoBuffer::setSizeBytes(std::size_t sizeBytes) noexcept
{
    WEFT_ASSERT(slot != nullptr);
    WEFT_ASSERT(sizeBytes <= slot->storage->bufferSizeBytes());
    slot->sizeBytes = sizeBytes;
}

BufferMetadata& IoBuffer::metadata() noexcept
{
    WEFT_ASSERT(slot != nullptr);
    return slot->metadata;
}

const BufferMetadata& IoBuffer::metadata() const noexcept
{
    WEFT_ASSERT(slot != nullptr);
    return slot->metadata;
}

void IoBuffer::release(IoBufferSlot* slot) noexcept
{
    slot->storage->release(*slot);
}

} // namespace weft
