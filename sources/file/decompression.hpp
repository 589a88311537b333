#pragma once

#include <weft/sources/file/decoder.hpp>
#include <weft/sources/file/input_file.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace weft
{

/// What compressed files stand for. The work is done on the offload pool, in steps of what the
/// buffers on offer hold, so that a reactor's other fibers go on.
class Decompression
{
public:
    /// Allocates all that it needs but the memory of the format's library.
    explicit Decompression(Compression wantedFormat);

    /// The next file is read from its beginning.
    void beginFile() noexcept;

    /// Bytes put into the buffers on offer; zero at the end of the file. Throws SourceError where
    /// it cannot be decompressed, when all that comes before has been read. Suspends.
    io::Result<std::size_t> read(InputFile& file, Fill& fill);

private:
    /// Compressed bytes that are read at once.
    static constexpr std::size_t InputBytes = 128 << 10;

    io::Result<void> refill(InputFile& file, Deadline deadline);
    void decide(const InputFile& file);
    std::size_t copy(std::span<const iovec> space) noexcept;
    io::Result<std::size_t> decode(std::span<const iovec> space, Deadline deadline);
    [[noreturn]] void fail(const InputFile& file, std::string_view why) const;

    const Compression wanted;
    const std::unique_ptr<std::byte[]> input;
    std::span<const std::byte> pending; // of the input
    bool inputEnded = false;
    bool outputFilled = false; // so the decoder may hold more
    Compression format = Compression::Auto;
    std::unique_ptr<Decoder> decoder;
    std::string_view error; // found behind what has been read
};

} // namespace weft
