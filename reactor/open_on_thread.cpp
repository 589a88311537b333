#include <weft/reactor/io_error.hpp>
#include <weft/reactor/offload.hpp>
#include <weft/reactor/owned_descriptor.hpp>
#include <weft/reactor/perform.hpp>
#include <weft/reactor/system_call.hpp>

#include <string>

namespace weft
{

std::expected<std::int32_t, std::error_code> detail::openOnThread(const Operation& operation,
                                                                  Deadline deadline)
{
    struct Opened
    {
        OwnedDescriptor descriptor;
        int error = 0;
    };

    auto opened = offloadAbandonable(
        [path = std::string(static_cast<const char*>(operation.data)), flags = operation.flags,
         mode = static_cast<mode_t>(operation.count)]
        {
            const int result = openWithoutWaiting(path.c_str(), flags, mode);
            return result >= 0 ? Opened{OwnedDescriptor(result), 0}
                               : Opened{OwnedDescriptor(), -result};
        },
        deadline);
    if (!opened)
    {
        // Else the machine has refused a thread.
        return gaveUp(opened.error())
                   ? std::expected<std::int32_t, std::error_code>(std::unexpected(opened.error()))
                   : -opened.error().value();
    }
    return opened->error != 0 ? -opened->error : opened->descriptor.release();
}

} // namespace weft
