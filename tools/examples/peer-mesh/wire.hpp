#pragma once

#include <climits>
#include <concepts>
#include <cstddef>
#include <span>

/// \file
/// Numbers as they travel: the most significant byte first. Both sides assert nothing: the caller
/// gives spans that are long enough.

namespace weft::mesh
{

/// Writes one number after the other.
class WireWriter
{
public:
    explicit WireWriter(std::span<std::byte> destination) noexcept : rest(destination)
    {
    }

    template <std::unsigned_integral T>
    void put(T value) noexcept
    {
        for (std::size_t place = sizeof(T); place > 0; --place)
        {
            rest[sizeof(T) - place] = static_cast<std::byte>(value >> ((place - 1) * CHAR_BIT));
        }
        rest = rest.subspan(sizeof(T));
    }

private:
    std::span<std::byte> rest;
};

/// Reads them again, in the same order.
class WireReader
{
public:
    explicit WireReader(std::span<const std::byte> source) noexcept : rest(source)
    {
    }

    template <std::unsigned_integral T>
    T take() noexcept
    {
        T value = 0;
        for (const auto byte : rest.first(sizeof(T)))
        {
            value =
                static_cast<T>(value << (sizeof(T) > 1 ? CHAR_BIT : 0)) | std::to_integer<T>(byte);
        }
        rest = rest.subspan(sizeof(T));
        return value;
    }

private:
    std::span<const std::byte> rest;
};

} // namespace weft::mesh
