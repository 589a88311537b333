#pragma once

#include <weft/reactor/engine.hpp>
#include <weft/reactor/engine_options.hpp>
#include <weft/reactor/socket_address.hpp>

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include <sys/types.h>

namespace weft
{

/// The operating system as reactors see it: where their engines come from, who answers for what
/// blocks, and the calls that never wait and so need no engine. A simulation puts another in its
/// place. The runtime's options name it; it outlives the runtime.
class Machine
{
public:
    Machine() = default;
    Machine(const Machine&) = delete;
    Machine& operator=(const Machine&) = delete;

    /// The one that this process runs on.
    static Machine& real() noexcept;

    /// The calling reactor's; on other threads the real one.
    static Machine& current() noexcept;

    /// On the reactor's thread, which is where the engine stays. Throws std::system_error.
    virtual std::unique_ptr<Engine> makeEngine(const EngineOptions& options) = 0;

    /// Who runs blocking calls for the fibers of a runtime; `pool` is that runtime's own.
    virtual OffloadExecutor& offloadExecutor(OffloadExecutor& pool) noexcept = 0;

    /// getaddrinfo(3) for a stream: errors in resolverCategory() or, of the system, in
    /// std::system_category(). Blocks; called where blocking calls run.
    virtual std::expected<std::vector<SocketAddress>, std::error_code>
    lookUp(const std::string& host, std::uint16_t port) = 0;

    /// The system calls of these names; negative results are negated errnos. Any thread.
    virtual int socket(int family, int type) noexcept = 0;
    virtual void close(int descriptor) noexcept = 0;
    virtual int getsockname(int descriptor, SocketAddress& address) noexcept = 0;
    virtual int getpeername(int descriptor, SocketAddress& address) noexcept = 0;

    /// See TcpStream::delayAcknowledgements(). Any thread.
    virtual void delayAcknowledgements(int descriptor) noexcept = 0;

    /// st_mode of fstat(2); zero after an error. Any thread.
    virtual mode_t fileMode(int descriptor) noexcept = 0;

protected:
    ~Machine() = default;
};

} // namespace weft
