#include <weft/reactor/io_error.hpp>
#include <weft/reactor/socket_address.hpp>
#include <weft/sources/mqtt/mqtt_client.hpp>
#include <weft/sources/source_error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include <mosquitto.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace weft
{

namespace
{

const char* orNull(const std::string& text) noexcept
{
    return text.empty() ? nullptr : text.c_str();
}

mosquitto* makeClient(const MqttSettings& settings, void* self)
{
    // Once in a process; what it sets up is needed for as long as there may be another client.
    [[maybe_unused]] static const int Initialised = mosquitto_lib_init();
    auto* const made = mosquitto_new(orNull(settings.clientId), settings.cleanSession, self);
    if (made == nullptr)
    {
        throw SourceError(errnoError(errno), "make an MQTT client");
    }
    return made;
}

/// The library would ask the terminal.
int refusePassphrase(char*, int, int, void*)
{
    return 0;
}

/// To a broker that has answered: in the middle of a packet the library calls the end an error
/// without a number, and whatever ends TLS a protocol error.
bool isLostConnection(int result, int errnoValue) noexcept
{
    return result == MOSQ_ERR_ERRNO && (errnoValue == 0 || errnoValue == EPROTO);
}

std::error_code codeOf(int result, int errnoValue, const std::string& errors) noexcept
{
    // The broker says by TLS what it does not like, and may reset the connection before that is
    // read to its end.
    if (errors.find(" alert ") != std::string::npos)
    {
        return errnoError(EPROTO);
    }
    switch (result)
    {
    case MOSQ_ERR_ERRNO:
        return errnoError(errnoValue != 0 ? errnoValue : EPROTO);
    case MOSQ_ERR_EAI:
        return {errnoValue, resolverCategory()};
    case MOSQ_ERR_CONN_LOST: // by a reset, or by an end that MQTT does not know
    case MOSQ_ERR_NO_CONN:
        return errnoError(ECONNRESET);
    case MOSQ_ERR_KEEPALIVE:
        return errnoError(ETIMEDOUT);
    case MOSQ_ERR_NOMEM:
        return errnoError(ENOMEM);
    case MOSQ_ERR_TLS:
        // A broker that goes away in the middle of the handshake has not refused it.
        return errnoError(errors.find("unexpected eof") != std::string::npos ? ECONNRESET : EPROTO);
    case MOSQ_ERR_INVAL:
        return errnoError(EINVAL);
    default:
        return errnoError(EPROTO);
    }
}

/// Of a protocol error of which the library has told nothing.
const char* explanationOf(int result, int errnoValue, bool isAnswered) noexcept
{
    if (result == MOSQ_ERR_ERRNO && errnoValue == EPROTO)
    {
        // For whatever ends TLS, and mostly this.
        return "TLS has failed; the broker may want another client certificate";
    }
    const bool isForeign = result == MOSQ_ERR_ERRNO || result == MOSQ_ERR_PROTOCOL ||
                           result == MOSQ_ERR_MALFORMED_PACKET;
    return isForeign && !isAnswered ? "what answers is no MQTT broker" : mosquitto_strerror(result);
}

struct Refusal
{
    int error;
    const char* text;
};

/// What MQTT 3.1.1 calls the return codes of a CONNACK.
Refusal refusalOf(int answer)
{
    switch (answer)
    {
    case 1:
        return {EPROTONOSUPPORT, "the broker does not speak MQTT 3.1.1"};
    case 2:
        return {EINVAL, "the broker refuses the client_id"};
    case 3: // for the time being
        return {ECONNREFUSED, "the broker is not available"};
    case 4:
        return {EACCES, "the broker refuses user or password"};
    case 5:
        return {EACCES, "the broker refuses user, password or what they are for"};
    default:
        return {EPROTO, "the broker refuses with a code that MQTT 3.1.1 does not have"};
    }
}

} // namespace

void MqttClient::Destroy::operator()(mosquitto* client) const noexcept
{
    mosquitto_destroy(client);
}

MqttClient::MqttClient(const MqttSettings& clientSettings, MqttReceiver& messageReceiver)
    : settings(clientSettings),
      receiver(messageReceiver),
      library(makeClient(settings, this))
{
    mosquitto_threaded_set(handle(), true);
    mosquitto_connect_with_flags_callback_set(handle(), onConnect);
    mosquitto_subscribe_callback_set(handle(), onSubscribe);
    mosquitto_message_callback_set(handle(), onMessage);
}

void MqttClient::connect()
{
    answer.reset();
    awaitsSuback = false;
    refusedTopic.reset();
    sessionPresent = false;
    errors.clear();
    mosquitto_log_callback_set(handle(), onLog);
    if (!configured)
    {
        configure();
        configured = true;
    }
    errno = 0;
    const int result = mosquitto_connect_async(handle(), settings.host.c_str(), settings.port,
                                               static_cast<int>(settings.keepAlive.count()));
    const int error = errno;
    check(result, error, "connect to");
    isRefused = error == ECONNREFUSED;
}

void MqttClient::configure()
{
    // Acknowledgements are small, and somebody waits for them.
    mosquitto_int_option(handle(), MOSQ_OPT_TCP_NODELAY, 1);
    check(mosquitto_username_pw_set(handle(), orNull(settings.user), orNull(settings.password)), 0,
          "set user and password for");
    const auto& will = settings.will;
    if (!will.topic.empty())
    {
        check(mosquitto_will_set(handle(), will.topic.c_str(),
                                 static_cast<int>(will.payload.size()), will.payload.data(),
                                 will.qos, will.retain),
              0, "set the last will for");
    }
    if (settings.tls.wanted)
    {
        configureTls();
    }
}

void MqttClient::configureTls()
{
    const auto& tls = settings.tls;
    const auto authorities =
        tls.authorities.empty() ? X509_get_default_cert_dir() : tls.authorities;
    std::error_code ignored;
    const bool isDirectory = std::filesystem::is_directory(authorities, ignored);
    errno = 0;
    const int result =
        mosquitto_tls_set(handle(), isDirectory ? nullptr : authorities.c_str(),
                          isDirectory ? authorities.c_str() : nullptr, orNull(tls.certificate),
                          orNull(tls.key), refusePassphrase);
    if (result != MOSQ_ERR_SUCCESS)
    {
        throw SourceError(errnoError(errno != 0 ? errno : EINVAL),
                          fmt::format("read tls_ca '{}', tls_certificate '{}' or tls_key '{}'",
                                      authorities, tls.certificate, tls.key));
    }
    if (!tls.verify)
    {
        mosquitto_tls_opts_set(handle(), SSL_VERIFY_NONE, nullptr, nullptr);
        mosquitto_tls_insecure_set(handle(), true);
    }
}

void MqttClient::endLog() noexcept
{
    // The library formats a line for each packet while somebody listens.
    mosquitto_log_callback_set(handle(), nullptr);
}

bool MqttClient::isConnected() const noexcept
{
    return mosquitto_socket(handle()) >= 0;
}

void MqttClient::check(int result, int errnoValue, const char* whatItDid) const
{
    if (result == MOSQ_ERR_SUCCESS)
    {
        return;
    }
    auto what = fmt::format("{} {}", whatItDid, settings.uri);
    if (answer && isLostConnection(result, errnoValue))
    {
        throw SourceError(errnoError(ECONNRESET), what);
    }
    const auto code = codeOf(result, errnoValue, errors);
    if (!errors.empty())
    {
        what += fmt::format(" ({})", errors);
    }
    else if (code == errnoError(EPROTO))
    {
        what += fmt::format(" ({})", explanationOf(result, errnoValue, answer.has_value()));
    }
    throw SourceError(code, what);
}

void MqttClient::requireAccepted() const
{
    if (*answer != 0)
    {
        const auto [error, text] = refusalOf(*answer);
        throw SourceError(errnoError(error), fmt::format("connect to {} ({})", settings.uri, text));
    }
}

void MqttClient::onConnect(mosquitto*, void* self, int code, int flags)
{
    auto& client = *static_cast<MqttClient*>(self);
    client.answer = code;
    client.sessionPresent = (flags & 1) != 0;
}

void MqttClient::onSubscribe(mosquitto*, void* self, int, int count, const int* granted)
{
    constexpr int Refused = 128;
    auto& client = *static_cast<MqttClient*>(self);
    client.awaitsSuback = false;
    client.subscribed = true;
    for (int topic = 0; topic < count; ++topic)
    {
        if (granted[topic] >= Refused)
        {
            client.subscribed = false;
            client.refusedTopic = static_cast<std::size_t>(topic);
        }
    }
}

void MqttClient::onMessage(mosquitto*, void* self, const mosquitto_message* message)
{
    auto& client = *static_cast<MqttClient*>(self);
    ++client.messages;
    try
    {
        client.receiver.received({static_cast<const std::byte*>(message->payload),
                                  static_cast<std::size_t>(message->payloadlen)},
                                 message->qos);
    }
    catch (...)
    {
        // The library is C: nothing may pass through it.
        client.failure = std::current_exception();
    }
}

void MqttClient::onLog(mosquitto*, void* self, int level, const char* text)
{
    constexpr std::size_t ErrorsMost = 500;
    auto& errors = static_cast<MqttClient*>(self)->errors;
    if (level == MOSQ_LOG_ERR && errors.size() < ErrorsMost &&
        errors.find(text) == std::string::npos)
    {
        errors += errors.empty() ? "" : "; ";
        errors += text;
    }
}

} // namespace weft
