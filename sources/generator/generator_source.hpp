#pragma once

#include <weft/sources/generator/record_schema.hpp>
#include <weft/sources/source.hpp>
#include <weft/sources/source_descriptor.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weft
{

/// Makes records up: the same ones for a schema and a seed, at a rate or as fast as they are taken.
/// Each record is due at a moment that is counted from the start, so late wake-ups do not add up:
/// what is overdue is made at once.
class GeneratorSource final : public Source
{
public:
    static constexpr const char* TypeHelp = "made-up records, as lines of comma-separated values";
    static std::vector<ParameterDefinition> parameters();

    static std::uint32_t fileDescriptors(const SourceDescriptor&) noexcept
    {
        return 0;
    }

    explicit GeneratorSource(const SourceDescriptor& descriptor);

    void open() override;
    FillStatus fillBuffer(Fill& fill) override;
    void close() override;

    /// "id:sequence,value:uniform(1,6) at 1000/s, seed 1"
    std::string describe() const override;

private:
    Deadline nextLook(const Fill& fill, std::size_t restBytes) const noexcept;
    std::size_t write(std::span<std::byte> space) noexcept;
    char* writePending(char* at, const char* end) noexcept;
    Deadline dueOf(std::uint64_t record) const noexcept;
    std::uint64_t dueBy(Clock::time_point now) const noexcept;

    const std::string schemaText;
    const RecordSchema schema;
    const std::uint64_t rate;    // per second; zero: none
    const std::uint64_t records; // after which the stream ends
    const std::uint64_t seed;
    const std::string header;

    Clock::time_point start;
    std::chrono::nanoseconds startTime{}; // since 1970
    RandomNumbers random;
    std::uint64_t made = 0;
    std::vector<char> recordSpace; // for one that the end of a buffer cuts
    std::string_view pending;      // what is left of it, for the next buffer
};

} // namespace weft
