#pragma once

#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

/// \file
/// A fuzz target is a function that gives any bytes at all to one parser and requires what must
/// hold of its answer. The same function runs under libFuzzer, which makes up bytes, and in the
/// tests, over the bytes that are kept in corpus/.

namespace weft::fuzz
{

/// What was required does not hold. Any other exception that leaves a target is a fault too.
class Violation : public std::logic_error
{
public:
    using std::logic_error::logic_error;
};

/// Throws Violation, with what must hold and the text for which it does not.
void require(bool holds, std::string_view whatMustHold, std::string_view text = {});

/// Throws Violation unless `error` names what is wrong: each of the `words` is in its message.
void requireNames(const std::exception& error, std::initializer_list<std::string_view> words);

struct Target
{
    using Check = void (*)(std::string_view input);

    const char* name = nullptr;
    Check check = nullptr;
};

/// All targets that the program has: one under libFuzzer, all of them in the tests.
std::span<const Target> targets() noexcept;

bool addTarget(Target target);

} // namespace weft::fuzz

/// Adds the target `fuzz_NAME.cpp` to the program: the last line of that file.
#define WEFT_FUZZ_TARGET(name, check)                                                              \
    [[maybe_unused]] const bool weftFuzzTarget_##name = ::weft::fuzz::addTarget({#name, check});
