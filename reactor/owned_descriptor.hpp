#pragma once

#include <utility>

namespace weft
{

/// Owns a file descriptor. The destructor closes it at once, without suspending; io::close() closes
/// through the engine and tells of errors.
class OwnedDescriptor
{
public:
    OwnedDescriptor() noexcept = default;

    explicit OwnedDescriptor(int owned) noexcept : descriptor(owned)
    {
    }

    OwnedDescriptor(OwnedDescriptor&& other) noexcept : descriptor(other.release())
    {
    }

    OwnedDescriptor& operator=(OwnedDescriptor&& other) noexcept
    {
        reset(other.release());
        return *this;
    }

    ~OwnedDescriptor()
    {
        reset();
    }

    int get() const noexcept
    {
        return descriptor;
    }

    explicit operator bool() const noexcept
    {
        return descriptor >= 0;
    }

    /// Gives up ownership.
    [[nodiscard]] int release() noexcept
    {
        return std::exchange(descriptor, -1);
    }

    /// Closes what is owned and owns `replacement` instead.
    void reset(int replacement = -1) noexcept;

private:
    int descriptor = -1;
};

} // namespace weft
