#include <weft/reactor/io_error.hpp>
#include <weft/reactor/socket_address.hpp>
#include <weft/sources/source_error.hpp>

#include <algorithm>
#include <array>
#include <cerrno>

#include <netdb.h>

namespace weft
{

bool isTransient(std::error_code error) noexcept
{
    if (error.category() == resolverCategory())
    {
        return error.value() == EAI_AGAIN || error.value() == EAI_MEMORY;
    }
    if (error == IoError::DeadlineExpired)
    {
        return true;
    }
    constexpr std::array TransientErrors{
        // The peer, or the way to it, is away.
        ECONNREFUSED, ECONNRESET, ECONNABORTED, EPIPE, ETIMEDOUT, EHOSTUNREACH, ENETUNREACH,
        EHOSTDOWN, ENETDOWN, ENETRESET,
        // This machine is short of something that others may give back: ports, descriptors,
        // memory, threads.
        EADDRNOTAVAIL, EMFILE, ENFILE, ENOBUFS, ENOMEM, EAGAIN};
    // The standard library reports what the system has refused in the generic category, and so do
    // many authors of sources: an errno is meant by either.
    const bool isErrno =
        error.category() == std::system_category() || error.category() == std::generic_category();
    return isErrno && std::ranges::find(TransientErrors, error.value()) != TransientErrors.end();
}

} // namespace weft
