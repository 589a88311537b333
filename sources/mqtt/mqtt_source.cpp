#include <weft/fibers/this_fiber.hpp>
#include <weft/sources/mqtt/mqtt_source.hpp>
#include <weft/sources/source_registry.hpp>

#include <algorithm>
#include <array>
#include <utility>

WEFT_REGISTER_SOURCE(mqtt, weft::MqttSource)

namespace weft
{

namespace
{

/// Packets that are read before others have a turn: each takes three small system calls.
constexpr int PacketsInARow = 32;

/// A number in network byte order.
std::array<std::byte, 4> lengthPrefix(std::size_t sizeBytes) noexcept
{
    const auto size = static_cast<std::uint32_t>(sizeBytes); // MQTT has less than 256 MiB
    return {std::byte(size >> 24), std::byte(size >> 16), std::byte(size >> 8), std::byte(size)};
}

std::size_t fillFrom(Fill& fill, std::span<const std::byte> bytes)
{
    const auto rest = fill.rest();
    const auto count = std::min(rest.size(), bytes.size());
    std::copy_n(bytes.begin(), count, rest.begin());
    fill.advance(count);
    return count;
}

} // namespace

std::vector<ParameterDefinition> MqttSource::parameters()
{
    auto definitions = MqttSettings::parameters();
    definitions.push_back({.name = "framing",
                           .defaultValue = "none",
                           .help = "between payloads: none, a newline after each, or the length "
                                   "before each (4 bytes, network byte order)",
                           .choices = {"none", "newline", "length"}});
    definitions.push_back({.name = "unacknowledged_max",
                           .type = ParameterType::Integer,
                           .unit = "messages",
                           .defaultValue = "20",
                           .help = "deliver a buffer when so many of its messages are to be "
                                   "acknowledged: as many as the broker sends ahead",
                           .least = 1,
                           .most = 65535});
    for (auto& definition : reconnectParameters())
    {
        definitions.push_back(std::move(definition));
    }
    return definitions;
}

MqttSource::MqttSource(const SourceDescriptor& descriptor)
    : settings(MqttSettings::from(descriptor)),
      framing(descriptor.text("framing") == "newline"  ? Framing::Newline
              : descriptor.text("framing") == "length" ? Framing::Length
                                                       : Framing::None),
      unacknowledgedMost(static_cast<std::uint64_t>(descriptor.integer("unacknowledged_max"))),
      connection(settings, *this)
{
}

void MqttSource::open()
{
    filling = nullptr;
    unacknowledged = 0; // they went with the connection; the broker sends the messages again
    connection.open();
}

FillStatus MqttSource::fillBuffer(Fill& fill)
{
    filling = &fill;
    if (remainder.isEmpty())
    {
        unacknowledged = 0;
    }
    remainder.moveTo(fill);
    if (unacknowledged == 0 && !connection.send(fill.deadline()))
    {
        return FillStatus::More;
    }
    for (int packets = 1; fill.wantsMore(); ++packets)
    {
        if (packets % PacketsInARow == 0 && !takeTurns(fill))
        {
            break;
        }
        if (connection.read())
        {
            continue;
        }
        if (mustDeliver(fill) || !awaitMore(fill))
        {
            break;
        }
    }
    return FillStatus::More;
}

/// A broker that always has something to read must not keep others waiting, nor the buffer. False
/// when the buffer is due.
bool MqttSource::takeTurns(Fill& fill)
{
    this_fiber::yield();
    return !this_fiber::stopRequested() && Clock::now() < fill.deadline();
}

/// Whether what there is must be delivered before more can come.
bool MqttSource::mustDeliver(const Fill& fill) noexcept
{
    if (fill.sizeBytes() == 0)
    {
        unacknowledged = 0; // they had no bytes
        return false;
    }
    // The library answers for messages of quality of service 2 in several steps, which wait behind
    // the acknowledgements.
    constexpr int ExactlyOnce = 2;
    return unacknowledged >= unacknowledgedMost ||
           (unacknowledged > 0 && settings.qos == ExactlyOnce);
}

/// False when what there is is to be delivered.
bool MqttSource::awaitMore(Fill& fill)
{
    // What was read may have queued answers.
    if (unacknowledged == 0 && !connection.send(fill.deadline()))
    {
        return false;
    }
    const auto due = connection.keepAliveDue();
    const auto arrived = connection.await(fill.deadline(due));
    if (arrived)
    {
        return true;
    }
    // A ping would wait behind the acknowledgements, and they wait for the delivery.
    if (arrived.error() == IoError::DeadlineExpired && Clock::now() >= due && unacknowledged == 0)
    {
        connection.keepAlive();
        return true;
    }
    return false;
}

void MqttSource::received(std::span<const std::byte> payload, int qos)
{
    unacknowledged += qos > 0 ? 1 : 0;
    if (framing == Framing::Length)
    {
        append(lengthPrefix(payload.size()));
    }
    append(payload);
    if (framing == Framing::Newline)
    {
        constexpr std::array Newline{std::byte('\n')};
        append(Newline);
    }
}

void MqttSource::append(std::span<const std::byte> bytes)
{
    const bool fits = filling != nullptr && remainder.isEmpty();
    remainder.append(bytes.subspan(fits ? fillFrom(*filling, bytes) : 0));
}

void MqttSource::close()
{
    connection.disconnect(unacknowledged == 0);
}

StackClass MqttSource::stackClass() const noexcept
{
    return settings.tls.wanted ? StackClass::Medium : StackClass::Small;
}

void MqttSource::Remainder::append(std::span<const std::byte> more)
{
    if (isEmpty())
    {
        clear();
    }
    bytes.insert(bytes.end(), more.begin(), more.end());
}

void MqttSource::Remainder::moveTo(Fill& fill)
{
    delivered += fillFrom(fill, std::span(bytes).subspan(delivered));
}

void MqttSource::Remainder::clear() noexcept
{
    bytes.clear();
    delivered = 0;
}

} // namespace weft
