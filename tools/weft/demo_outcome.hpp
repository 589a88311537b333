#pragma once

#include "demo_account.hpp"
#include "demo_files.hpp"
#include "demo_input.hpp"
#include "ingest_result.hpp"
#include "serve_report.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

namespace weft::tools
{

/// What both sides of a demo say in the end.
struct DemoOutcome
{
    std::size_t sources = 0;
    std::uint64_t bytesServed = 0;  // by the server, as it says
    std::uint64_t bytesInFiles = 0; // as counted in the files
    std::uint64_t bytesReceived = 0;
    AccountComparison comparison;

    bool exact() const noexcept
    {
        return comparison.mismatches.empty() && comparison.matched == sources;
    }
};

/// Reads the files and compares: connections by their addresses, files by their names. Throws
/// std::system_error.
DemoOutcome compareDemo(const DemoInput& input, const ServeReport& report,
                        const IngestResult& result, const Checkpoint& checkpoint);

/// For people, several lines; the last one is the verdict. At most ten mismatches are told.
std::string summarize(const DemoOutcome& outcome);

nlohmann::json toJson(const DemoOutcome& outcome);

} // namespace weft::tools
