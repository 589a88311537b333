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

/// A resolver that answers what the test says: while one exists, looking up `Host` fails with that
/// EAI code, and with `errnoValue` if it is EAI_SYSTEM. A code of zero finds 127.0.0.1 and, after
/// it, ::1.
class AnsweringResolver
{
public:
    static constexpr auto Host = "answered.invalid";

    explicit AnsweringResolver(int code, int errnoValue = 0);
    ~AnsweringResolver();

    AnsweringResolver(const AnsweringResolver&) = delete;
    AnsweringResolver& operator=(const AnsweringResolver&) = delete;
};

} // namespace weft::test
