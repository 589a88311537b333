#pragma once

#include <weft/reactor/acquire_buffer.hpp>
#include <weft/sources/source_error.hpp>
#include <weft/sources/source_execution.hpp>

#include <string>
#include <system_error>
#include <utility>

namespace weft
{

/// The part of an execution that has to do with buffers: the same for a reactor's pool and for that
/// of the threads, which differ in type only.
template <typename Pool, typename Reservation>
class PooledExecution : public SourceExecution
{
public:
    void reserve(const std::string& sourceName, std::uint32_t buffersInFlightMax) override
    {
        auto reserved = pool.reserve(sourceName, {.buffersInFlightMax = buffersInFlightMax});
        if (!reserved)
        {
            throw SourceError(std::make_error_code(std::errc::no_buffer_space),
                              reserved.error().message());
        }
        reservation = std::move(*reserved);
    }

    void release() noexcept override
    {
        reservation.close();
    }

    IoBuffer tryAcquire() noexcept override
    {
        auto buffer = pool.tryAcquire(reservation);
        return buffer ? std::move(*buffer) : IoBuffer();
    }

    io::Result<IoBuffer> acquire() override
    {
        return acquireBuffer(reservation);
    }

    std::uint32_t buffersInFlight() const noexcept override
    {
        return reservation.buffersInFlight();
    }

protected:
    explicit PooledExecution(Pool& sourcePool) noexcept : pool(sourcePool)
    {
    }

    ~PooledExecution() = default;

private:
    Pool& pool;
    Reservation reservation;
};

} // namespace weft
