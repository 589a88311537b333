#pragma once

#include <weft/reactor/tcp.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace weft::test
{

/// The byte at a position of the stream, so that a loss, a repetition or a swap shows.
inline std::byte patternAt(std::uint64_t position) noexcept
{
    return static_cast<std::byte>((position * 0x9E3779B97F4A7C15U) >> 56U);
}

/// The far end of a source's connection, which sends the pattern.
class PatternPeer
{
public:
    explicit PatternPeer(TcpStream connected) noexcept : stream(std::move(connected))
    {
    }

    /// False when the source has closed the connection. Blocks while the window is closed.
    bool send(std::uint64_t count)
    {
        while (count > 0)
        {
            const auto part = prepare(count);
            if (!stream.sendAll(part))
            {
                return false;
            }
            sent += part.size();
            count -= part.size();
        }
        return true;
    }

    /// Sends until the kernel takes no more (EAGAIN), at most `most`, and tells how much it took.
    std::uint64_t sendWhatFits(std::uint64_t most)
    {
        const auto before = sent;
        while (sent - before < most)
        {
            const auto part = prepare(most - (sent - before));
            const auto taken =
                ::send(stream.descriptor(), part.data(), part.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
            if (taken < 0)
            {
                EXPECT_EQ(errno, EAGAIN);
                break;
            }
            sent += static_cast<std::uint64_t>(taken);
        }
        return sent - before;
    }

    std::uint64_t sentBytes() const noexcept
    {
        return sent;
    }

    /// What the kernel has taken and the other side has not acknowledged: SIOCOUTQ of tcp(7).
    std::uint64_t unacknowledgedBytes() const
    {
        int count = 0;
        EXPECT_EQ(::ioctl(stream.descriptor(), SIOCOUTQ, &count), 0);
        return static_cast<std::uint64_t>(count);
    }

    /// Doubled by the kernel for its own bookkeeping: see sendBufferBytes().
    void limitSendBuffer(int sizeBytes)
    {
        EXPECT_EQ(
            ::setsockopt(stream.descriptor(), SOL_SOCKET, SO_SNDBUF, &sizeBytes, sizeof(sizeBytes)),
            0);
    }

    std::uint64_t sendBufferBytes() const
    {
        int size = 0;
        socklen_t length = sizeof(size);
        EXPECT_EQ(::getsockopt(stream.descriptor(), SOL_SOCKET, SO_SNDBUF, &size, &length), 0);
        return static_cast<std::uint64_t>(size);
    }

    std::uint16_t port() const noexcept
    {
        return stream.localAddress().port();
    }

    void closeStream()
    {
        stream = TcpStream();
    }

private:
    std::span<const std::byte> prepare(std::uint64_t most)
    {
        const auto part = std::span(block).first(std::min<std::uint64_t>(most, block.size()));
        for (std::size_t index = 0; index < part.size(); ++index)
        {
            part[index] = patternAt(sent + index);
        }
        return part;
    }

    TcpStream stream;
    std::uint64_t sent = 0;
    std::array<std::byte, 16384> block{};
};

} // namespace weft::test
