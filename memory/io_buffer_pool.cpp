#include <weft/memory/assert.hpp>
#include <weft/memory/buffer_accounts.hpp>
#include <weft/memory/io_buffer_pool.hpp>
#include <weft/memory/io_buffer_storage.hpp>
#include <weft/memory/planted_mistake.hpp>
#include <weft/memory/sanitizer.hpp>

#include <algorithm>
#include <utility>

namespace weft
{

namespace
{

/// A source with several buffers has more than one of the pool's.
MemoryMapping mapRacks(const IoBufferPoolOptions& options)
{
    const std::size_t count = std::min(options.bufferCount, options.racksMax);
    return {MemoryMapping::Use::Buffers, count * sizeof(BufferRack),
            std::to_string(count) + " racks of buffers for pool '" + options.name + "'"};
}

} // namespace

IoBufferPool::IoBufferPool(IoBufferPoolOptions options)
    : settings(std::move(options)),
      storage(IoBufferStorage::make(settings.name, settings.bufferCount, settings.bufferSizeBytes)),
      accounts(std::make_unique<BufferAccounts>(settings.bufferCount)),
      rackMemory(mapRacks(settings)),
      bufferRacks({rackMemory.data(), rackMemory.sizeBytes()}),
      freeHead(0)
{
    // In ascending order, so that a pool used little touches little memory.
    for (std::uint32_t index = 0; index < settings.bufferCount; ++index)
    {
        const bool last = index + 1 == settings.bufferCount;
        storage->slot(index).next = last ? IoBufferStorage::Empty : index + 1;
    }
    publishCounters();
}

IoBufferPool::~IoBufferPool()
{
    close();
}

void IoBufferPool::attach(ReturnSignal& signal)
{
    attachShared(signal);
    owner = std::this_thread::get_id();
}

void IoBufferPool::attachShared(ReturnSignal& signal)
{
    WEFT_ASSERT(!closed && returnSignal == nullptr);
    returnSignal = &signal;
    storage->setSignal(signal);
    settleSignal();
}

void IoBufferPool::close() noexcept
{
    if (closed)
    {
        return;
    }
    WEFT_ASSERT(!reclaiming);
    WEFT_ASSERT(accounts->openCount() == 0 && accounts->waitingCount() == 0);
    WEFT_ASSERT(bufferRacks.takenCount() == 0);
    closed = true;
    returnSignal = nullptr;
    takeIn(storage->close());
    // A buffer that is still out keeps the reference that closing took for it.
    storage->dropReferences(accounts->freeCount());
    publishCounters();
}

std::expected<BufferReservation, ReservationRefused>
IoBufferPool::reserve(std::string_view sourceName, ReservationLimit limit)
{
    assertOwner();
    // Otherwise the reservation might be owed a buffer that has come back already.
    takeIn(storage->takeReturned());
    ReservationRecord* const record = accounts->open(limit.buffersInFlightMax);
    publishCounters();
    if (record == nullptr)
    {
        return std::unexpected(ReservationRefused{.sourceName = std::string(sourceName),
                                                  .poolName = settings.name,
                                                  .bufferCount = settings.bufferCount,
                                                  .bufferSizeBytes = settings.bufferSizeBytes,
                                                  .reservedCount = accounts->openCount(),
                                                  .sizeOption = settings.sizeOption});
    }
    return BufferReservation(*this, *record);
}

std::optional<IoBuffer> IoBufferPool::tryAcquire(BufferReservation& reservation) noexcept
{
    assertOwner();
    WEFT_ASSERT(reservation.pool == this && reservation.record != nullptr);
    ReservationRecord& record = *reservation.record;
    // Even when others are free: what has just come back is in the cache. Waiters that this makes
    // servable have had their signal: reclaim() is on its way.
    takeIn(storage->takeReturned());
    if (!accounts->mayLend(record))
    {
        publishCounters();
        return std::nullopt;
    }
    IoBuffer buffer = lend(record);
    publishCounters();
    return buffer;
}

void IoBufferPool::enqueue(BufferReservation& reservation, BufferWaiter& waiter) noexcept
{
    assertOwner();
    WEFT_ASSERT(reservation.pool == this && reservation.record != nullptr);
    accounts->enqueue(*reservation.record, waiter);
    settleSignal();
    publishCounters();
}

bool IoBufferPool::withdraw(BufferWaiter& waiter) noexcept
{
    assertOwner();
    if (!waiter.isWaiting())
    {
        return false;
    }
    accounts->withdraw(*waiter.record);
    settleSignal();
    publishCounters();
    return true;
}

void IoBufferPool::reclaim() noexcept
{
    assertOwner();
    if (reclaiming)
    {
        // Called by bufferGranted: handOver() goes on further up the stack.
        return;
    }
    if (storage->hasReturned() || accounts->firstServable() != nullptr)
    {
        handOver();
    }
    settleSignal();
    publishCounters();
}

bool IoBufferPool::hasReturned() const noexcept
{
    return storage->hasReturned();
}

IoBufferPoolStatistics IoBufferPool::statistics() const noexcept
{
    constexpr auto relaxed = std::memory_order_relaxed;
    const std::uint32_t inUse = buffersInUse();
    return IoBufferPoolStatistics{.total = settings.bufferCount,
                                  .free = settings.bufferCount - inUse,
                                  .reserved = counters.reserved.load(relaxed),
                                  .inUse = inUse,
                                  .waiting = counters.waiting.load(relaxed),
                                  .highWater = counters.highWater.load(relaxed),
                                  .acquisitions = counters.acquisitions.load(relaxed),
                                  .grants = counters.grants.load(relaxed),
                                  .limited = counters.limited.load(relaxed)};
}

std::span<std::byte> IoBufferPool::memory() const noexcept
{
    return storage->memory();
}

bool IoBufferPool::contains(std::span<const std::byte> bytes) const noexcept
{
    const auto all = memory();
    const std::less_equal<const std::byte*> notAfter;
    return notAfter(all.data(), bytes.data()) &&
           notAfter(bytes.data() + bytes.size(), all.data() + all.size());
}

void IoBufferPool::checkInvariants() const noexcept
{
    assertOwner();
    accounts->checkInvariants();
    std::uint32_t freeListed = 0;
    for (std::uint32_t index = freeHead; index != IoBufferStorage::Empty;
         index = storage->slot(index).next)
    {
        WEFT_ASSERT(index < settings.bufferCount);
        ++freeListed;
        WEFT_ASSERT(freeListed <= settings.bufferCount);
    }
    WEFT_ASSERT(freeListed == accounts->freeCount());
    WEFT_ASSERT(statistics().free >= freeListed);
}

void IoBufferPool::closeReservation(ReservationRecord& record) noexcept
{
    assertOwner();
    accounts->close(record);
    settleSignal();
    publishCounters();
}

void IoBufferPool::handOver() noexcept
{
    reclaiming = true;
    // The owner is awake: what comes back from here on need not wake it.
    storage->retractWaiting();
    takeIn(storage->takeReturned());
    while (ReservationRecord* const record = accounts->firstServable())
    {
        BufferWaiter* const waiter = record->waiter;
        accounts->withdraw(*record);
        if (planted(Mistake::ForgetWaiter, 64))
        {
            continue;
        }
        IoBuffer buffer = lend(*record);
        counters.grants.store(counters.grants.load(std::memory_order_relaxed) + 1,
                              std::memory_order_relaxed);
        // Who has its buffer is not to be seen waiting: a thread may run from here on.
        publishCounters();
        // Last, and with all accounts in order: it may call the pool or end the waiter.
        waiter->bufferGranted(std::move(buffer));
    }
    reclaiming = false;
}

IoBuffer IoBufferPool::lend(ReservationRecord& record) noexcept
{
    WEFT_ASSERT(freeHead != IoBufferStorage::Empty);
    IoBufferSlot& slot = storage->slot(freeHead);
    freeHead = planted(Mistake::LendTwice, 512) ? freeHead : slot.next;
    accounts->lend(record, slot);
    slot.sizeBytes = 0;
    slot.metadata = BufferMetadata{};
    unpoisonMemory(storage->dataOf(slot), settings.bufferSizeBytes);

    counters.acquisitions.store(counters.acquisitions.load(std::memory_order_relaxed) + 1,
                                std::memory_order_relaxed);
    counters.highWater.store(
        std::max(counters.highWater.load(std::memory_order_relaxed), buffersInUse()),
        std::memory_order_relaxed);
    return IoBuffer(slot);
}

void IoBufferPool::takeIn(std::uint32_t first) noexcept
{
    for (std::uint32_t index = first; index != IoBufferStorage::Empty;)
    {
        IoBufferSlot& slot = storage->slot(index);
        const std::uint32_t next = slot.next;
        accounts->takeIn(slot);
        slot.next = std::exchange(freeHead, index);
        index = next;
    }
}

/// After any change that the owner made: while somebody waits the next release is to signal, and
/// the owner signals itself when there is something to hand out already. Requests at their limits
/// count as waiting: each release may be the one that makes room for them. But they do not have the
/// owner signal itself for buffers that they may not have, or it would never sleep.
void IoBufferPool::settleSignal() noexcept
{
    if (reclaiming)
    {
        return;
    }
    if (accounts->waitingCount() == 0)
    {
        storage->retractWaiting();
        return;
    }
    // What came back before this was not announced, so finding it counts as the announcement.
    const bool nothingReturned = storage->publishWaiting();
    if (nothingReturned && accounts->firstServable() == nullptr)
    {
        counters.limited.store(accounts->countLimited(), std::memory_order_relaxed);
        return;
    }
    if (returnSignal != nullptr)
    {
        returnSignal->buffersReturned();
    }
}

/// Counts what came back when it is released, not when the owner gets round to taking it in.
std::uint32_t IoBufferPool::buffersInUse() const noexcept
{
    // In this order, so that no release is counted whose acquisition is not.
    const std::uint64_t releases = storage->releaseCount();
    const std::uint64_t acquisitions = counters.acquisitions.load(std::memory_order_relaxed);
    return static_cast<std::uint32_t>(
        std::min<std::uint64_t>(acquisitions - releases, settings.bufferCount));
}

/// The owner is the only writer, so plain stores do.
void IoBufferPool::publishCounters() noexcept
{
    constexpr auto relaxed = std::memory_order_relaxed;
    counters.reserved.store(accounts->openCount(), relaxed);
    counters.waiting.store(accounts->waitingCount(), relaxed);
}

void IoBufferPool::assertOwner() const noexcept
{
    WEFT_ASSERT(!closed);
    WEFT_ASSERT(owner == std::thread::id{} || owner == std::this_thread::get_id());
}

} // namespace weft
