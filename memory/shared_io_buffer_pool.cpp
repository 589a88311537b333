#include <weft/memory/assert.hpp>
#include <weft/memory/shared_io_buffer_pool.hpp>

namespace weft
{

SharedIoBufferPool& SharedBufferReservation::pool() const noexcept
{
    WEFT_ASSERT(sharedPool != nullptr);
    return *sharedPool;
}

/// Makes the calling thread the pool's owner for a scope.
class SharedIoBufferPool::Ownership
{
public:
    explicit Ownership(SharedIoBufferPool& sharedPool) noexcept : owned(sharedPool)
    {
        owned.lock();
    }

    ~Ownership()
    {
        owned.unlock();
        owned.reclaimIfAsked();
    }

    Ownership(const Ownership&) = delete;
    Ownership& operator=(const Ownership&) = delete;

private:
    SharedIoBufferPool& owned;
};

void SharedBufferReservation::close() noexcept
{
    if (sharedPool != nullptr)
    {
        const SharedIoBufferPool::Ownership ownership(*std::exchange(sharedPool, nullptr));
        reservation.close();
    }
}

std::uint32_t SharedBufferReservation::buffersInFlight() const noexcept
{
    const SharedIoBufferPool::Ownership ownership(pool());
    return reservation.buffersInFlight();
}

namespace
{

/// Racks are for one thread at a time, without a lock.
IoBufferPoolOptions withoutRacks(IoBufferPoolOptions options)
{
    options.racksMax = 0;
    return options;
}

} // namespace

SharedIoBufferPool::SharedIoBufferPool(IoBufferPoolOptions options)
    : pool(withoutRacks(std::move(options)))
{
    lock();
    pool.attachShared(*this);
    unlock();
}

SharedIoBufferPool::~SharedIoBufferPool()
{
    close();
}

void SharedIoBufferPool::close() noexcept
{
    // A signal under way either holds the lock and is waited for, or finds it taken and leaves.
    lock();
    pool.close();
    unlock();
}

std::expected<SharedBufferReservation, ReservationRefused>
SharedIoBufferPool::reserve(std::string_view sourceName, ReservationLimit limit)
{
    const Ownership ownership(*this);
    auto reserved = pool.reserve(sourceName, limit);
    if (!reserved)
    {
        return std::unexpected(std::move(reserved.error()));
    }
    return SharedBufferReservation(*this, std::move(*reserved));
}

std::optional<IoBuffer>
SharedIoBufferPool::tryAcquire(SharedBufferReservation& reservation) noexcept
{
    WEFT_ASSERT(reservation.sharedPool == this);
    const Ownership ownership(*this);
    return pool.tryAcquire(reservation.reservation);
}

void SharedIoBufferPool::enqueue(SharedBufferReservation& reservation,
                                 BufferWaiter& waiter) noexcept
{
    WEFT_ASSERT(reservation.sharedPool == this);
    const Ownership ownership(*this);
    pool.enqueue(reservation.reservation, waiter);
}

bool SharedIoBufferPool::withdraw(BufferWaiter& waiter) noexcept
{
    const Ownership ownership(*this);
    return pool.withdraw(waiter);
}

void SharedIoBufferPool::checkInvariants() noexcept
{
    const Ownership ownership(*this);
    pool.checkInvariants();
}

void SharedIoBufferPool::lock() noexcept
{
    WEFT_ASSERT(holder.load(std::memory_order_relaxed) != std::this_thread::get_id());
    mutex.lock();
    holder.store(std::this_thread::get_id(), std::memory_order_relaxed);
}

void SharedIoBufferPool::unlock() noexcept
{
    holder.store(std::thread::id{}, std::memory_order_relaxed);
    mutex.unlock();
}

void SharedIoBufferPool::buffersReturned() noexcept
{
    reclaimAsked.store(true, std::memory_order_seq_cst);
    // By the pool itself, out of a call that is under way: its Ownership reclaims when it ends.
    if (holder.load(std::memory_order_relaxed) != std::this_thread::get_id())
    {
        reclaimIfAsked();
    }
}

/// Called after asking, and after each unlocking. No request is lost, because of the two orders:
///   asking:    1. store the request   fence   2. try the lock
///   holding:   1. unlock              fence   2. look for a request
/// If the lock was found taken, its holder had not unlocked at that moment, and looks after it: by
/// the fences it then sees the request. Whoever takes the request reclaims, and looks again after
/// unlocking, for those who found the lock taken meanwhile.
void SharedIoBufferPool::reclaimIfAsked() noexcept
{
    for (;;)
    {
        std::atomic_thread_fence(std::memory_order_seq_cst);
        if (!reclaimAsked.load(std::memory_order_seq_cst) || !mutex.try_lock())
        {
            return;
        }
        holder.store(std::this_thread::get_id(), std::memory_order_relaxed);
        // Before reclaiming: what comes back from here on asks again.
        if (reclaimAsked.exchange(false, std::memory_order_seq_cst))
        {
            pool.reclaim();
        }
        unlock();
    }
}

} // namespace weft
