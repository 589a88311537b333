#include <weft/sources/file/decoder.hpp>

namespace weft
{

std::unique_ptr<Decoder> makeDecoder([[maybe_unused]] Compression compression)
{
#if WEFT_FILE_GZIP
    if (compression == Compression::Gzip)
    {
        return makeGzipDecoder();
    }
#endif
#if WEFT_FILE_ZSTD
    if (compression == Compression::Zstd)
    {
        return makeZstdDecoder();
    }
#endif
    return nullptr;
}

} // namespace weft
