#include "serve_report.hpp"
#include "tests/fuzz/fuzz_target.hpp"

#include <nlohmann/json.hpp>

/// The account that `weft serve` writes and `weft demo` believes: a number that is read otherwise
/// than it is written would hide a lost byte, or make one up.

namespace weft::fuzz
{

namespace
{

using namespace weft::tools;
using nlohmann::json;

/// Of what the report has, the file says the same: keys that are not known may be beside it.
void requireSaysTheSame(const json& report, const json& file)
{
    require(file.at("listening") == report.at("listening"), "the address is as written",
            file.dump());
    const auto& connections = report.at("connections");
    require(file.at("connections").size() == connections.size(), "no connection is left out",
            file.dump());
    for (std::size_t index = 0; index < connections.size(); ++index)
    {
        for (const auto& [key, value] : connections[index].items())
        {
            const auto& written = file.at("connections")[index].at(key);
            require(written == value && written.type() == value.type(), "a value is as written",
                    written.dump());
        }
    }
}

void checkServeReport(std::string_view text)
{
    ServeReport report;
    try
    {
        report = parseServeReport(text);
    }
    catch (const std::runtime_error& error)
    {
        require(!std::string_view(error.what()).empty(), "a refusal says why", text);
        return;
    }
    const json printed = report;
    requireSaysTheSame(printed, json::parse(text));
    const json again = parseServeReport(printed.dump());
    require(again == printed, "a printed report parses to the same", text);
}

} // namespace

} // namespace weft::fuzz

WEFT_FUZZ_TARGET(serve_report, weft::fuzz::checkServeReport)
