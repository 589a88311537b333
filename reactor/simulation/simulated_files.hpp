#pragma once

#include <weft/reactor/simulation/byte_stream.hpp>
#include <weft/reactor/simulation/feed.hpp>
#include <weft/reactor/simulation/open_file.hpp>

#include <memory>
#include <optional>

#include <sys/stat.h>

namespace weft::simulation
{

class World;

/// A file in memory that can be read at any place.
class SimulatedRegularFile final : public OpenFile
{
public:
    SimulatedRegularFile(World& world, const RegularFile& plan);

    mode_t mode() const noexcept override
    {
        return S_IFREG | 0644;
    }

    std::uint64_t sizeBytes() const noexcept override
    {
        return plan.sizeBytes;
    }

    void begin(Flight& flight) override;
    bool withdraw(const Flight& flight) override;
    void close() override;

private:
    std::int32_t read(const Operation& operation);

    World& world;
    const RegularFile plan;
    std::uint64_t position = 0;
};

/// A FIFO, open for reading.
class SimulatedFifo final : public OpenFile
{
public:
    SimulatedFifo(World& world, FeedPlan plan);

    mode_t mode() const noexcept override
    {
        return S_IFIFO | 0644;
    }

    std::uint64_t sizeBytes() const noexcept override
    {
        return 0;
    }

    void begin(Flight& flight) override;
    bool withdraw(const Flight& flight) override;
    void close() override;

private:
    World& world;
    const std::shared_ptr<ByteStream> stream;
};

/// A stream socket, from socket(2) to close.
class SimulatedSocket final : public OpenFile
{
public:
    explicit SimulatedSocket(World& world) noexcept;

    mode_t mode() const noexcept override
    {
        return S_IFSOCK | 0777;
    }

    std::uint64_t sizeBytes() const noexcept override
    {
        return 0;
    }

    void begin(Flight& flight) override;
    bool withdraw(const Flight& flight) override;
    void close() override;
    int getsockname(SocketAddress& address) const noexcept override;
    int getpeername(SocketAddress& address) const noexcept override;

private:
    void connect(Flight& flight);
    void write(Flight& flight);

    World& world;
    std::shared_ptr<ByteStream> stream; // once connected
    std::optional<SocketAddress> peer;
};

} // namespace weft::simulation
