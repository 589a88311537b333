#pragma once

#include <string>
#include <string_view>
#include <system_error>

namespace weft::tools
{

/// What to do about an error that says that the machine, or a limit of this process, has no more of
/// something; empty for all others.
std::string resourceAdvice(std::error_code error);

/// The message, and the advice after it when there is any.
std::string withResourceAdvice(std::string_view message, std::error_code error);

} // namespace weft::tools
