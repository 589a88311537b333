#include <weft/reactor/io.hpp>
#include <weft/sources/generator/generator_source.hpp>
#include <weft/sources/source_registry.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <limits>

WEFT_REGISTER_SOURCE(generator, weft::GeneratorSource)

namespace weft
{

namespace
{

constexpr std::uint64_t NanosecondsPerSecond = 1'000'000'000;

std::uint64_t orEndless(std::int64_t records) noexcept
{
    return records > 0 ? static_cast<std::uint64_t>(records)
                       : std::numeric_limits<std::uint64_t>::max();
}

} // namespace

std::vector<ParameterDefinition> GeneratorSource::parameters()
{
    return {
        {.name = "schema",
         .defaultValue = "id:sequence,time:timestamp,value:normal(20.00,5)",
         .help = "NAME:TYPE of each field; types: sequence, timestamp(ms), uniform(0.0,100), "
                 "normal(20.00,5), choice(a|b), text(10)"},
        {.name = "rate",
         .type = ParameterType::Integer,
         .unit = "records/s",
         .defaultValue = "0",
         .help = "so many a second; 0: as fast as they are taken",
         .most = NanosecondsPerSecond},
        {.name = "records",
         .type = ParameterType::Integer,
         .unit = "records",
         .defaultValue = "0",
         .help = "the stream ends after so many; 0: it does not end"},
        {.name = "seed",
         .type = ParameterType::Integer,
         .defaultValue = "1",
         .help = "the same seed makes the same records, but for their timestamps"},
        {.name = "header",
         .type = ParameterType::Boolean,
         .defaultValue = "false",
         .help = "a first line with the names of the fields"},
    };
}

GeneratorSource::GeneratorSource(const SourceDescriptor& descriptor)
    : schemaText(descriptor.text("schema")),
      schema(schemaText),
      rate(static_cast<std::uint64_t>(descriptor.integer("rate"))),
      records(orEndless(descriptor.integer("records"))),
      seed(static_cast<std::uint64_t>(descriptor.integer("seed"))),
      header(descriptor.boolean("header") ? schema.header() : std::string()),
      random(seed),
      recordSpace(schema.longestRecordBytes())
{
}

void GeneratorSource::open()
{
    random = RandomNumbers(seed);
    made = 0;
    pending = header;
    start = Clock::now();
    startTime = std::chrono::system_clock::now().time_since_epoch();
}

FillStatus GeneratorSource::fillBuffer(Fill& fill)
{
    while (fill.wantsMore())
    {
        const auto rest = fill.rest();
        const auto look = nextLook(fill, rest.size());
        const auto until = fill.deadline(look);
        if (!io::sleepUntil(until))
        {
            break;
        }
        fill.advance(write(rest));
        if (made == records && pending.empty())
        {
            return FillStatus::EndOfStream;
        }
        if (until != look)
        {
            break; // the flush is due
        }
    }
    return FillStatus::More;
}

/// When there will be a record for an empty buffer; for one that has some, which is delivered when
/// its flush is due, not before all the rest of it can be filled.
Deadline GeneratorSource::nextLook(const Fill& fill, std::size_t restBytes) const noexcept
{
    if (rate == 0 || !pending.empty())
    {
        return Deadline{};
    }
    if (fill.sizeBytes() == 0)
    {
        return dueOf(made);
    }
    const auto fitting = std::max<std::size_t>(restBytes / schema.longestRecordBytes(), 1);
    return dueOf(std::min<std::uint64_t>(fitting, records - made) + made - 1);
}

/// The records that are due, as far as there is space. Answers their bytes.
std::size_t GeneratorSource::write(std::span<std::byte> space) noexcept
{
    auto* const begin = reinterpret_cast<char*>(space.data());
    const auto* const end = begin + space.size();
    const auto now = Clock::now();
    const auto due = std::min(dueBy(now), records);
    auto* at = writePending(begin, end);
    while (made < due && at != end)
    {
        const auto moment = rate == 0 ? now : dueOf(made);
        const RecordStamp stamp{.number = made, .time = startTime + (moment - start)};
        if (static_cast<std::size_t>(end - at) >= recordSpace.size())
        {
            at = schema.write(at, stamp, random);
        }
        else
        {
            const auto* const last = schema.write(recordSpace.data(), stamp, random);
            pending = {recordSpace.data(), last};
            at = writePending(at, end);
        }
        ++made;
    }
    return static_cast<std::size_t>(at - begin);
}

char* GeneratorSource::writePending(char* at, const char* end) noexcept
{
    const auto count = std::min(pending.size(), static_cast<std::size_t>(end - at));
    std::copy_n(pending.data(), count, at);
    pending.remove_prefix(count);
    return at + count;
}

Deadline GeneratorSource::dueOf(std::uint64_t record) const noexcept
{
    // In whole seconds and the rest, each of which fits into 64 bits.
    const auto restNs = (record % rate * NanosecondsPerSecond + rate - 1) / rate;
    return start + std::chrono::seconds(record / rate) + std::chrono::nanoseconds(restNs);
}

/// How many records are due.
std::uint64_t GeneratorSource::dueBy(Clock::time_point now) const noexcept
{
    if (rate == 0)
    {
        return records;
    }
    const auto elapsed = static_cast<std::uint64_t>(std::chrono::nanoseconds(now - start).count());
    return elapsed / NanosecondsPerSecond * rate +
           elapsed % NanosecondsPerSecond * rate / NanosecondsPerSecond + 1;
}

void GeneratorSource::close()
{
}

std::string GeneratorSource::describe() const
{
    return fmt::format("{} {}, seed {}", schemaText,
                       rate == 0 ? std::string("at full speed") : fmt::format("at {}/s", rate),
                       seed);
}

} // namespace weft
