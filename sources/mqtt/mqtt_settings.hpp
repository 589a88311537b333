#pragma once

#include <weft/sources/parameter.hpp>
#include <weft/sources/source_descriptor.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace weft
{

/// What an MQTT source is told about its broker, and what it tells the broker.
struct MqttSettings
{
    struct Will
    {
        std::string topic; // empty: there is none
        std::string payload;
        int qos = 0;
        bool retain = false;
    };

    struct Tls
    {
        bool wanted = false;
        std::string authorities; // a file or a directory; empty: the system's
        std::string certificate;
        std::string key;
        bool verify = true;
    };

    std::string uri;
    std::string host;
    std::uint16_t port = 0;
    std::string clientId; // empty: the library makes one up
    bool cleanSession = true;
    std::string user;
    std::string password;
    std::vector<std::string> topics;
    int qos = 0;
    /// Zero: none.
    std::chrono::seconds keepAlive{};
    std::chrono::nanoseconds connectTimeout{};
    Will will;
    Tls tls;

    static std::vector<ParameterDefinition> parameters();

    /// Throws InvalidParameter where parameters contradict each other, or MQTT.
    static MqttSettings from(const SourceDescriptor& descriptor);
};

} // namespace weft
