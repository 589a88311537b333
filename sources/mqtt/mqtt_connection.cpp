#include <weft/memory/assert.hpp>
#include <weft/reactor/offload.hpp>
#include <weft/sources/mqtt/mqtt_connection.hpp>
#include <weft/sources/quantity.hpp>
#include <weft/sources/source_error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include <mosquitto.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>

namespace weft
{

namespace
{

/// The library answers for so many packets in a call as it likes, whatever it is told.
constexpr int PacketsMost = 1;

/// How long a farewell may wait for room in the socket's queue.
constexpr auto FarewellTime = std::chrono::seconds(1);

} // namespace

MqttConnection::MqttConnection(const MqttSettings& connectionSettings,
                               MqttReceiver& messageReceiver)
    : settings(connectionSettings),
      receiver(messageReceiver)
{
}

void MqttConnection::open()
{
    const auto deadline = io::after(settings.connectTimeout);
    const bool isReused = client && !settings.cleanSession;
    if (!isReused)
    {
        client = std::make_shared<MqttClient>(settings, receiver);
    }
    isFailed = false;
    subackDue = NoDeadline;
    pinged.reset();
    try
    {
        connect(deadline);
        awaitConnected(deadline);
        awaitAnswer(deadline);
        if (isReused && !client->sessionPresent)
        {
            // It would take new messages for those of the session that the broker has lost.
            hangUp();
            client.reset();
            return open();
        }
        client->endLog();
        subscribe();
    }
    catch (...)
    {
        hangUp();
        throw;
    }
    lastReceived = Clock::now();
    lastSent = lastReceived;
}

/// A name server may take its time, and then the call is left behind with the client.
void MqttConnection::connect(Deadline deadline)
{
    const auto begun = offloadAbandonable(
        [shared = client]
        {
            shared->connect();
        },
        deadline);
    if (!begun)
    {
        client.reset();
        failConnect(begun.error());
    }
}

void MqttConnection::awaitConnected(Deadline deadline)
{
    const int socket = mosquitto_socket(client->handle());
    const auto ready = io::poll(socket, POLLOUT, deadline);
    if (!ready)
    {
        failConnect(ready.error());
    }
    // The library would take a refusal for one more reason to wait.
    int error = 0;
    socklen_t size = sizeof(error);
    ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size);
    // A socket tells of it once, and with TLS the library has sent before.
    if (error == 0 && (*ready & POLLHUP) != 0 && client->isRefused)
    {
        error = ECONNREFUSED;
    }
    if (error != 0)
    {
        if (settings.tls.wanted && error == ECONNRESET)
        {
            step(deadline); // the broker may have said before what it does not like
        }
        throw SourceError(errnoError(error), what("connect to"));
    }
}

void MqttConnection::awaitAnswer(Deadline deadline)
{
    int events = 0;
    for (;;)
    {
        step(deadline);
        if (client->answer)
        {
            return client->requireAccepted();
        }
        if ((events & (POLLERR | POLLHUP)) != 0)
        {
            throw SourceError(errnoError(ECONNRESET), what("connect to"));
        }
        const bool wantsWrite = mosquitto_want_write(client->handle());
        const auto ready = io::poll(mosquitto_socket(client->handle()),
                                    POLLIN | (wantsWrite ? POLLOUT : 0), deadline);
        if (!ready)
        {
            failConnect(ready.error());
        }
        events = *ready;
    }
}

void MqttConnection::step(Deadline deadline)
{
    if (!settings.tls.wanted)
    {
        return stepNow();
    }
    // Certificates are read and verified on the way, which is long for a reactor.
    const auto done = offload(
        [this]
        {
            stepNow();
        },
        deadline);
    if (!done)
    {
        failConnect(done.error());
    }
}

/// Reads and writes what it can.
void MqttConnection::stepNow()
{
    errno = 0;
    auto* const handle = client->handle();
    int result = mosquitto_loop_read(handle, PacketsMost);
    if (result == MOSQ_ERR_SUCCESS && !client->answer && mosquitto_want_write(handle))
    {
        errno = 0;
        result = mosquitto_loop_write(handle, PacketsMost);
    }
    const int error = errno;
    if (!client->answer)
    {
        client->check(result, error, "connect to");
    }
}

/// Queues the request. It is answered like everything else: messages may come before.
void MqttConnection::subscribe()
{
    if (client->sessionPresent && client->subscribed)
    {
        return; // to subscribe again would bring all retained messages again
    }
    std::vector<char*> topics;
    for (const auto& topic : settings.topics)
    {
        topics.push_back(const_cast<char*>(topic.c_str()));
    }
    client->check(mosquitto_subscribe_multiple(client->handle(), nullptr,
                                               static_cast<int>(topics.size()), topics.data(),
                                               settings.qos, 0, nullptr),
                  0, "subscribe at");
    client->awaitsSuback = true;
}

bool MqttConnection::read()
{
    const auto messagesBefore = client->messages;
    errno = 0;
    const int result = mosquitto_loop_read(client->handle(), PacketsMost);
    const int error = errno;
    if (client->failure)
    {
        std::rethrow_exception(std::exchange(client->failure, nullptr));
    }
    if (result != MOSQ_ERR_SUCCESS || !client->isConnected())
    {
        isFailed = true;
        client->check(result != MOSQ_ERR_SUCCESS ? result : MOSQ_ERR_CONN_LOST, error,
                      "receive from");
    }
    if (client->refusedTopic)
    {
        throw SourceError(errnoError(EACCES),
                          fmt::format("{} '{}' (the broker refuses)", what("subscribe at"),
                                      settings.topics.at(*client->refusedTopic)));
    }
    // The library also leaves EAGAIN when it could not write to a pipe of its own.
    if (error == EAGAIN && client->messages == messagesBefore)
    {
        return hasUnreadTls();
    }
    lastReceived = Clock::now();
    pinged.reset();
    return true;
}

/// Bytes that no poll tells of.
bool MqttConnection::hasUnreadTls() const noexcept
{
    auto* const tls = static_cast<SSL*>(mosquitto_ssl_get(client->handle()));
    return tls != nullptr && SSL_pending(tls) > 0;
}

io::Result<void> MqttConnection::await(Deadline deadline)
{
    const auto ready = io::poll(mosquitto_socket(client->handle()), POLLIN, deadline);
    if (!ready)
    {
        return std::unexpected(ready.error());
    }
    lastReceived = Clock::now();
    pinged.reset();
    return {};
}

io::Result<void> MqttConnection::send(Deadline deadline)
{
    auto* const handle = client->handle();
    if (!mosquitto_want_write(handle))
    {
        return {};
    }
    const auto latest = io::after(settings.connectTimeout);
    for (;;)
    {
        errno = 0;
        const int result = mosquitto_loop_write(handle, PacketsMost);
        const int error = errno;
        if (result != MOSQ_ERR_SUCCESS || !client->isConnected())
        {
            isFailed = true;
            client->check(result != MOSQ_ERR_SUCCESS ? result : MOSQ_ERR_CONN_LOST, error,
                          "send to");
        }
        lastSent = Clock::now();
        if (client->awaitsSuback && subackDue == NoDeadline)
        {
            subackDue = latest;
        }
        if (error != EAGAIN)
        {
            return {};
        }
        const auto ready = io::poll(mosquitto_socket(handle), POLLOUT, std::min(deadline, latest));
        if (!ready)
        {
            if (ready.error() == IoError::DeadlineExpired && Clock::now() >= latest)
            {
                isFailed = true;
                throw SourceError(errnoError(ETIMEDOUT), what("send to"));
            }
            return std::unexpected(ready.error());
        }
    }
}

Deadline MqttConnection::keepAliveDue() const noexcept
{
    return client->awaitsSuback ? std::min(subackDue, pingDue()) : pingDue();
}

Deadline MqttConnection::pingDue() const noexcept
{
    if (settings.keepAlive == std::chrono::seconds::zero())
    {
        return NoDeadline;
    }
    if (pinged)
    {
        return *pinged + settings.connectTimeout;
    }
    // The library counts in whole seconds.
    return std::min(lastSent, lastReceived) + settings.keepAlive + std::chrono::seconds(1);
}

void MqttConnection::keepAlive()
{
    const auto now = Clock::now();
    if (client->awaitsSuback && now >= subackDue)
    {
        isFailed = true;
        throw SourceError(errnoError(ETIMEDOUT),
                          fmt::format("{} (no answer in connect_timeout, {})", what("subscribe at"),
                                      formatDuration(settings.connectTimeout)));
    }
    if (pinged)
    {
        isFailed = true;
        throw SourceError(errnoError(ETIMEDOUT),
                          fmt::format("{} (no answer to a ping)", what("receive from")));
    }
    errno = 0;
    const int result = mosquitto_loop_misc(client->handle());
    if (result != MOSQ_ERR_SUCCESS || !client->isConnected())
    {
        isFailed = true;
        client->check(result != MOSQ_ERR_SUCCESS ? result : MOSQ_ERR_KEEPALIVE, errno,
                      "receive from");
    }
    lastReceived = now;
    lastSent = now;
    if (mosquitto_want_write(client->handle()))
    {
        pinged = now;
    }
}

void MqttConnection::disconnect(bool acknowledge) noexcept
{
    WEFT_ASSERT(client);
    if (!client->isConnected())
    {
        return;
    }
    if (!isFailed && !acknowledge)
    {
        sendFarewellOnly();
    }
    else if (!isFailed)
    {
        sendRestAndFarewell();
    }
    hangUp();
}

void MqttConnection::sendRestAndFarewell() noexcept
{
    auto* const handle = client->handle();
    mosquitto_disconnect(handle);
    const auto deadline = io::after(FarewellTime);
    // The library closes the socket when all has left.
    while (mosquitto_loop_write(handle, PacketsMost) == MOSQ_ERR_SUCCESS && client->isConnected())
    {
        if (!io::poll(mosquitto_socket(handle), POLLOUT, deadline))
        {
            return;
        }
    }
}

/// The packet that says farewell, past the acknowledgements in the library's queue.
void MqttConnection::sendFarewellOnly() noexcept
{
    constexpr std::array<unsigned char, 2> Disconnect{0xe0, 0x00};
    auto* const handle = client->handle();
    // The queue of the socket has room: whatever had been sent was sent completely.
    if (auto* const tls = static_cast<SSL*>(mosquitto_ssl_get(handle)))
    {
        ::SSL_write(tls, Disconnect.data(), static_cast<int>(Disconnect.size()));
        return;
    }
    ::send(mosquitto_socket(handle), Disconnect.data(), Disconnect.size(),
           MSG_NOSIGNAL | MSG_DONTWAIT);
}

/// The library has no call that only closes its socket: it does so when it connects again or goes.
void MqttConnection::hangUp() noexcept
{
    if (client && client->isConnected())
    {
        ::shutdown(mosquitto_socket(client->handle()), SHUT_RDWR);
    }
}

void MqttConnection::failConnect(std::error_code error) const
{
    auto text = what("connect to");
    if (error == IoError::DeadlineExpired)
    {
        text += fmt::format(" (connect_timeout is {})", formatDuration(settings.connectTimeout));
    }
    throw SourceError(error, text);
}

std::string MqttConnection::what(const char* did) const
{
    return fmt::format("{} {}", did, settings.uri);
}

} // namespace weft
