#include "../buffer_pool.hpp"
#include "../receiver_kinds.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <deque>

namespace weft::bench
{

namespace
{

namespace asio = boost::asio;
using asio::ip::tcp;

/// Cancels the read of a buffer whose flush is due.
class FlushTimer
{
public:
    FlushTimer(tcp::socket& timedSocket, std::int64_t flushIntervalNs)
        : socket(timedSocket),
          interval(flushIntervalNs),
          timer(timedSocket.get_executor())
    {
    }

    void start()
    {
        if (armed || interval.count() <= 0)
        {
            return;
        }
        armed = true;
        timer.expires_after(interval);
        timer.async_wait(
            [this](const boost::system::error_code& error)
            {
                if (!error && armed)
                {
                    due = true;
                    socket.cancel();
                }
            });
    }

    /// The buffer has been handed on.
    void stop()
    {
        due = false;
        if (armed)
        {
            armed = false;
            timer.cancel();
        }
    }

    bool isDue() const noexcept
    {
        return due;
    }

private:
    tcp::socket& socket;
    std::chrono::nanoseconds interval;
    asio::steady_timer timer;
    bool armed = false;
    bool due = false;
};

/// Outlives the handlers: one of a timer that has expired may run after the coroutine.
struct Connection
{
    tcp::socket socket;
    FlushTimer timer;

    Connection(asio::io_context& loop, int descriptor, std::int64_t flushNs)
        : socket(loop, tcp::v4(), descriptor),
          timer(socket, flushNs)
    {
    }
};

asio::awaitable<void> receiveSource(ReceiverContext& context, BufferPool& pool,
                                    Connection& connection, std::size_t source)
{
    auto& [socket, timer] = connection;
    const bool atOnce = context.plan().flushNs == 0;
    boost::system::error_code error;
    while (!error)
    {
        std::byte* const buffer = pool.acquire();
        std::size_t filled = 0;
        while (filled < BufferBytes && !timer.isDue() && !(atOnce && filled > 0))
        {
            const auto count =
                co_await socket.async_read_some(asio::buffer(buffer + filled, BufferBytes - filled),
                                                asio::redirect_error(asio::use_awaitable, error));
            filled += count;
            if (error == asio::error::operation_aborted)
            {
                error = {};
            }
            else if (error)
            {
                break;
            }
            else
            {
                timer.start();
            }
        }
        timer.stop();
        if (filled > 0)
        {
            context.sink().take(source, {buffer, filled});
        }
        pool.release(buffer);
    }
    if (error != asio::error::eof)
    {
        context.sink().fail("asio: " + error.message());
    }
    context.sink().end(source);
}

} // namespace

void receiveByAsio(ReceiverContext& context)
{
    constexpr int OneThread = 1;
    BufferPool pool(context.plan().sources());
    asio::io_context loop(OneThread);
    std::deque<Connection> connections;
    context.ready();
    const auto sockets = context.connectAll();
    for (std::size_t source = 0; source < sockets.size(); ++source)
    {
        auto& connection = connections.emplace_back(loop, sockets[source], context.plan().flushNs);
        asio::co_spawn(loop, receiveSource(context, pool, connection, source), asio::detached);
    }
    loop.run();
}

} // namespace weft::bench
