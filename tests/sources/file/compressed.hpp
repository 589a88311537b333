#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include <zlib.h>
#include <zstd.h>

namespace weft::test
{

/// One member.
inline std::string gzip(std::string_view text)
{
    z_stream stream{};
    constexpr int GzipWindow = 15 + 16;
    if (::deflateInit2(&stream, 6, Z_DEFLATED, GzipWindow, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    {
        throw std::runtime_error("deflateInit2");
    }
    std::string result(::deflateBound(&stream, text.size()) + 64, '\0');
    stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(result.data());
    stream.avail_out = static_cast<uInt>(result.size());
    const int done = ::deflate(&stream, Z_FINISH);
    result.resize(result.size() - stream.avail_out);
    ::deflateEnd(&stream);
    if (done != Z_STREAM_END)
    {
        throw std::runtime_error("deflate");
    }
    return result;
}

/// One frame, with a checksum.
inline std::string zstd(std::string_view text)
{
    auto* const context = ::ZSTD_createCCtx();
    ::ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    std::string result(::ZSTD_compressBound(text.size()), '\0');
    const auto size =
        ::ZSTD_compress2(context, result.data(), result.size(), text.data(), text.size());
    ::ZSTD_freeCCtx(context);
    if (::ZSTD_isError(size) != 0)
    {
        throw std::runtime_error(::ZSTD_getErrorName(size));
    }
    result.resize(size);
    return result;
}

} // namespace weft::test
