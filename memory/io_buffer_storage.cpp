#include <weft/memory/assert.hpp>
#include <weft/memory/io_buffer_storage.hpp>
#include <weft/memory/sanitizer.hpp>

namespace weft
{

StorageReference<IoBufferStorage> IoBufferStorage::make(std::string_view poolName,
                                                        std::uint32_t bufferCount,
                                                        std::size_t bufferSizeBytes)
{
    return StorageReference<IoBufferStorage>(
        new IoBufferStorage(poolName, bufferCount, bufferSizeBytes));
}

IoBufferStorage::IoBufferStorage(std::string_view poolName, std::uint32_t bufferCount,
                                 std::size_t bufferSizeBytes)
    : BufferStorage(poolName, bufferCount, bufferSizeBytes),
      slots(std::make_unique<IoBufferSlot[]>(bufferCount))
{
    for (std::uint32_t index = 0; index < bufferCount; ++index)
    {
        slots[index].storage = this;
        poisonMemory(data(index), bufferSizeBytes);
    }
}

void IoBufferStorage::release(IoBufferSlot& slot) noexcept
{
    const std::uint32_t index = indexOf(slot);
    WEFT_ASSERT(index < bufferCount());
    poisonMemory(data(index), bufferSizeBytes());
    // Counted before the buffer is back, because from then on the storage may be gone.
    releases.fetch_add(1, std::memory_order_release);

    // Acquire, because of what close() and publishWaiting() did before they stored their mark: the
    // references that this thread drops below were added there.
    std::uint32_t head = returned.load(std::memory_order_acquire);
    do
    {
        if (head == Closed)
        {
            dropReferences(1);
            return;
        }
        slot.next = head == Waiting ? Empty : head;
    } while (!returned.compare_exchange_weak(head, index, std::memory_order_acq_rel,
                                             std::memory_order_acquire));
    if (head == Waiting)
    {
        callSignal();
        dropReferences(1);
    }
}

bool IoBufferStorage::hasReturned() const noexcept
{
    return returned.load(std::memory_order_relaxed) < bufferCount();
}

std::uint32_t IoBufferStorage::takeReturned() noexcept
{
    if (!hasReturned())
    {
        return Empty;
    }
    // Only the owner stores marks, so what is taken here is a list and no mark is overwritten.
    const std::uint32_t first = returned.exchange(Empty, std::memory_order_acquire);
    WEFT_ASSERT(first < bufferCount());
    return first;
}

bool IoBufferStorage::publishWaiting() noexcept
{
    if (returned.load(std::memory_order_relaxed) == Waiting)
    {
        return true;
    }
    addReferences(1);
    std::uint32_t expected = Empty;
    if (returned.compare_exchange_strong(expected, Waiting, std::memory_order_release,
                                         std::memory_order_relaxed))
    {
        return true;
    }
    WEFT_ASSERT(expected < bufferCount());
    dropReferences(1);
    return false;
}

void IoBufferStorage::retractWaiting() noexcept
{
    std::uint32_t expected = Waiting;
    if (returned.load(std::memory_order_relaxed) == Waiting &&
        returned.compare_exchange_strong(expected, Empty, std::memory_order_relaxed))
    {
        dropReferences(1);
    }
}

void IoBufferStorage::setSignal(ReturnSignal& signal) noexcept
{
    const std::lock_guard lock(signalMutex);
    returnSignal = &signal;
}

std::uint32_t IoBufferStorage::close() noexcept
{
    // Before the mark, or a release that sees the mark could drop the last reference.
    addReferences(bufferCount());
    const std::uint32_t first = returned.exchange(Closed, std::memory_order_acq_rel);
    WEFT_ASSERT(first != Closed);
    {
        const std::lock_guard lock(signalMutex);
        returnSignal = nullptr;
    }
    if (first == Waiting)
    {
        dropReferences(1);
        return Empty;
    }
    return first;
}

void IoBufferStorage::callSignal() noexcept
{
    const std::lock_guard lock(signalMutex);
    if (returnSignal != nullptr)
    {
        returnSignal->buffersReturned();
    }
}

} // namespace weft
