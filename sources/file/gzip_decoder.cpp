#include <weft/sources/file/decoder.hpp>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <new>

#include <zlib.h>

namespace weft
{

namespace
{

uInt zlibSize(std::size_t sizeBytes) noexcept
{
    return static_cast<uInt>(std::min<std::size_t>(sizeBytes, std::numeric_limits<uInt>::max()));
}

/// Members of gzip, one after the other, and zeros behind the last one, as tapes have them.
class GzipDecoder final : public Decoder
{
public:
    GzipDecoder()
    {
        constexpr int LargestWindow = 15;
        constexpr int GzipOnly = 16;
        if (::inflateInit2(&stream, LargestWindow + GzipOnly) != Z_OK)
        {
            throw std::bad_alloc();
        }
    }

    ~GzipDecoder() override
    {
        ::inflateEnd(&stream);
    }

    Step decode(std::span<const std::byte> input, std::span<std::byte> output) override
    {
        Step step;
        while (step.error.empty() && step.producedBytes < output.size())
        {
            const auto rest = input.subspan(step.consumedBytes);
            if (afterMember)
            {
                const auto next = std::ranges::find_if(rest,
                                                       [](std::byte byte)
                                                       {
                                                           return byte != std::byte{0};
                                                       });
                step.consumedBytes += static_cast<std::size_t>(next - rest.begin());
                if (next == rest.end())
                {
                    break;
                }
                ::inflateReset(&stream);
                afterMember = false;
                continue;
            }
            if (!inflateSome(rest, output.subspan(step.producedBytes), step))
            {
                break;
            }
        }
        return step;
    }

    bool isWhole() const noexcept override
    {
        return afterMember;
    }

private:
    /// False: nothing more comes of this input.
    bool inflateSome(std::span<const std::byte> input, std::span<std::byte> output, Step& step)
    {
        // zlib does not write to its input.
        stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(input.data())); // NOLINT
        stream.avail_in = zlibSize(input.size());
        stream.next_out = reinterpret_cast<Bytef*>(output.data());
        stream.avail_out = zlibSize(output.size());
        const auto inputBytes = stream.avail_in;
        const auto outputBytes = stream.avail_out;
        const int result = ::inflate(&stream, Z_NO_FLUSH);
        step.consumedBytes += inputBytes - stream.avail_in;
        step.producedBytes += outputBytes - stream.avail_out;
        switch (result)
        {
        case Z_OK:
            return true;
        case Z_STREAM_END:
            afterMember = true;
            return true;
        case Z_BUF_ERROR: // no progress without more input
            return false;
        case Z_MEM_ERROR:
            throw std::bad_alloc();
        default:
            step.error = stream.msg != nullptr ? stream.msg : "not gzip";
            return false;
        }
    }

    z_stream stream{};
    bool afterMember = false;
};

} // namespace

std::unique_ptr<Decoder> makeGzipDecoder()
{
    return std::make_unique<GzipDecoder>();
}

} // namespace weft
