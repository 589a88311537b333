#include <weft/sources/mqtt/mqtt_settings.hpp>
#include <weft/sources/quantity.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include <mosquitto.h>

namespace weft
{

namespace
{

/// MQTT has 16 bits for it.
constexpr std::chrono::seconds KeepAliveMost(65535);
/// The library refuses shorter ones.
constexpr std::chrono::seconds KeepAliveLeast(5);

struct Scheme
{
    std::string_view name;
    bool isSecure;
    std::uint16_t port;
};

constexpr std::array Schemes{Scheme{"mqtt://", false, 1883}, Scheme{"tcp://", false, 1883},
                             Scheme{"mqtts://", true, 8883}, Scheme{"ssl://", true, 8883}};

[[noreturn]] void refuseUri(const std::string& uri)
{
    throw InvalidParameter(
        "uri",
        fmt::format("is '{}'; allowed: mqtt://HOST or mqtt://HOST:PORT, with TLS mqtts://...; an "
                    "IPv6 address in brackets; user and password as parameters of their own",
                    uri));
}

std::uint16_t parsePort(const std::string& uri, std::string_view text)
{
    const auto port = parseInteger(text);
    if (!port || *port < 1 || *port > 65535)
    {
        refuseUri(uri);
    }
    return static_cast<std::uint16_t>(*port);
}

void readUri(MqttSettings& settings)
{
    const auto& uri = settings.uri;
    const auto* const scheme = std::ranges::find_if(Schemes,
                                                    [&](const Scheme& known)
                                                    {
                                                        return uri.starts_with(known.name);
                                                    });
    if (scheme == Schemes.end())
    {
        refuseUri(uri);
    }
    std::string_view rest = std::string_view(uri).substr(scheme->name.size());
    if (rest.ends_with('/'))
    {
        rest.remove_suffix(1);
    }
    if (rest.find_first_of("/@? ") != std::string_view::npos)
    {
        refuseUri(uri);
    }
    const bool isBracketed = rest.starts_with('[');
    const auto hostEnd = isBracketed ? rest.find(']') : rest.find(':');
    settings.host = rest.substr(isBracketed ? 1 : 0, hostEnd - (isBracketed ? 1 : 0));
    if (settings.host.empty() || (isBracketed && hostEnd == std::string_view::npos))
    {
        refuseUri(uri);
    }
    rest.remove_prefix(std::min(rest.size(), hostEnd + (isBracketed ? 1 : 0)));
    settings.port = scheme->port;
    if (!rest.empty())
    {
        settings.port = parsePort(uri, rest.starts_with(':') ? rest.substr(1) : "");
    }
    settings.tls.wanted = scheme->isSecure;
}

std::string_view trimmed(std::string_view text)
{
    constexpr std::string_view Blank = " \t\n";
    const auto first = text.find_first_not_of(Blank);
    return first == std::string_view::npos
               ? std::string_view()
               : text.substr(first, text.find_last_not_of(Blank) - first + 1);
}

/// $share, but not $share/GROUP/FILTER.
bool isShareOfNothing(std::string_view topic)
{
    constexpr std::string_view Share = "$share/";
    if (!topic.starts_with(Share))
    {
        return topic == "$share";
    }
    topic.remove_prefix(Share.size());
    const auto groupEnd = topic.find('/');
    return groupEnd == 0 || groupEnd >= topic.size() - 1;
}

std::vector<std::string> splitTopics(const std::string& text)
{
    std::vector<std::string> topics;
    for (std::size_t begin = 0; begin <= text.size();)
    {
        const auto end = std::min(text.find(',', begin), text.size());
        const auto topic = std::string(trimmed(std::string_view(text).substr(begin, end - begin)));
        if (topic.empty() || mosquitto_sub_topic_check(topic.c_str()) != MOSQ_ERR_SUCCESS)
        {
            throw InvalidParameter(
                "topics", fmt::format("is '{}', in which '{}' is no topic filter; allowed: filters "
                                      "separated by commas, + for one level, # alone at the end",
                                      text, topic));
        }
        if (isShareOfNothing(topic))
        {
            throw InvalidParameter("topics",
                                   fmt::format("is '{}', in which '{}' lacks a group or a filter; "
                                               "allowed: $share/GROUP/FILTER",
                                               text, topic));
        }
        topics.push_back(topic);
        begin = end + 1;
    }
    return topics;
}

/// MQTT counts in seconds.
std::chrono::seconds readKeepAlive(const SourceDescriptor& descriptor)
{
    const auto wanted = descriptor.duration("keep_alive");
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(wanted);
    if (seconds != std::chrono::seconds::zero() && seconds < KeepAliveLeast)
    {
        throw InvalidParameter("keep_alive",
                               fmt::format("is '{}'; allowed: 0, or {} to {}",
                                           formatDuration(wanted), formatDuration(KeepAliveLeast),
                                           formatDuration(KeepAliveMost)));
    }
    return seconds;
}

void requireBeside(const SourceDescriptor& descriptor, std::string_view parameter,
                   std::string_view needed, std::string_view reason)
{
    if (!descriptor.text(parameter).empty() && descriptor.text(needed).empty())
    {
        throw InvalidParameter(std::string(parameter),
                               fmt::format("is given, but {}; give {} too", reason, needed));
    }
}

MqttSettings::Will readWill(const SourceDescriptor& descriptor)
{
    MqttSettings::Will will{.topic = descriptor.text("will_topic"),
                            .payload = descriptor.text("will_payload"),
                            .qos = static_cast<int>(descriptor.integer("will_qos")),
                            .retain = descriptor.boolean("will_retain")};
    requireBeside(descriptor, "will_payload", "will_topic", "there is no last will");
    if (will.topic.empty() && (will.qos != 0 || will.retain))
    {
        throw InvalidParameter(
            will.retain ? "will_retain" : "will_qos",
            fmt::format("is '{}', but there is no last will; give will_topic too",
                        will.retain ? "true" : std::to_string(will.qos)));
    }
    if (!will.topic.empty() && mosquitto_pub_topic_check(will.topic.c_str()) != MOSQ_ERR_SUCCESS)
    {
        throw InvalidParameter(
            "will_topic", fmt::format("is '{}'; allowed: a topic without + and #", will.topic));
    }
    return will;
}

void readTls(const SourceDescriptor& descriptor, MqttSettings& settings)
{
    auto& tls = settings.tls;
    tls.authorities = descriptor.text("tls_ca");
    tls.certificate = descriptor.text("tls_certificate");
    tls.key = descriptor.text("tls_key");
    tls.verify = descriptor.boolean("tls_verify");
    for (const auto* const parameter : {"tls_ca", "tls_certificate", "tls_key"})
    {
        if (!tls.wanted && !descriptor.text(parameter).empty())
        {
            throw InvalidParameter(parameter,
                                   fmt::format("is '{}', but the connection has no TLS; give uri: "
                                               "mqtts://... too",
                                               descriptor.text(parameter)));
        }
    }
    requireBeside(descriptor, "tls_key", "tls_certificate",
                  "there is no certificate that it is the key of");
    if (tls.key.empty())
    {
        tls.key = tls.certificate;
    }
}

} // namespace

std::vector<ParameterDefinition> MqttSettings::parameters()
{
    return {
        {.name = "uri", .help = "the broker: mqtt://HOST[:PORT], or with TLS mqtts://HOST[:PORT]"},
        {.name = "topics", .help = "topic filters separated by commas; + and # are wildcards"},
        {.name = "qos",
         .type = ParameterType::Integer,
         .defaultValue = "1",
         .help =
             "quality of service: 0 at most once, 1 at least once, 2 as far as this process once",
         .most = 2},
        {.name = "client_id",
         .defaultValue = "",
         .help = "name at the broker, which nobody else may use; empty: the source's name if the "
                 "session is to last, else one made up"},
        {.name = "clean_session",
         .type = ParameterType::Boolean,
         .defaultValue = "true",
         .help = "false: the broker keeps subscriptions and messages while the source is away"},
        {.name = "user", .defaultValue = "", .help = "user name; empty: none"},
        {.name = "password", .defaultValue = "", .help = "password of the user"},
        {.name = "keep_alive",
         .type = ParameterType::Duration,
         .defaultValue = "60s",
         .help = "longest silence before a ping, in whole seconds; 0: no pings, or 5s and more",
         .most = std::chrono::nanoseconds(KeepAliveMost).count()},
        {.name = "connect_timeout",
         .type = ParameterType::Duration,
         .defaultValue = "10s",
         .help = "give up when connecting, or an answer of the broker, takes longer",
         .least = 1'000'000},
        {.name = "tls_ca",
         .defaultValue = "",
         .help = "file or directory of CA certificates (PEM); empty: the system's"},
        {.name = "tls_certificate",
         .defaultValue = "",
         .help = "file with the client's certificate, and those that vouch for it (PEM)"},
        {.name = "tls_key",
         .defaultValue = "",
         .help = "file with its private key (PEM); empty: in the file of tls_certificate"},
        {.name = "tls_verify",
         .type = ParameterType::Boolean,
         .defaultValue = "true",
         .help = "refuse a broker whose certificate or name cannot be verified"},
        {.name = "will_topic",
         .defaultValue = "",
         .help = "where the broker publishes the last will; empty: there is none"},
        {.name = "will_payload", .defaultValue = "", .help = "what it publishes then"},
        {.name = "will_qos",
         .type = ParameterType::Integer,
         .defaultValue = "0",
         .help = "quality of service of the last will",
         .most = 2},
        {.name = "will_retain",
         .type = ParameterType::Boolean,
         .defaultValue = "false",
         .help = "whether the broker retains the last will"},
    };
}

MqttSettings MqttSettings::from(const SourceDescriptor& descriptor)
{
    MqttSettings settings{.uri = descriptor.text("uri"),
                          .clientId = descriptor.text("client_id"),
                          .cleanSession = descriptor.boolean("clean_session"),
                          .user = descriptor.text("user"),
                          .password = descriptor.text("password"),
                          .topics = splitTopics(descriptor.text("topics")),
                          .qos = static_cast<int>(descriptor.integer("qos")),
                          .keepAlive = readKeepAlive(descriptor),
                          .connectTimeout = descriptor.duration("connect_timeout"),
                          .will = readWill(descriptor)};
    readUri(settings);
    readTls(descriptor, settings);
    requireBeside(descriptor, "password", "user", "MQTT has none without a user");
    if (!settings.cleanSession && settings.clientId.empty())
    {
        settings.clientId = descriptor.name();
        if (settings.clientId.empty())
        {
            throw InvalidParameter("client_id", "is missing; the broker keeps a session for a "
                                                "name, so clean_session: false needs one");
        }
    }
    return settings;
}

} // namespace weft
