#include "demo_outcome.hpp"

#include <weft/sources/quantity.hpp>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <string_view>
#include <vector>

namespace weft::tools
{

namespace
{

std::string connectionName(std::string_view client, std::string_view server)
{
    return fmt::format("{} -> {}", client, server);
}

StreamAccount accountOfSender(const ServedConnection& connection, std::uint64_t bytesDue)
{
    StreamAccount account{.stream = connectionName(connection.peer, connection.local),
                          .bytes = connection.bytes,
                          .checksum = connection.checksum,
                          .trouble = {}};
    if (connection.end != ServedEnd::Finished)
    {
        account.trouble = fmt::format("{} ({})", toString(connection.end), connection.error);
    }
    else if (connection.bytes != bytesDue)
    {
        account.trouble = fmt::format("sent {} bytes instead of {}", connection.bytes, bytesDue);
    }
    return account;
}

/// `stream`: what the sender calls it; empty for a source that was never open.
StreamAccount accountOfSource(const SourceResult& source, const std::string& stream)
{
    StreamAccount account{.stream = stream.empty() ? source.name : stream,
                          .bytes = source.bytes,
                          .checksum = source.checksum.value_or(0),
                          .trouble = {}};
    if (source.state != SourceState::Ended)
    {
        account.trouble =
            fmt::format("{} {} ({})", source.name, toString(source.state), source.error);
    }
    else if (source.retries > 0)
    {
        account.trouble = fmt::format("{} was opened {} times", source.name, source.retries + 1);
    }
    return account;
}

std::uint64_t totalBytes(const std::vector<StreamAccount>& accounts)
{
    std::uint64_t total = 0;
    for (const auto& account : accounts)
    {
        total += account.bytes;
    }
    return total;
}

} // namespace

DemoOutcome compareDemo(const DemoInput& input, const ServeReport& report,
                        const IngestResult& result, const Checkpoint& checkpoint)
{
    std::vector<StreamAccount> sent;
    for (const auto& connection : report.connections)
    {
        sent.push_back(accountOfSender(connection, input.connectionBytes));
    }
    for (const auto& file : input.files)
    {
        sent.push_back(accountOfFile(file, checkpoint));
    }
    std::vector<StreamAccount> received;
    auto file = input.files.begin();
    for (const auto& source : result.sources)
    {
        const bool isFile = source.type == "file" && file != input.files.end();
        received.push_back(accountOfSource(source, isFile ? (file++)->string() : source.endpoint));
    }
    const auto bytesServed = report.bytes();
    return {.sources = result.sources.size(),
            .bytesServed = bytesServed,
            .bytesInFiles = totalBytes(sent) - bytesServed,
            .bytesReceived = result.bytes(),
            .comparison = compareAccounts(sent, received)};
}

std::string summarize(const DemoOutcome& outcome)
{
    constexpr std::size_t MismatchesShown = 10;
    const auto& mismatches = outcome.comparison.mismatches;
    const auto sent = outcome.bytesServed + outcome.bytesInFiles;
    auto text = fmt::format("sent     {} bytes ({}): {} by weft serve, {} in files\n", sent,
                            formatSize(sent), formatSize(outcome.bytesServed),
                            formatSize(outcome.bytesInFiles));
    text += fmt::format("matched  {} of {} sources: size and checksum as sent\n",
                        outcome.comparison.matched, outcome.sources);
    for (const auto& mismatch :
         std::span(mismatches).first(std::min(mismatches.size(), MismatchesShown)))
    {
        text += fmt::format("mismatch {}\n", mismatch);
    }
    if (mismatches.size() > MismatchesShown)
    {
        text += fmt::format("         ... and {} more\n", mismatches.size() - MismatchesShown);
    }
    return text +
           fmt::format("{}: {} sources, {} sent, {} received\n",
                       outcome.exact() ? "every byte accounted for" : "the account does NOT add up",
                       outcome.sources, formatSize(sent), formatSize(outcome.bytesReceived));
}

nlohmann::json toJson(const DemoOutcome& outcome)
{
    return {
        {"exact", outcome.exact()},
        {"bytes_sent", outcome.bytesServed + outcome.bytesInFiles},
        {"bytes_received", outcome.bytesReceived},
        {"matched", outcome.comparison.matched},
        {"mismatches", outcome.comparison.mismatches},
    };
}

} // namespace weft::tools
