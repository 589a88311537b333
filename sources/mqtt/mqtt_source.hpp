#pragma once

#include <weft/sources/mqtt/mqtt_connection.hpp>
#include <weft/sources/source.hpp>
#include <weft/sources/source_descriptor.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace weft
{

/// Payloads of the messages that an MQTT broker has for its topics, in the order in which they
/// come. A message is acknowledged when all of it has been emitted:
///   1. What a call of fillBuffer has filled has been emitted when the next one begins.
///   2. Acknowledgements leave at the beginning of a call, and in it only until the first message
///      has come.
///   3. A broker sends only so many messages ahead of their acknowledgements, so a buffer is not
///      kept for the flush interval when more cannot come.
///   4. Nothing is read while a message that did not fit into the buffer is not all delivered, so
///      the broker feels it when nobody takes the buffers.
class MqttSource final : public Source, private MqttReceiver
{
public:
    static constexpr const char* TypeHelp = "messages that an MQTT broker has for some topics";
    static std::vector<ParameterDefinition> parameters();

    /// The connection, and a socket pair of the library.
    static std::uint32_t fileDescriptors(const SourceDescriptor&) noexcept
    {
        return 3;
    }

    explicit MqttSource(const SourceDescriptor& descriptor);

    void open() override;
    FillStatus fillBuffer(Fill& fill) override;
    void close() override;

    StackClass stackClass() const noexcept override;

    /// "mqtt://127.0.0.1:1883"
    std::string describe() const override
    {
        return settings.uri;
    }

private:
    enum class Framing : std::uint8_t
    {
        None,
        Newline,
        Length,
    };

    /// What did not fit into the buffer when it came.
    class Remainder
    {
    public:
        bool isEmpty() const noexcept
        {
            return delivered == bytes.size();
        }

        void append(std::span<const std::byte> more);
        void moveTo(Fill& fill);
        void clear() noexcept;

    private:
        std::vector<std::byte> bytes; // as large as the largest so far
        std::size_t delivered = 0;
    };

    void received(std::span<const std::byte> payload, int qos) override;
    void append(std::span<const std::byte> bytes);
    bool takeTurns(Fill& fill);
    bool mustDeliver(const Fill& fill) noexcept;
    bool awaitMore(Fill& fill);

    const MqttSettings settings;
    const Framing framing;
    const std::uint64_t unacknowledgedMost;
    MqttConnection connection;
    Fill* filling = nullptr; // during a call
    Remainder remainder;
    std::uint64_t unacknowledged = 0; // messages whose acknowledgement waits for their delivery
};

} // namespace weft
