#include <weft/reactor/engine_choice.hpp>
#include <weft/reactor/io_error.hpp>
#include <weft/reactor/real_machine.hpp>

#include <fmt/format.h>

#include <cerrno>

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace weft
{

namespace
{

using AddressList = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

/// Whether a look-up has failed because this machine was short of something.
bool isShortage(int errnoValue) noexcept
{
    return errnoValue == EMFILE || errnoValue == ENFILE || errnoValue == ENOMEM;
}

template <int (*GetName)(int, sockaddr*, socklen_t*) noexcept>
int nameOf(int descriptor, SocketAddress& address) noexcept
{
    auto size = SocketAddress::capacity();
    if (GetName(descriptor, address.data(), &size) != 0)
    {
        return -errno;
    }
    address.setSize(size);
    return 0;
}

} // namespace

std::unique_ptr<Engine> RealMachine::makeEngine(const EngineOptions& options)
{
    return makeEngineByChoice(options);
}

OffloadExecutor& RealMachine::offloadExecutor(OffloadExecutor& pool) noexcept
{
    return pool;
}

std::expected<std::vector<SocketAddress>, std::error_code>
RealMachine::lookUp(const std::string& host, std::uint16_t port)
{
    addrinfo hints = {};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV | AI_ADDRCONFIG;
    addrinfo* found = nullptr;
    const auto service = fmt::format("{}", port);
    errno = 0;
    const int error = ::getaddrinfo(host.c_str(), service.c_str(), &hints, &found);
    // Without a descriptor for its files and sockets, glibc answers that there is no such name.
    if (error == EAI_SYSTEM || (error != 0 && isShortage(errno)))
    {
        return std::unexpected(errnoError(errno));
    }
    if (error != 0)
    {
        return std::unexpected(std::error_code(error, resolverCategory()));
    }
    const AddressList list(found, &::freeaddrinfo);
    std::vector<SocketAddress> addresses;
    for (const auto* entry = list.get(); entry != nullptr; entry = entry->ai_next)
    {
        addresses.emplace_back(entry->ai_addr, entry->ai_addrlen);
    }
    return addresses;
}

int RealMachine::socket(int family, int type) noexcept
{
    const int descriptor = ::socket(family, type, 0);
    return descriptor >= 0 ? descriptor : -errno;
}

void RealMachine::close(int descriptor) noexcept
{
    // The descriptor is gone whatever close() answers.
    ::close(descriptor);
}

int RealMachine::getsockname(int descriptor, SocketAddress& address) noexcept
{
    return nameOf<::getsockname>(descriptor, address);
}

int RealMachine::getpeername(int descriptor, SocketAddress& address) noexcept
{
    return nameOf<::getpeername>(descriptor, address);
}

void RealMachine::delayAcknowledgements(int descriptor) noexcept
{
    // Only a wish, which every TCP socket takes.
    const int quick = 0;
    ::setsockopt(descriptor, IPPROTO_TCP, TCP_QUICKACK, &quick, sizeof(quick));
}

mode_t RealMachine::fileMode(int descriptor) noexcept
{
    struct stat status = {};
    return ::fstat(descriptor, &status) == 0 ? status.st_mode : 0;
}

} // namespace weft
