#pragma once

namespace weft::test
{

/// A name server that does not answer: while one exists, looking up `Host` blocks its thread until
/// answer(), which says that there is no such name. Every other name is looked up as usual. It
/// takes the place of the C library's getaddrinfo in the test program, since no real server can be
/// told to be silent for one name of one process.
class SlowResolver
{
public:
    static constexpr auto Host = "slow.invalid";

    SlowResolver();
    /// answer().
    ~SlowResolver();

    SlowResolver(const SlowResolver&) = delete;
    SlowResolver& operator=(const SlowResolver&) = delete;

    void answer() noexcept;
};

} // namespace weft::test
