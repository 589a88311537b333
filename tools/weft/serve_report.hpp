#pragma once

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace weft::tools
{

/// How the service of a connection ended.
enum class ServedEnd : std::uint8_t
{
    Finished,  // everything was sent, and the peer has closed or been silent since
    PeerReset, // the peer closed or reset the connection before it had taken everything
    Stopped,   // the server was asked to stop
    Failed,    // for another reason; see the error
};

std::string_view toString(ServedEnd end) noexcept;

/// The account of one connection, seen from the server.
struct ServedConnection
{
    std::string local; // "127.0.0.1:9000"
    std::string peer;
    std::uint64_t bytes = 0;    // that the kernel has taken
    std::uint64_t checksum = 0; // XXH3, 64 bits, of those
    ServedEnd end = ServedEnd::Finished;
    std::string error;
};

/// What `weft serve --report` writes and `weft demo` reads.
struct ServeReport
{
    std::string listening; // "127.0.0.1:9000"
    std::vector<ServedConnection> connections;

    std::uint64_t bytes() const noexcept;
};

void to_json(nlohmann::json& json, const ServedConnection& connection);
void from_json(const nlohmann::json& json, ServedConnection& connection);
void to_json(nlohmann::json& json, const ServeReport& report);
void from_json(const nlohmann::json& json, ServeReport& report);

/// Of the text of a report. Throws std::runtime_error with what is wrong.
ServeReport parseServeReport(std::string_view text);

/// Throws std::runtime_error with the path and what is wrong with the file.
ServeReport readServeReport(const std::filesystem::path& path);

} // namespace weft::tools
