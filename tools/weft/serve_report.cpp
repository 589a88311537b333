#include "serve_report.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <functional>
#include <numeric>
#include <sstream>
#include <stdexcept>

namespace weft::tools
{

namespace
{

std::string formatChecksum(std::uint64_t checksum)
{
    return fmt::format("{:016x}", checksum);
}

constexpr std::array Ends{ServedEnd::Finished, ServedEnd::PeerReset, ServedEnd::Stopped,
                          ServedEnd::Failed};

/// get_to() would make a number of any other one.
std::uint64_t readBytes(const nlohmann::json& json)
{
    if (!json.is_number_unsigned())
    {
        throw std::runtime_error(fmt::format("'{}' is no number of bytes", json.dump()));
    }
    return json.get<std::uint64_t>();
}

/// As to_json() writes it, and nothing else.
std::uint64_t parseChecksum(const std::string& text)
{
    constexpr int Base = 16;
    std::uint64_t checksum = 0;
    std::from_chars(text.data(), text.data() + text.size(), checksum, Base);
    if (text != formatChecksum(checksum))
    {
        throw std::runtime_error(fmt::format("'{}' is no checksum", text));
    }
    return checksum;
}

ServedEnd parseEnd(std::string_view text)
{
    const auto* const end = std::ranges::find(Ends, text, toString);
    if (end == Ends.end())
    {
        throw std::runtime_error(fmt::format("'{}' is no way in which a connection ends", text));
    }
    return *end;
}

} // namespace

std::string_view toString(ServedEnd end) noexcept
{
    switch (end)
    {
    case ServedEnd::Finished:
        return "finished";
    case ServedEnd::PeerReset:
        return "peer reset";
    case ServedEnd::Stopped:
        return "stopped";
    case ServedEnd::Failed:
        return "failed";
    }
    return "unknown";
}

std::uint64_t ServeReport::bytes() const noexcept
{
    return std::transform_reduce(connections.begin(), connections.end(), std::uint64_t{0},
                                 std::plus{}, std::mem_fn(&ServedConnection::bytes));
}

void to_json(nlohmann::json& json, const ServedConnection& connection)
{
    // The checksum is text: a JSON number is a double to many readers, and holds 53 bits.
    json = {{"local", connection.local},       {"peer", connection.peer},
            {"bytes", connection.bytes},       {"checksum", formatChecksum(connection.checksum)},
            {"end", toString(connection.end)}, {"error", connection.error}};
}

void from_json(const nlohmann::json& json, ServedConnection& connection)
{
    json.at("local").get_to(connection.local);
    json.at("peer").get_to(connection.peer);
    connection.bytes = readBytes(json.at("bytes"));
    connection.checksum = parseChecksum(json.at("checksum").get<std::string>());
    connection.end = parseEnd(json.at("end").get<std::string>());
    json.at("error").get_to(connection.error);
}

void to_json(nlohmann::json& json, const ServeReport& report)
{
    json = {{"listening", report.listening},
            {"bytes", report.bytes()},
            {"connections", report.connections}};
}

void from_json(const nlohmann::json& json, ServeReport& report)
{
    json.at("listening").get_to(report.listening);
    json.at("connections").get_to(report.connections);
}

ServeReport parseServeReport(std::string_view text)
{
    try
    {
        return nlohmann::json::parse(text).get<ServeReport>();
    }
    catch (const nlohmann::json::exception& error)
    {
        throw std::runtime_error(error.what());
    }
}

ServeReport readServeReport(const std::filesystem::path& path)
{
    try
    {
        std::ifstream file(path);
        file.exceptions(std::ios::failbit | std::ios::badbit);
        std::ostringstream text;
        text << file.rdbuf();
        return parseServeReport(text.view());
    }
    catch (const std::exception& error)
    {
        throw std::runtime_error(
            fmt::format("'{}' is not a report of weft serve: {}", path.string(), error.what()));
    }
}

} // namespace weft::tools
