#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace weft
{

/// What a source throws: what it was doing, and why it failed.
class SourceError : public std::system_error
{
public:
    /// The message reads "connect to 127.0.0.1:9000: Connection refused".
    SourceError(std::error_code error, const std::string& whatItDid)
        : std::system_error(error, whatItDid)
    {
    }
};

/// Whether trying again later may help: the peer is not there, not yet or not any more (connection
/// refused or reset, no answer, host or network not reachable, name service busy), or this machine
/// is short of something (ports, descriptors, memory, threads). An errno may be in the system's or
/// in the generic category. docs/recovery.md has the whole list.
bool isTransient(std::error_code error) noexcept;

} // namespace weft
