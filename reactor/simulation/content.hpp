#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace weft::simulation
{

/// Which bytes a stream has: every stream of a simulation has content of its own, so that a byte
/// that is lost, doubled, out of place or in the wrong stream shows.
using ContentId = std::uint64_t;

/// Writes what the content has at `offsetBytes`.
void writeContent(ContentId content, std::uint64_t offsetBytes,
                  std::span<std::byte> bytes) noexcept;

/// The first place, counted from the start of `bytes`, that is not as the content has it at
/// `offsetBytes`; nothing when all of it is.
std::optional<std::size_t> firstDifference(ContentId content, std::uint64_t offsetBytes,
                                           std::span<const std::byte> bytes) noexcept;

} // namespace weft::simulation
