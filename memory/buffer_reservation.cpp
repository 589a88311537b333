#include <weft/memory/assert.hpp>
#include <weft/memory/buffer_accounts.hpp>
#include <weft/memory/buffer_reservation.hpp>
#include <weft/memory/io_buffer_pool.hpp>

namespace weft
{

std::string ReservationRefused::message() const
{
    return "source '" + sourceName + "' cannot be given its buffer: pool '" + poolName + "' has " +
           std::to_string(bufferCount) + " buffers of " + std::to_string(bufferSizeBytes) +
           " bytes and " + std::to_string(reservedCount) + " are reserved; raise " + sizeOption +
           " to at least " + std::to_string(std::uint64_t{reservedCount} + 1) +
           " or use fewer sources";
}

void BufferReservation::close() noexcept
{
    if (record != nullptr)
    {
        std::exchange(pool, nullptr)->closeReservation(*std::exchange(record, nullptr));
    }
}

std::uint32_t BufferReservation::buffersInFlight() const noexcept
{
    WEFT_ASSERT(record != nullptr);
    return record->buffersInFlight;
}

std::uint32_t BufferReservation::buffersInFlightLimit() const noexcept
{
    WEFT_ASSERT(record != nullptr);
    return pool->accounts->buffersInFlightLimit(*record);
}

BufferWaiter::~BufferWaiter()
{
    WEFT_ASSERT(!isWaiting());
}

} // namespace weft
