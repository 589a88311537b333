#include "frame.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

/// Frames, however the network cuts them.

namespace weft::test
{

namespace
{

using namespace weft::mesh;

constexpr std::uint16_t Sender = 3;
constexpr std::size_t ContentBytes = 40;

/// What the reader makes of the bytes when they come in pieces of this size.
std::vector<FrameHeader> readInPieces(std::span<const std::byte> bytes, std::size_t pieceBytes)
{
    FrameReader reader;
    std::vector<FrameHeader> headers;
    while (!bytes.empty())
    {
        const auto piece = bytes.first(std::min(pieceBytes, bytes.size()));
        bytes = bytes.subspan(piece.size());
        std::ranges::copy(piece, reader.room().begin());
        reader.received(piece.size());
        for (auto frame = reader.next(); frame.value(); frame = reader.next())
        {
            headers.push_back((*frame)->header);
            if (headers.back().kind == FrameKind::Message)
            {
                EXPECT_TRUE(isContentOf((*frame)->content, Sender, headers.back().value));
            }
        }
    }
    return headers;
}

std::string refusalOf(std::array<unsigned char, FrameHeader::SizeBytes> header)
{
    FrameReader reader;
    std::ranges::copy(std::as_bytes(std::span(header)), reader.room().begin());
    reader.received(header.size());
    const auto frame = reader.next();
    return frame ? "accepted" : frame.error();
}

} // namespace

TEST(FrameTest, framesAreTheSameInAnyCut)
{
    FrameBatch batch(Sender, ContentBytes);
    batch.add(FrameKind::Ping, 0x0123456789ABCDEF);
    batch.add(FrameKind::Message, 7);
    batch.add(FrameKind::Message, 8);
    batch.add(FrameKind::Pong, 1);
    EXPECT_EQ(batch.messages(), 2U);
    for (std::size_t pieceBytes = 1; pieceBytes <= batch.bytes().size(); ++pieceBytes)
    {
        const auto headers = readInPieces(batch.bytes(), pieceBytes);
        ASSERT_EQ(headers.size(), 4U) << pieceBytes;
        EXPECT_EQ(headers[0].kind, FrameKind::Ping);
        EXPECT_EQ(headers[0].value, 0x0123456789ABCDEF);
        EXPECT_EQ(headers[1].value, 7U);
        EXPECT_EQ(headers[2].value, 8U);
        EXPECT_EQ(headers[2].contentBytes, ContentBytes);
        EXPECT_EQ(headers[3].kind, FrameKind::Pong);
    }
}

TEST(FrameTest, theLargestMessageFitsBesideAPing)
{
    FrameBatch batch(Sender, ContentBytesMax);
    batch.add(FrameKind::Ping, 1);
    ASSERT_TRUE(batch.hasRoom());
    batch.add(FrameKind::Message, 2);
    EXPECT_FALSE(batch.hasRoom());
    EXPECT_EQ(readInPieces(batch.bytes(), 1000).size(), 2U);
}

TEST(FrameTest, contentIsOfItsSenderAndNumberOnly)
{
    std::array<std::byte, ContentBytes> content{};
    fillContent(content, Sender, 7);
    EXPECT_TRUE(isContentOf(content, Sender, 7));
    EXPECT_FALSE(isContentOf(content, Sender + 1, 7));
    EXPECT_FALSE(isContentOf(content, Sender, 8));
    content.back() ^= std::byte{1};
    EXPECT_FALSE(isContentOf(content, Sender, 7));
}

TEST(FrameTest, whatIsNoFrameIsRefused)
{
    EXPECT_EQ(refusalOf({0}), "there is no frame of kind 0");
    EXPECT_EQ(refusalOf({4}), "there is no frame of kind 4");
    EXPECT_EQ(refusalOf({1, 0, 1, 0, 1}), "a frame of kind 1 with 65537 bytes; allowed: 65536");
    EXPECT_EQ(refusalOf({2, 0, 0, 0, 1}), "a frame of kind 2 with 1 bytes; allowed: 0");
    EXPECT_EQ(refusalOf({2}), "accepted");
}

} // namespace weft::test
