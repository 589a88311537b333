#include <weft/sources/file/decoder.hpp>

#include <algorithm>
#include <new>

#include <zstd.h>

namespace weft
{

namespace
{

/// Frames of zstd, one after the other.
class ZstdDecoder final : public Decoder
{
public:
    ZstdDecoder() : stream(::ZSTD_createDStream())
    {
        if (stream == nullptr)
        {
            throw std::bad_alloc();
        }
        ::ZSTD_initDStream(stream);
    }

    ~ZstdDecoder() override
    {
        ::ZSTD_freeDStream(stream);
    }

    /// One piece at a time, a block or a header: a call that finds an error does not tell what it
    /// has put out before.
    Step decode(std::span<const std::byte> input, std::span<std::byte> output) override
    {
        Step step;
        while (step.producedBytes < output.size())
        {
            const auto rest = input.subspan(step.consumedBytes);
            if (rest.empty() && !holdsOutput)
            {
                break;
            }
            ZSTD_inBuffer in = {.src = rest.data(),
                                .size = holdsOutput ? 0 : std::min(rest.size(), pieceBytes),
                                .pos = 0};
            ZSTD_outBuffer out = {.dst = output.data() + step.producedBytes,
                                  .size = output.size() - step.producedBytes,
                                  .pos = 0};
            const auto result = ::ZSTD_decompressStream(stream, &out, &in);
            if (::ZSTD_isError(result) != 0)
            {
                step.error = ::ZSTD_getErrorName(result);
                break;
            }
            step.consumedBytes += in.pos;
            step.producedBytes += out.pos;
            whole = result == 0;
            pieceBytes = whole ? FrameHeaderBytes : withoutNextHeader(result);
            holdsOutput = !whole && out.pos == out.size;
        }
        return step;
    }

    bool isWhole() const noexcept override
    {
        return whole;
    }

private:
    /// The library asks for a block and the header of the next one together.
    static std::size_t withoutNextHeader(std::size_t wantedBytes) noexcept
    {
        return wantedBytes > BlockHeaderBytes ? wantedBytes - BlockHeaderBytes : wantedBytes;
    }

    static constexpr std::size_t BlockHeaderBytes = 3;
    static constexpr std::size_t FrameHeaderBytes = 5; // at least

    ZSTD_DStream* const stream;
    std::size_t pieceBytes = FrameHeaderBytes;
    bool holdsOutput = false;
    bool whole = false;
};

} // namespace

std::unique_ptr<Decoder> makeZstdDecoder()
{
    return std::make_unique<ZstdDecoder>();
}

} // namespace weft
