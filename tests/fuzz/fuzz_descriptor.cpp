#include <weft/sources/printable_text.hpp>
#include <weft/sources/source_descriptor.hpp>
#include <weft/sources/source_registry.hpp>

#include "tests/fuzz/fuzz_target.hpp"
#include "tests/fuzz/input_fields.hpp"
#include "tests/fuzz/source_text.hpp"

#include <memory>

/// A source's parameters as the host gives them: lines of PARAMETER=TEXT, and `type=TYPE`.

namespace weft::fuzz
{

namespace
{

void checkDescriptor(std::string_view input)
{
    auto fields = splitFields(input);
    const auto type = fields["type"];
    fields.erase("type");
    const auto* const known = SourceRegistry::instance().find(type);
    try
    {
        const SourceDescriptor descriptor("fuzzed", type, fields);
        require(known != nullptr, "only registered types are accepted", type);
        for (const auto& [name, text] : fields)
        {
            require(known->find(name) != nullptr, "only known parameters are accepted", name);
        }
        requireWithinDefinitions(descriptor);
        const SourceDescriptor again("fuzzed", type, textsOf(descriptor));
        require(isSame(again, descriptor), "printed parameters give the same source", input);
        // A source takes what it needs from its descriptor, and does nothing before open().
        require(known->make(descriptor) != nullptr, "the source can be made", input);
    }
    catch (const InvalidParameter& error)
    {
        requireNames(error,
                     {"parameter '", printable(error.parameter()), printable(error.problem())});
        const bool isKnown = known != nullptr && known->find(error.parameter()) != nullptr;
        require(isKnown || fields.contains(error.parameter()) || error.parameter() == "type",
                "a refusal names a parameter that was given or that is missing", error.what());
    }
}

} // namespace

} // namespace weft::fuzz

WEFT_FUZZ_TARGET(descriptor, weft::fuzz::checkDescriptor)
