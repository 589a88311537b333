#include <weft/memory/assert.hpp>
#include <weft/reactor/offload.hpp>
#include <weft/sources/file/decompression.hpp>
#include <weft/sources/file/file_error.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace weft
{

namespace
{

std::span<std::byte> bytesOf(const iovec& buffer) noexcept
{
    return {static_cast<std::byte*>(buffer.iov_base), buffer.iov_len};
}

/// Into one buffer after the other.
Decoder::Step decodeInto(Decoder& decoder, std::span<const std::byte> input,
                         std::span<const iovec> space)
{
    Decoder::Step all;
    for (const auto& buffer : space)
    {
        const auto step = decoder.decode(input.subspan(all.consumedBytes), bytesOf(buffer));
        all.consumedBytes += step.consumedBytes;
        all.producedBytes += step.producedBytes;
        all.error = step.error;
        if (!step.error.empty() || step.producedBytes < buffer.iov_len)
        {
            break;
        }
    }
    return all;
}

std::size_t sizeOf(std::span<const iovec> space) noexcept
{
    std::size_t size = 0;
    for (const auto& buffer : space)
    {
        size += buffer.iov_len;
    }
    return size;
}

} // namespace

Decompression::Decompression(Compression wantedFormat)
    : wanted(wantedFormat),
      input(std::make_unique_for_overwrite<std::byte[]>(InputBytes))
{
}

void Decompression::beginFile() noexcept
{
    pending = {};
    inputEnded = false;
    outputFilled = false;
    format = Compression::Auto;
    decoder.reset();
    error = {};
}

io::Result<std::size_t> Decompression::read(InputFile& file, Fill& fill)
{
    for (;;)
    {
        if (!error.empty())
        {
            fail(file, error);
        }
        const bool isUndecided = format == Compression::Auto;
        if ((pending.empty() || isUndecided) && !outputFilled && !inputEnded)
        {
            if (const auto refilled = refill(file, fill.deadline()); !refilled)
            {
                return std::unexpected(refilled.error());
            }
        }
        if (isUndecided)
        {
            decide(file);
            continue;
        }
        // Nobody waits for a pipe with buffers that others may need.
        const auto rest = fill.rest();
        const std::array single{iovec{.iov_base = rest.data(), .iov_len = rest.size()}};
        const auto space = file.isRegular() ? fill.space() : std::span<const iovec>(single);
        if (format == Compression::None)
        {
            return pending.empty() ? file.read(fill) : copy(space);
        }
        const auto decoded = decode(space, fill.deadline());
        if (!decoded || *decoded > 0)
        {
            return decoded;
        }
        if (inputEnded && pending.empty() && error.empty())
        {
            if (!decoder->isWhole())
            {
                fail(file, "it ends too early");
            }
            return 0;
        }
    }
}

/// Behind what is pending, which is little: as long as the format is not known.
io::Result<void> Decompression::refill(InputFile& file, Deadline deadline)
{
    if (!pending.empty())
    {
        std::memmove(input.get(), pending.data(), pending.size());
    }
    const auto read =
        file.read(std::span(input.get(), InputBytes).subspan(pending.size()), deadline);
    pending = std::span(input.get(), pending.size() + read.value_or(0));
    if (!read)
    {
        return std::unexpected(read.error());
    }
    inputEnded = *read == 0;
    return {};
}

void Decompression::decide(const InputFile& file)
{
    const auto detected =
        wanted == Compression::Auto ? detectCompression(pending, inputEnded) : wanted;
    if (!detected)
    {
        return;
    }
    format = *detected;
    if (format == Compression::None)
    {
        return;
    }
    decoder = makeDecoder(format);
    if (!decoder)
    {
        throw SourceError(errnoError(ENOTSUP),
                          fmt::format("decompress '{}': this weft was built without {}",
                                      file.path(), toString(format)));
    }
}

std::size_t Decompression::copy(std::span<const iovec> space) noexcept
{
    std::size_t count = 0;
    for (const auto& buffer : space)
    {
        const auto size = std::min(buffer.iov_len, pending.size());
        std::memcpy(buffer.iov_base, pending.data(), size);
        pending = pending.subspan(size);
        count += size;
    }
    return count;
}

io::Result<std::size_t> Decompression::decode(std::span<const iovec> space, Deadline deadline)
{
    const auto step = offload(
        [this, space]
        {
            return decodeInto(*decoder, pending, space);
        },
        deadline);
    if (!step)
    {
        return std::unexpected(step.error());
    }
    WEFT_ASSERT(step->consumedBytes <= pending.size());
    pending = pending.subspan(step->consumedBytes);
    outputFilled = step->producedBytes == sizeOf(space);
    error = step->error;
    return step->producedBytes;
}

void Decompression::fail(const InputFile& file, std::string_view why) const
{
    throw SourceError(errnoError(EBADMSG),
                      fmt::format("decompress '{}' at byte {} ({}: {})", file.path(),
                                  file.offsetBytes() - pending.size(), toString(format), why));
}

} // namespace weft
