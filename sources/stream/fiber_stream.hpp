#pragma once

#include <weft/reactor/tcp.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/system/system_error.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <utility>

#include <sys/uio.h>

namespace boost::beast
{
enum class role_type;
}

namespace weft
{

namespace detail
{

/// Whose executor all streams of fibers name. It is never run and has no thread: the layers above
/// make timers of it that they do not start. Never destroyed, as streams may outlive any order.
inline boost::asio::io_context& neverRunContext()
{
    static auto& context = *new boost::asio::io_context(1);
    return context;
}

/// A sequence of Asio's buffers as the kernel takes it, the empty ones left out. Those beyond its
/// capacity are left out, too: a call that reads or writes some bytes may do so.
class BufferVector
{
public:
    template <typename Buffers>
    explicit BufferVector(const Buffers& buffers)
    {
        const auto end = boost::asio::buffer_sequence_end(buffers);
        for (auto next = boost::asio::buffer_sequence_begin(buffers);
             next != end && count < vectors.size(); ++next)
        {
            const boost::asio::const_buffer buffer(*next);
            if (buffer.size() > 0)
            {
                vectors[count++] = {.iov_base = const_cast<void*>(buffer.data()),
                                    .iov_len = buffer.size()};
            }
        }
    }

    std::span<const iovec> get() const noexcept
    {
        return {vectors.data(), count};
    }

private:
    static constexpr std::size_t CountMax = 16;
    std::array<iovec, CountMax> vectors;
    std::size_t count = 0;
};

} // namespace detail

/// As Boost.Asio's and Beast's own code compares them.
inline boost::system::error_code toBoost(std::error_code error) noexcept
{
    if (error.category() == std::system_category())
    {
        return {error.value(), boost::system::system_category()};
    }
    return error;
}

/// A TCP connection that fulfils Boost.Asio's SyncReadStream and SyncWriteStream, so that
/// `boost::asio::ssl::stream<FiberStream>` and `boost::beast::websocket::stream<FiberStream>` are
/// used with their plain synchronous calls: each suspends the fiber, or blocks the thread, as the
/// calls of io.hpp do. The names are the concepts'.
///
/// Its deadlines and a stop come as IoError, for which `gaveUp(error)` is true; the end of the
/// stream as boost::asio::error::eof; all else as the errno. After a read that gave up nothing is
/// lost *here*. What a layer above makes of the error is its own:
/// - `ssl::stream::read_some` may be called again, in the middle of a record, too.
/// - Beast's `http::read_some` and a parser may go on, too.
/// - `websocket::stream` has failed for good: make sure that what it will ask for has arrived.
/// - A write that failed, or a handshake, cannot be taken up again in any of them.
class FiberStream
{
public:
    using executor_type = boost::asio::io_context::executor_type;
    using lowest_layer_type = FiberStream;

    explicit FiberStream(TcpStream connected) noexcept : stream(std::move(connected))
    {
    }

    executor_type get_executor() const noexcept
    {
        return detail::neverRunContext().get_executor();
    }

    lowest_layer_type& lowest_layer() noexcept
    {
        return *this;
    }

    const lowest_layer_type& lowest_layer() const noexcept
    {
        return *this;
    }

    TcpStream& tcp() noexcept
    {
        return stream;
    }

    const TcpStream& tcp() const noexcept
    {
        return stream;
    }

    /// For each read from now on.
    void setReadDeadline(Deadline deadline) noexcept
    {
        readDeadline = deadline;
    }

    /// For each write from now on.
    void setWriteDeadline(Deadline deadline) noexcept
    {
        writeDeadline = deadline;
    }

    /// Suspends.
    template <typename MutableBuffers>
    std::size_t read_some(const MutableBuffers& buffers, boost::system::error_code& error)
    {
        const detail::BufferVector vector(buffers);
        error = {};
        if (vector.get().empty())
        {
            return 0;
        }
        const auto received = stream.receive(vector.get(), readDeadline);
        if (!received)
        {
            error = toBoost(received.error());
            return 0;
        }
        if (*received == 0)
        {
            error = boost::asio::error::eof;
        }
        return *received;
    }

    /// Throws boost::system::system_error. Suspends.
    template <typename MutableBuffers>
    std::size_t read_some(const MutableBuffers& buffers)
    {
        boost::system::error_code error;
        const auto sizeBytes = read_some(buffers, error);
        throwIf(error);
        return sizeBytes;
    }

    /// Suspends.
    template <typename ConstBuffers>
    std::size_t write_some(const ConstBuffers& buffers, boost::system::error_code& error)
    {
        const detail::BufferVector vector(buffers);
        error = {};
        if (vector.get().empty())
        {
            return 0;
        }
        msghdr message = {};
        message.msg_iov = const_cast<iovec*>(vector.get().data());
        message.msg_iovlen = vector.get().size();
        const auto sent = io::sendmsg(stream.descriptor(), message, 0, writeDeadline);
        if (!sent)
        {
            error = toBoost(sent.error());
            return 0;
        }
        return *sent;
    }

    /// Throws boost::system::system_error. Suspends.
    template <typename ConstBuffers>
    std::size_t write_some(const ConstBuffers& buffers)
    {
        boost::system::error_code error;
        const auto sizeBytes = write_some(buffers, error);
        throwIf(error);
        return sizeBytes;
    }

private:
    static void throwIf(const boost::system::error_code& error)
    {
        if (error)
        {
            throw boost::system::system_error(error);
        }
    }

    TcpStream stream;
    Deadline readDeadline = NoDeadline;
    Deadline writeDeadline = NoDeadline;
};

/// How Beast ends the connection below a WebSocket; found by argument-dependent look-up. Suspends.
inline void teardown(boost::beast::role_type, FiberStream& stream, boost::system::error_code& error)
{
    const auto ended = stream.tcp().shutdownSend();
    error = ended ? boost::system::error_code() : toBoost(ended.error());
}

/// Beast's time-outs are for its asynchronous calls: never called.
inline void beast_close_socket(FiberStream& stream)
{
    stream.tcp() = TcpStream();
}

} // namespace weft
