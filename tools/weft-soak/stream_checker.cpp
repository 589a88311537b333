#include "stream_checker.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace weft::soak
{

StreamChecker::StreamChecker(std::uint64_t soakSeed, const LifePlan& lifePlan)
    : seed(soakSeed),
      plan(lifePlan),
      received(lifePlan.connections.size(), 0)
{
}

bool StreamChecker::take(std::span<const std::byte> bytes)
{
    if (!wrong.empty())
    {
        return false;
    }
    if (!bytes.empty() && bytes.front() == RecordStream::FirstMarker)
    {
        stream.reset();
        beginning.clear();
    }
    while (!bytes.empty())
    {
        if (!(stream ? compare(bytes) : takeBeginning(bytes)))
        {
            return false;
        }
    }
    return true;
}

bool StreamChecker::takeBeginning(std::span<const std::byte>& bytes)
{
    if (beginning.empty() && bytes.front() != RecordStream::FirstMarker)
    {
        return fail(fmt::format("expected: the first record of a connection; found: {}",
                                describeFound(bytes)));
    }
    const auto count = std::min(bytes.size(), RecordStream::HeaderBytes - beginning.size());
    beginning.insert(beginning.end(), bytes.begin(),
                     bytes.begin() + static_cast<std::ptrdiff_t>(count));
    bytes = bytes.subspan(count);
    return beginning.size() < RecordStream::HeaderBytes || beginConnection();
}

/// The header of its first record is complete: it says which connection it is.
bool StreamChecker::beginConnection()
{
    RecordHeader header;
    if (!parseHeader(beginning, header) || header.source != plan.id.source ||
        header.round != plan.id.round || header.life != plan.id.life ||
        std::cmp_less_equal(header.connection, connection) ||
        header.connection >= plan.connections.size())
    {
        return fail(fmt::format("expected: the beginning of a connection after number {}; found: "
                                "{}",
                                connection, describeFound(beginning)));
    }
    connection = header.connection;
    stream.emplace(seed, plan, header.connection);
    std::span<const std::byte> bytes(beginning);
    while (!bytes.empty())
    {
        if (!compare(bytes))
        {
            return false;
        }
    }
    beginning.clear();
    return true;
}

/// Compares with the rest of the current record, and goes over what is the same.
bool StreamChecker::compare(std::span<const std::byte>& bytes)
{
    const auto expected = stream->rest();
    if (expected.empty())
    {
        return fail(fmt::format("expected: nothing after the {} bytes of connection {}; found: {}",
                                stream->totalBytes(), connection, describeFound(bytes)));
    }
    const auto count = std::min(expected.size(), bytes.size());
    const auto differs = std::mismatch(
        expected.begin(), expected.begin() + static_cast<std::ptrdiff_t>(count), bytes.begin());
    const auto same = static_cast<std::size_t>(differs.second - bytes.begin());
    if (same < count)
    {
        return fail(fmt::format(
            "expected: byte {} of connection {}, in record {}, to be 0x{:02x}; found: 0x{:02x}, {}",
            stream->offsetBytes() + same, connection, stream->sequenceNumber(),
            static_cast<unsigned>(*differs.first), static_cast<unsigned>(*differs.second),
            describeFound(bytes.subspan(same))));
    }
    stream->advance(count);
    received[static_cast<std::size_t>(connection)] += count;
    bytes = bytes.subspan(count);
    return true;
}

/// What is too short to tell belongs to the latest connection that has sent it: what came after it
/// may have been lost in a reset, or dropped by a stop.
void StreamChecker::finish(std::span<const std::uint64_t> sentBytes)
{
    if (!wrong.empty() || beginning.empty())
    {
        return;
    }
    const auto first = static_cast<std::size_t>(connection + 1);
    for (auto index = std::min(sentBytes.size(), received.size()); index-- > first;)
    {
        if (mayBeBeginningOf(index, sentBytes[index]))
        {
            received[index] = beginning.size();
            return;
        }
    }
    fail(fmt::format("expected: the first {} bytes of a connection after number {}; found: others",
                     beginning.size(), connection));
}

bool StreamChecker::mayBeBeginningOf(std::size_t index, std::uint64_t sentBytes) const
{
    const RecordStream sent(seed, plan, static_cast<std::uint32_t>(index));
    const auto rest = sent.rest();
    return beginning.size() <= std::min<std::uint64_t>(sentBytes, rest.size()) &&
           std::equal(beginning.begin(), beginning.end(), rest.begin());
}

bool StreamChecker::fail(std::string problem)
{
    wrong = std::move(problem);
    return false;
}

/// Where the bytes belong, if they have a record's header among them.
std::string StreamChecker::describeFound(std::span<const std::byte> bytes) const
{
    for (std::size_t start = 0; start + RecordStream::HeaderBytes <= bytes.size(); ++start)
    {
        RecordHeader header;
        if (parseHeader(bytes.subspan(start), header))
        {
            return fmt::format("and {} bytes later the header of round {}, source {}, life {}, "
                               "connection {}, record {}",
                               start, header.round, header.source, header.life, header.connection,
                               header.sequence);
        }
    }
    return fmt::format("and no header in the {} bytes of the buffer from there", bytes.size());
}

} // namespace weft::soak
