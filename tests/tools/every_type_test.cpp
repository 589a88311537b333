#include "session_files.hpp"

#include <weft/sources/source_registry.hpp>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <regex>
#include <string>

/// The configuration that tools/examples/every-type runs; tools.everyType is that run.

namespace weft::test
{

TEST(EveryTypeTest, eachTypeThatIsBuiltIsInTheExample)
{
    const auto configuration = readText(WEFT_EVERY_TYPE);
    for (const auto& type : SourceRegistry::instance().names())
    {
        const std::regex used(fmt::format(" type: {}[,}}]", type));
        EXPECT_TRUE(std::regex_search(configuration, used)) << type;
    }
}

} // namespace weft::test
