#include <weft/reactor/simulation/open_file.hpp>

#include <cerrno>

namespace weft::simulation
{

int OpenFile::getsockname(SocketAddress&) const noexcept
{
    return -ENOTSOCK;
}

int OpenFile::getpeername(SocketAddress&) const noexcept
{
    return -ENOTSOCK;
}

} // namespace weft::simulation
