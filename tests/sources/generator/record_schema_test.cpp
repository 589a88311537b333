#include <weft/sources/generator/record_schema.hpp>
#include <weft/sources/parameter.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <ostream>
#include <string>
#include <vector>

using namespace std::chrono_literals;
using namespace weft;

namespace
{

std::string recordOf(const RecordSchema& schema, RandomNumbers& random,
                     const RecordStamp& stamp = {})
{
    std::string record(schema.longestRecordBytes(), '\0');
    const auto* const end = schema.write(record.data(), stamp, random);
    record.resize(static_cast<std::size_t>(end - record.data()));
    return record;
}

std::string recordOf(std::string_view schema, const RecordStamp& stamp = {})
{
    RandomNumbers random(1);
    return recordOf(RecordSchema(schema), random, stamp);
}

std::vector<double> valuesOf(std::string_view schemaText, std::size_t count)
{
    const RecordSchema schema(schemaText);
    RandomNumbers random(1);
    std::vector<double> values;
    for (std::size_t record = 0; record < count; ++record)
    {
        values.push_back(std::stod(recordOf(schema, random)));
    }
    return values;
}

struct WrongSchema
{
    std::string schema;
    std::string problem;
};

void PrintTo(const WrongSchema& wrong, std::ostream* stream)
{
    *stream << wrong.schema;
}

class WrongSchemaTest : public testing::TestWithParam<WrongSchema>
{
};

} // namespace

TEST(RecordSchemaTest, sequenceCountsFromWhereItIsTold)
{
    EXPECT_EQ(recordOf("id:sequence", {.number = 41}), "41\n");
    EXPECT_EQ(recordOf("id:sequence(1000)", {.number = 41}), "1041\n");
}

TEST(RecordSchemaTest, timestampIsSince1970InItsUnit)
{
    const RecordStamp stamp{.number = 0, .time = 1'700'000'000'123'456'789ns};
    EXPECT_EQ(recordOf("t:timestamp", stamp), "1700000000123\n");
    EXPECT_EQ(recordOf("a:timestamp(s),b:timestamp(us),c:timestamp(ns)", stamp),
              "1700000000,1700000000123456,1700000000123456789\n");
}

TEST(RecordSchemaTest, uniformIsWithinItsBoundsAndReachesThem)
{
    std::map<double, int> seen;
    for (const auto value : valuesOf("d:uniform(-1,2)", 10000))
    {
        ++seen[value];
    }
    ASSERT_EQ(seen.size(), 4U);
    for (const auto& [value, count] : seen)
    {
        EXPECT_NEAR(count, 2500, 250) << value;
    }
    EXPECT_EQ(seen.begin()->first, -1);
    EXPECT_EQ(recordOf("d:uniform(7,7)"), "7\n");
}

TEST(RecordSchemaTest, normalHasItsMeanAndDeviation)
{
    double sum = 0;
    double squares = 0;
    const auto values = valuesOf("v:normal(-3.00,5)", 20000);
    for (const auto value : values)
    {
        sum += value;
        squares += (value + 3) * (value + 3);
    }
    EXPECT_NEAR(sum / 20000, -3, 0.1);
    EXPECT_NEAR(std::sqrt(squares / 20000), 5, 0.1);
    EXPECT_EQ(recordOf("v:normal(2.50,0)"), "2.50\n");
}

TEST(RecordSchemaTest, decimalsAreThoseOfTheArgumentThatHasMore)
{
    EXPECT_EQ(recordOf("v:uniform(1,1.000)"), "1.000\n");
    EXPECT_EQ(recordOf("v:uniform(-0.05,-0.05)"), "-0.05\n");
    EXPECT_EQ(recordOf("v:uniform(-1000000000.000000,-1000000000)"), "-1000000000.000000\n");
}

TEST(RecordSchemaTest, choiceTakesEachText)
{
    const RecordSchema schema("c:choice(a| b |)");
    RandomNumbers random(1);
    std::map<std::string, int> seen;
    for (int record = 0; record < 3000; ++record)
    {
        ++seen[recordOf(schema, random)];
    }
    EXPECT_EQ(seen.size(), 3U);
    for (const auto* const record : {"a\n", "b\n", "\n"})
    {
        EXPECT_NEAR(seen[record], 1000, 150) << record;
    }
}

TEST(RecordSchemaTest, textHasItsLength)
{
    EXPECT_EQ(recordOf("a:text(1),b:text(25)").size(), 1 + 1 + 25 + 1U);
}

TEST(RecordSchemaTest, headerNamesTheFields)
{
    EXPECT_EQ(RecordSchema(" id : sequence , b:text( 3 )").header(), "id,b\n");
}

TEST_P(WrongSchemaTest, isRefusedByFieldAndWithWhatToWrite)
{
    try
    {
        const RecordSchema schema(GetParam().schema);
        FAIL() << "it is accepted";
    }
    catch (const InvalidParameter& error)
    {
        EXPECT_EQ(error.parameter(), "schema");
        EXPECT_EQ(error.problem(), GetParam().problem);
    }
}

namespace
{

constexpr auto NormalUsage = "normal(MEAN,DEVIATION) with numbers within 1000000000, at most 6 "
                             "decimals, such as normal(20.00,5)";
constexpr auto UniformUsage = "uniform(LEAST,MOST) with numbers within 1000000000, at most 6 "
                              "decimals, such as uniform(0.00,100)";

WrongSchema wrongNumbers(const std::string& type, const std::string& usage)
{
    return {"v:" + type, "has the field 'v' as '" + type + "'; allowed: " + usage};
}

} // namespace

INSTANTIATE_TEST_SUITE_P(
    Schemas, WrongSchemaTest,
    testing::Values(
        WrongSchema{"id:sequence,", "has the field ''; allowed: NAME:TYPE, such as id:sequence"},
        WrongSchema{"sequence",
                    "has the field 'sequence'; allowed: NAME:TYPE, such as id:sequence"},
        WrongSchema{":text(3)",
                    "has the field ':text(3)'; allowed: NAME:TYPE, such as id:sequence"},
        WrongSchema{"id:sequnce", "has the field 'id' of type 'sequnce'; allowed: sequence, "
                                  "timestamp, uniform, normal, choice, text"},
        WrongSchema{"a:text(3),a:text(4)",
                    "has the field 'a' twice; allowed: a name of its own for each"},
        WrongSchema{"id:sequence(-1)", "has the field 'id' as 'sequence(-1)'; allowed: sequence, "
                                       "or sequence(FIRST) with a whole number from 0"},
        WrongSchema{"t:timestamp(h)", "has the field 't' as 'timestamp(h)'; allowed: timestamp, "
                                      "or timestamp(UNIT) with s, ms, us or ns"},
        wrongNumbers("normal(20)", NormalUsage), wrongNumbers("normal(20,-1)", NormalUsage),
        wrongNumbers("normal(20,5", NormalUsage), wrongNumbers("normal", NormalUsage),
        wrongNumbers("uniform(2,1)", UniformUsage), wrongNumbers("uniform(a,1)", UniformUsage),
        wrongNumbers("uniform(1.,2)", UniformUsage),
        wrongNumbers("uniform(1,2.1234567)", UniformUsage),
        wrongNumbers("uniform(1,1000000001)", UniformUsage), wrongNumbers("uniform(", UniformUsage),
        WrongSchema{"c:choice(a,b)", "has the field 'c' as 'choice(a,b)'; allowed: "
                                     "choice(TEXT|TEXT) without commas and quotes"},
        WrongSchema{"c:choice(\"a\")", "has the field 'c' as 'choice(\"a\")'; allowed: "
                                       "choice(TEXT|TEXT) without commas and quotes"},
        WrongSchema{"c:text(0)", "has the field 'c' as 'text(0)'; allowed: text(LENGTH) with 1 to "
                                 "65536"}));
