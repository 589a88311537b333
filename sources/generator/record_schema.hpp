#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace weft
{

/// Numbers that look random and are the same for a seed on every machine: splitmix64.
class RandomNumbers
{
public:
    explicit RandomNumbers(std::uint64_t seed) noexcept : state(seed)
    {
    }

    std::uint64_t next() noexcept
    {
        state += 0x9e3779b97f4a7c15;
        auto mixed = state;
        mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
        return mixed ^ (mixed >> 31);
    }

    /// One of 0 to `count` - 1; `count` is below 2^53.
    std::uint64_t below(std::uint64_t count) noexcept
    {
        const auto fraction = static_cast<double>(next() >> 11) * 0x1p-53;
        return static_cast<std::uint64_t>(fraction * static_cast<double>(count));
    }

private:
    std::uint64_t state;
};

/// What a record is made of beside the random numbers.
struct RecordStamp
{
    std::uint64_t number = 0;        // of the record, from zero
    std::chrono::nanoseconds time{}; // since 1970
};

/// The fields of a record, which is a line of values with commas between them. A schema is written
/// "id:sequence,value:normal(20.00,5),place:choice(Berlin|Aachen)": NAME:TYPE for each field.
class RecordSchema
{
public:
    /// Throws InvalidParameter, of the parameter "schema", that names the field and what to write.
    explicit RecordSchema(std::string_view text);

    std::size_t longestRecordBytes() const noexcept
    {
        return longestBytes;
    }

    /// The names of the fields, as a line.
    std::string header() const;

    /// Writes a record of at most longestRecordBytes() and answers where it ends.
    char* write(char* at, const RecordStamp& stamp, RandomNumbers& random) const noexcept;

    // The types of fields. Numbers with decimals are whole numbers of their last digit.

    struct Sequence
    {
        std::int64_t first = 0;
    };

    struct Timestamp
    {
        std::int64_t unitNs = 0;
    };

    struct Uniform
    {
        std::int64_t least = 0;
        std::uint64_t count = 0;
        int decimals = 0;
    };

    struct Normal
    {
        std::int64_t mean = 0;
        std::int64_t deviation = 0;
        int decimals = 0;
    };

    struct Choice
    {
        std::vector<std::string> texts;
    };

    struct Letters
    {
        std::size_t count = 0;
    };

    using FieldType = std::variant<Sequence, Timestamp, Uniform, Normal, Choice, Letters>;

private:
    struct Field
    {
        std::string name;
        FieldType type;
    };

    std::vector<Field> fields;
    std::size_t longestBytes = 0;
};

} // namespace weft
