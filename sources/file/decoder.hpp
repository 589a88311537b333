#pragma once

#include <weft/sources/file/compression.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace weft
{

/// Turns compressed bytes into those that they stand for, piece by piece, with the library of its
/// format. Calls use the CPU and wait for nothing. Allocates when a stream begins, at most.
class Decoder
{
public:
    struct Step
    {
        std::size_t consumedBytes = 0;
        std::size_t producedBytes = 0; // before the error, if there is one
        std::string_view error;        // empty, or what is wrong with the bytes from here on
    };

    Decoder() = default;
    Decoder(const Decoder&) = delete;
    Decoder& operator=(const Decoder&) = delete;
    virtual ~Decoder() = default;

    /// Goes on until the input is used up or the output is full; in the latter case it may hold
    /// more, to be asked for without input.
    virtual Step decode(std::span<const std::byte> input, std::span<std::byte> output) = 0;

    /// Whether the input may end here: after a member of gzip, a frame of zstd.
    virtual bool isWhole() const noexcept = 0;
};

/// Null when the build leaves the format out.
std::unique_ptr<Decoder> makeDecoder(Compression compression);

std::unique_ptr<Decoder> makeGzipDecoder();
std::unique_ptr<Decoder> makeZstdDecoder();

} // namespace weft
