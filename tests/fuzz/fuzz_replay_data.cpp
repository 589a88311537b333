#include "replay_data.hpp"
#include "replay_stream.hpp"
#include "tests/fuzz/fuzz_target.hpp"

#include <algorithm>
#include <string>

/// What `weft serve` reads and cuts into lines or chunks. The first two bytes choose the size of a
/// chunk and the unit at which a stream begins, the rest is the data.

namespace weft::fuzz
{

namespace
{

using namespace weft::tools;

std::vector<std::byte> copyOf(std::string_view text)
{
    std::vector<std::byte> bytes(text.size());
    std::ranges::transform(text, bytes.begin(),
                           [](char character)
                           {
                               return static_cast<std::byte>(character);
                           });
    return bytes;
}

std::string textOf(std::span<const std::byte> bytes)
{
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string unitOf(const ReplayData& data, std::size_t unit)
{
    const auto begin = data.unitBegin(unit);
    return textOf(data.bytes().subspan(begin, data.unitBegin(unit + 1) - begin));
}

/// Three rounds of the stream, unit by unit and in pieces, are the data in a circle.
void checkStream(const ReplayData& data, std::size_t first, std::string_view text)
{
    constexpr std::uint64_t Rounds = 3;
    constexpr std::uint64_t PieceBytes = 7;
    const ReplayStream stream(data, first, Rounds);
    require(stream.sizeBytes() == Rounds * text.size(), "a stream has the data of its rounds",
            text);
    const auto begin = data.unitBegin(first);
    const auto once = std::string(text.substr(begin)) + std::string(text.substr(0, begin));
    std::string content;
    while (content.size() < stream.sizeBytes())
    {
        const auto piece = stream.at(content.size(), PieceBytes);
        require(!piece.empty() && piece.size() <= PieceBytes, "a piece has its size", text);
        content += textOf(piece);
    }
    require(content == once + once + once, "the rounds are the data from the first unit on", text);
    std::uint64_t before = 0;
    for (std::uint64_t units = 0; units <= Rounds * data.unitCount() + 1; ++units)
    {
        const auto end = stream.endOfUnits(units);
        require(end >= before && end <= stream.sizeBytes(), "the ends of units go forward", text);
        before = end;
    }
    require(before == stream.sizeBytes(), "all units are the whole stream", text);
}

void checkUnits(const ReplayData& data, std::size_t choice, std::string_view text)
{
    std::string joined;
    for (std::size_t unit = 0; unit < data.unitCount(); ++unit)
    {
        joined += unitOf(data, unit);
    }
    require(joined == text, "the units are the data", text);
    checkStream(data, data.unitCount() > 0 ? choice % data.unitCount() : 0, text);
}

void checkReplayData(std::string_view input)
{
    if (input.size() < 2)
    {
        return;
    }
    const auto chunkBytes = std::size_t{static_cast<unsigned char>(input[0])} + 1;
    const std::size_t choice = static_cast<unsigned char>(input[1]);
    const auto text = input.substr(2);

    const auto lines = ReplayData::ofLines(copyOf(text));
    for (std::size_t unit = 0; unit < lines.unitCount(); ++unit)
    {
        const auto line = unitOf(lines, unit);
        const bool isLast = unit + 1 == lines.unitCount();
        require(!line.empty() && line.find('\n') >= line.size() - 1 &&
                    (isLast || line.ends_with('\n')),
                "a line has one line feed, at its end", line);
    }
    checkUnits(lines, choice, text);

    const auto chunks = ReplayData::ofChunks(copyOf(text), chunkBytes);
    require(chunks.unitCount() == (text.size() + chunkBytes - 1) / chunkBytes,
            "all chunks but the last are full", text);
    checkUnits(chunks, choice, text);
}

} // namespace

} // namespace weft::fuzz

WEFT_FUZZ_TARGET(replay_data, weft::fuzz::checkReplayData)
