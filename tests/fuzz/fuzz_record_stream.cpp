#include "record_stream.hpp"
#include "stream_checker.hpp"
#include "tests/fuzz/fuzz_target.hpp"

#include <algorithm>
#include <cstring>

/// What the soak receives, and how it tells right from wrong. The first eight bytes say how the
/// stream is cut into buffers and where it is damaged; the rest is what somebody else might send.

namespace weft::fuzz
{

namespace
{

using namespace weft::soak;

constexpr std::uint64_t Seed = 42;

LifePlan twoConnections()
{
    LifePlan plan;
    plan.id = {.round = 1, .source = 7, .life = 3};
    plan.recordBytesMax = 200;
    plan.connections.resize(2);
    plan.connections[0].totalBytes = 700;
    plan.connections[1].totalBytes = 500;
    return plan;
}

using Bytes = std::vector<std::byte>;

Bytes bytesOfConnection(const LifePlan& plan, std::uint32_t index)
{
    RecordStream stream(Seed, plan, index);
    Bytes bytes;
    while (!stream.rest().empty())
    {
        const auto rest = stream.rest();
        bytes.insert(bytes.end(), rest.begin(), rest.end());
        stream.advance(rest.size());
    }
    require(bytes.size() == stream.totalBytes(), "a connection has the bytes of its plan");
    return bytes;
}

/// A connection in buffers of up to `bufferBytes`. False when the checker found something.
bool takes(StreamChecker& checker, std::span<const std::byte> bytes, std::size_t bufferBytes)
{
    while (!bytes.empty())
    {
        const auto count = std::min(bufferBytes, bytes.size());
        if (!checker.take(bytes.first(count)))
        {
            return false;
        }
        bytes = bytes.subspan(count);
    }
    return true;
}

struct Script
{
    std::uint8_t bufferBytes = 0;
    std::uint8_t damage = 0; // added to one byte
    std::uint16_t damagedAt = 0;
    std::uint16_t cutAt = 0; // the first connection's bytes that arrive
    std::uint16_t unused = 0;
};

void checkGoodAndDamaged(const Script& script)
{
    static const auto plan = twoConnections();
    static const auto first = bytesOfConnection(plan, 0);
    static const auto second = bytesOfConnection(plan, 1);
    const std::size_t bufferBytes = std::size_t{script.bufferBytes} + 1;
    const std::array<std::uint64_t, 2> sent{first.size(), second.size()};

    const auto cut = std::span(first).first(script.cutAt % (first.size() + 1));
    StreamChecker good(Seed, plan);
    const bool accepted = takes(good, cut, bufferBytes) && takes(good, second, bufferBytes);
    good.finish(sent);
    require(accepted && good.problem().empty(), "the beginning of each connection is right",
            good.problem());
    require(good.receivedBytes(1) == second.size(), "all bytes are counted");

    auto bytes = second;
    auto& damaged = bytes[script.damagedAt % bytes.size()];
    damaged = static_cast<std::byte>(static_cast<unsigned>(damaged) + script.damage);
    StreamChecker wary(Seed, plan);
    const bool passed = takes(wary, bytes, bufferBytes);
    wary.finish(sent);
    require(wary.problem().empty() == (script.damage == 0), "a changed byte is found, a right one "
                                                            "is not");
    require(passed || wary.problem().find("expected: ") == 0, "a finding says what was expected",
            wary.problem());
}

void checkForeign(std::span<const std::byte> bytes, std::size_t bufferBytes)
{
    static const auto plan = twoConnections();
    RecordHeader header;
    const bool hasHeader = parseHeader(bytes, header);
    require(!hasHeader || bytes.size() >= RecordStream::HeaderBytes, "a header is complete");
    require(!hasHeader || (header.source <= 0xFFFFFF && header.connection <= 0xFFFF &&
                           header.sequence <= 0xFFFFFFFFFF),
            "the numbers of a header have their digits");
    StreamChecker checker(Seed, plan);
    const bool accepted = takes(checker, bytes, bufferBytes);
    require(accepted == checker.problem().empty(), "what is refused has a problem",
            checker.problem());
    require(checker.receivedBytes(0) + checker.receivedBytes(1) <= bytes.size(),
            "no byte is counted that has not come");
}

void checkRecordStream(std::string_view input)
{
    Script script;
    if (input.size() < sizeof(script))
    {
        return;
    }
    std::memcpy(&script, input.data(), sizeof(script));
    checkGoodAndDamaged(script);
    const auto foreign = std::as_bytes(std::span(input)).subspan(sizeof(script));
    checkForeign(foreign, std::size_t{script.bufferBytes} + 1);
}

} // namespace

} // namespace weft::fuzz

WEFT_FUZZ_TARGET(record_stream, weft::fuzz::checkRecordStream)
