#pragma once

#include <weft/reactor/simulation/flight.hpp>
#include <weft/reactor/socket_address.hpp>

#include <sys/types.h>

namespace weft::simulation
{

/// What a simulated descriptor stands for.
class OpenFile
{
public:
    OpenFile() = default;
    OpenFile(const OpenFile&) = delete;
    OpenFile& operator=(const OpenFile&) = delete;
    virtual ~OpenFile() = default;

    /// st_mode.
    virtual mode_t mode() const noexcept = 0;
    virtual std::uint64_t sizeBytes() const noexcept = 0;

    /// Takes an operation of any kind but open, close and stat. It finishes it, now or later,
    /// through the world.
    virtual void begin(Flight& flight) = 0;

    /// Takes back an operation that waits for somebody else; false when it is under way and ends by
    /// itself.
    virtual bool withdraw(const Flight& flight) = 0;

    virtual void close() = 0;

    /// Negated errnos, as of the system calls.
    virtual int getsockname(SocketAddress& address) const noexcept;
    virtual int getpeername(SocketAddress& address) const noexcept;
};

} // namespace weft::simulation
