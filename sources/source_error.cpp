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
        return error.value() == EAI_AGAIN;
    }
    if (error == IoError::DeadlineExpired)
    {
        return true;
    }
    constexpr std::array TransientErrors{ECONNREFUSED, ECONNRESET,   ECONNABORTED, EPIPE,
                                         ETIMEDOUT,    EHOSTUNREACH, ENETUNREACH,  EHOSTDOWN,
                                         ENETDOWN,     ENETRESET};
    return error.category() == std::system_category() &&
           std::ranges::find(TransientErrors, error.value()) != TransientErrors.end();
}

} // namespace weft
