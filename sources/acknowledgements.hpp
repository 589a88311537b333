#pragma once

#include <weft/reactor/tcp.hpp>
#include <weft/sources/parameter.hpp>
#include <weft/sources/source_descriptor.hpp>

namespace weft
{

/// How a source that only receives acknowledges: the parameter `delay_acks`.
class Acknowledgements
{
public:
    static ParameterDefinition parameter()
    {
        return {
            .name = ParameterName,
            .type = ParameterType::Boolean,
            .defaultValue = "false",
            .help =
                "acknowledge several small messages at once, where the sender has set TCP_NODELAY"};
    }

    explicit Acknowledgements(const SourceDescriptor& descriptor)
        : delayed(descriptor.boolean(ParameterName))
    {
    }

    /// For a connection that they cannot be applied to. Throws InvalidParameter.
    void refuseUnused(const std::string& remedy) const
    {
        if (delayed)
        {
            throw InvalidParameter(ParameterName, "is 'true', but " + remedy);
        }
    }

    /// A connection begins. Does not suspend.
    void applyTo(const TcpStream& stream) const noexcept
    {
        if (delayed)
        {
            stream.delayAcknowledgements();
        }
    }

private:
    static constexpr const char* ParameterName = "delay_acks";

    bool delayed;
};

} // namespace weft
