#include "record_stream.hpp"

#include <weft/memory/assert.hpp>

#include "random.hpp"
#include "stream_checksum.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

namespace weft::soak
{

namespace
{

constexpr std::size_t NoiseBytes = 1 << 16;

/// Random bytes without the first marker; records are pieces of it.
const std::array<std::byte, NoiseBytes>& noise()
{
    static const auto bytes = []
    {
        std::array<std::byte, NoiseBytes> made{};
        Random random({NoiseBytes});
        for (auto& byte : made)
        {
            byte = static_cast<std::byte>(random.below(0xFF));
        }
        return made;
    }();
    return bytes;
}

template <typename Number>
bool parseField(std::string_view& text, std::size_t digits, Number& number)
{
    const auto* const end = text.data() + digits;
    const bool good = std::from_chars(text.data(), end, number, 16).ptr == end;
    text.remove_prefix(digits);
    return good;
}

} // namespace

RecordStream::RecordStream(std::uint64_t soakSeed, const LifePlan& plan,
                           std::uint32_t connectionIndex)
    : seed(soakSeed),
      id(plan.id),
      connection(connectionIndex),
      recordBytesMax(plan.recordBytesMax),
      total(plan.connections.at(connectionIndex).totalBytes)
{
    WEFT_ASSERT(recordBytesMax > HeaderBytes && recordBytesMax <= NoiseBytes / 2);
    makeRecord();
}

void RecordStream::advance(std::size_t sizeBytes)
{
    WEFT_ASSERT(sizeBytes <= record.size() - taken);
    taken += sizeBytes;
    offset += sizeBytes;
    if (taken == record.size() && offset < total)
    {
        ++sequence;
        makeRecord();
    }
}

void RecordStream::makeRecord()
{
    Random random({seed, 4, id.round, id.source, id.life, connection, sequence});
    const auto sizeBytes = random.between(HeaderBytes, recordBytesMax);
    record.resize(sizeBytes);
    auto* const text = reinterpret_cast<char*>(record.data());
    fmt::format_to(text, " {:06x}{:06x}{:06x}{:04x}{:010x}{:06x}", id.source & 0xFFFFFF,
                   id.round & 0xFFFFFF, id.life & 0xFFFFFF, connection & 0xFFFF, sequence,
                   sizeBytes);
    record[0] = sequence == 0 ? FirstMarker : Marker;
    constexpr std::size_t ChecksumAt = HeaderBytes - 16;
    const auto payloadBytes = sizeBytes - HeaderBytes;
    const auto* const from = noise().data() + random.below(NoiseBytes - payloadBytes);
    std::copy_n(from, payloadBytes, record.begin() + HeaderBytes);
    const auto headerSum = ::XXH3_64bits(record.data(), ChecksumAt);
    const auto checksum = ::XXH3_64bits_withSeed(from, payloadBytes, headerSum);
    fmt::format_to(text + ChecksumAt, "{:016x}", checksum);
    record.resize(std::min<std::uint64_t>(sizeBytes, total - offset));
    taken = 0;
}

bool parseHeader(std::span<const std::byte> bytes, RecordHeader& header)
{
    if (bytes.size() < RecordStream::HeaderBytes ||
        (bytes[0] != RecordStream::FirstMarker && bytes[0] != RecordStream::Marker))
    {
        return false;
    }
    std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    text.remove_prefix(1);
    return parseField(text, 6, header.source) && parseField(text, 6, header.round) &&
           parseField(text, 6, header.life) && parseField(text, 4, header.connection) &&
           parseField(text, 10, header.sequence) && parseField(text, 6, header.sizeBytes);
}

} // namespace weft::soak
