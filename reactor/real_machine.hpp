#pragma once

#include <weft/reactor/machine.hpp>

namespace weft
{

/// The operating system itself.
class RealMachine final : public Machine
{
public:
    std::unique_ptr<Engine> makeEngine(const EngineOptions& options) override;
    OffloadExecutor& offloadExecutor(OffloadExecutor& pool) noexcept override;
    std::expected<std::vector<SocketAddress>, std::error_code> lookUp(const std::string& host,
                                                                      std::uint16_t port) override;
    int socket(int family, int type) noexcept override;
    void close(int descriptor) noexcept override;
    int getsockname(int descriptor, SocketAddress& address) noexcept override;
    int getpeername(int descriptor, SocketAddress& address) noexcept override;
    void delayAcknowledgements(int descriptor) noexcept override;
    mode_t fileMode(int descriptor) noexcept override;
};

} // namespace weft
