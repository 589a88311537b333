#include "serve_report.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <stdexcept>
#include <string>
#include <string_view>

/// The demo's verdict compares the numbers of this report with its own: one that is read otherwise
/// than it is written would hide a loss, or make one up.

namespace weft::tools
{

namespace
{

std::string reportWith(std::string_view bytes, std::string_view checksum)
{
    return fmt::format(R"({{"listening": "127.0.0.1:9000", "connections": [{{)"
                       R"("local": "127.0.0.1:9000", "peer": "127.0.0.1:40000", "bytes": {}, )"
                       R"("checksum": {}, "end": "peer reset", "error": "gone"}}]}})",
                       bytes, checksum);
}

} // namespace

TEST(ServeReportTest, isReadAsItIsWritten)
{
    const auto report = parseServeReport(reportWith("100", R"("00000000000000ff")"));
    ASSERT_EQ(report.connections.size(), 1U);
    EXPECT_EQ(report.bytes(), 100U);
    EXPECT_EQ(report.connections[0].checksum, 0xFFU);
    EXPECT_EQ(report.connections[0].end, ServedEnd::PeerReset);
    const nlohmann::json printed = report;
    EXPECT_EQ(nlohmann::json(parseServeReport(printed.dump())), printed);
}

TEST(ServeReportTest, bytesAreAWholeNumber)
{
    for (const auto* const bytes : {"-1", "1.5", "1e300", "true", "null", "\"100\""})
    {
        EXPECT_THROW(parseServeReport(reportWith(bytes, R"("00000000000000ff")")),
                     std::runtime_error)
            << bytes;
    }
}

TEST(ServeReportTest, checksumIsSixteenDigits)
{
    for (const auto* const checksum :
         {R"("ff")", R"("00000000000000fg")", R"("00000000000000FF")", R"("-0000000000000ff")",
          R"("00000000000000ff ")", R"("1ffffffffffffffff")", R"("")", "255"})
    {
        EXPECT_THROW(parseServeReport(reportWith("100", checksum)), std::runtime_error) << checksum;
    }
}

TEST(ServeReportTest, whatIsCutOffIsRefused)
{
    const auto report = reportWith("100", R"("00000000000000ff")");
    for (std::size_t size = 0; size < report.size(); ++size)
    {
        EXPECT_THROW(parseServeReport(report.substr(0, size)), std::runtime_error) << size;
    }
}

} // namespace weft::tools
