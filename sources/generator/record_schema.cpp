#include <weft/sources/generator/record_schema.hpp>
#include <weft/sources/parameter.hpp>
#include <weft/sources/quantity.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <optional>
#include <span>
#include <utility>

namespace weft
{

namespace
{

using Sequence = RecordSchema::Sequence;
using Timestamp = RecordSchema::Timestamp;
using Uniform = RecordSchema::Uniform;
using Normal = RecordSchema::Normal;
using Choice = RecordSchema::Choice;
using Letters = RecordSchema::Letters;
using FieldType = RecordSchema::FieldType;
using Arguments = std::span<const std::string_view>;

constexpr std::array<std::int64_t, 7> PowersOfTen{1, 10, 100, 1000, 10000, 100000, 1000000};
constexpr std::size_t DecimalsMost = PowersOfTen.size() - 1;
constexpr std::int64_t NumberMost = 1'000'000'000;
/// A sign, the digits of any 64-bit number, a point.
constexpr std::size_t NumberBytesMost = 22;
constexpr std::size_t LettersMost = 65536;

// Reading.

[[noreturn]] void refuse(const std::string& whatIsWrong)
{
    throw InvalidParameter("schema", whatIsWrong);
}

std::string_view trimmed(std::string_view text)
{
    constexpr auto Blanks = " \t\r\n";
    const auto first = std::min(text.find_first_not_of(Blanks), text.size());
    return text.substr(first, text.find_last_not_of(Blanks) - first + 1);
}

/// At each separator that is not within parentheses.
std::vector<std::string_view> split(std::string_view text, char separator)
{
    std::vector<std::string_view> parts;
    std::size_t begin = 0;
    int depth = 0;
    for (std::size_t at = 0; at <= text.size(); ++at)
    {
        if (at == text.size() || (text[at] == separator && depth <= 0))
        {
            parts.push_back(trimmed(text.substr(begin, at - begin)));
            begin = at + 1;
            continue;
        }
        depth += text[at] == '(' ? 1 : text[at] == ')' ? -1 : 0;
    }
    return parts;
}

struct Decimal
{
    std::int64_t value = 0; // of the last digit
    std::size_t decimals = 0;

    std::int64_t scaledTo(std::size_t wanted) const
    {
        return value * PowersOfTen.at(wanted - decimals);
    }
};

std::optional<Decimal> parseDecimal(std::string_view text)
{
    const auto point = std::min(text.find('.'), text.size());
    const auto fraction = text.substr(std::min(point + 1, text.size()));
    if (fraction.size() > DecimalsMost || (point < text.size() && fraction.empty()))
    {
        return std::nullopt;
    }
    const auto value = parseInteger(std::string(text.substr(0, point)).append(fraction));
    const auto most = NumberMost * PowersOfTen.at(fraction.size());
    if (!value || *value < -most || *value > most)
    {
        return std::nullopt;
    }
    return Decimal{.value = *value, .decimals = fraction.size()};
}

/// Two numbers with as many decimals as the one of them that has more.
struct DecimalPair
{
    std::int64_t first = 0;
    std::int64_t second = 0;
    int decimals = 0;
};

std::optional<DecimalPair> parsePair(Arguments arguments)
{
    const auto first = arguments.size() == 2 ? parseDecimal(arguments[0]) : std::nullopt;
    const auto second = first ? parseDecimal(arguments[1]) : std::nullopt;
    if (!second)
    {
        return std::nullopt;
    }
    const auto decimals = std::max(first->decimals, second->decimals);
    return DecimalPair{.first = first->scaledTo(decimals),
                       .second = second->scaledTo(decimals),
                       .decimals = static_cast<int>(decimals)};
}

std::optional<FieldType> parseSequence(Arguments arguments)
{
    const auto first = arguments.empty() ? Parsed<std::int64_t>(0) : parseInteger(arguments[0]);
    if (arguments.size() > 1 || !first || *first < 0)
    {
        return std::nullopt;
    }
    return Sequence{.first = *first};
}

std::optional<FieldType> parseTimestamp(Arguments arguments)
{
    constexpr std::array<std::pair<std::string_view, std::int64_t>, 4> Units{
        {{"s", 1'000'000'000}, {"ms", 1'000'000}, {"us", 1'000}, {"ns", 1}}};
    const auto wanted = arguments.empty() ? "ms" : arguments[0];
    const auto* const unit =
        std::ranges::find(Units, wanted, &std::pair<std::string_view, std::int64_t>::first);
    if (arguments.size() > 1 || unit == Units.end())
    {
        return std::nullopt;
    }
    return Timestamp{.unitNs = unit->second};
}

std::optional<FieldType> parseUniform(Arguments arguments)
{
    const auto bounds = parsePair(arguments);
    if (!bounds || bounds->first > bounds->second)
    {
        return std::nullopt;
    }
    return Uniform{.least = bounds->first,
                   .count = static_cast<std::uint64_t>(bounds->second - bounds->first) + 1,
                   .decimals = bounds->decimals};
}

std::optional<FieldType> parseNormal(Arguments arguments)
{
    const auto numbers = parsePair(arguments);
    if (!numbers || numbers->second < 0)
    {
        return std::nullopt;
    }
    return Normal{
        .mean = numbers->first, .deviation = numbers->second, .decimals = numbers->decimals};
}

/// What would need quotes in a line of values has no place in it.
bool isPlain(std::string_view text)
{
    return std::ranges::none_of(text,
                                [](unsigned char character)
                                {
                                    return character < 0x20 || character == '"';
                                });
}

std::optional<FieldType> parseChoice(Arguments arguments)
{
    if (arguments.size() != 1 || !isPlain(arguments[0]))
    {
        return std::nullopt;
    }
    const auto texts = split(arguments[0], '|');
    return Choice{.texts = {texts.begin(), texts.end()}};
}

std::optional<FieldType> parseLetters(Arguments arguments)
{
    const auto count = arguments.size() == 1 ? parseInteger(arguments[0]) : Parsed<std::int64_t>(0);
    if (!count || *count < 1 || *count > static_cast<std::int64_t>(LettersMost))
    {
        return std::nullopt;
    }
    return Letters{.count = static_cast<std::size_t>(*count)};
}

struct KnownType
{
    std::string_view name;
    /// Nothing when the arguments are not those of `usage`.
    std::optional<FieldType> (*parse)(Arguments arguments);
    std::string_view usage;
};

constexpr std::array<KnownType, 6> KnownTypes{{
    {"sequence", parseSequence, "sequence, or sequence(FIRST) with a whole number from 0"},
    {"timestamp", parseTimestamp, "timestamp, or timestamp(UNIT) with s, ms, us or ns"},
    {"uniform", parseUniform,
     "uniform(LEAST,MOST) with numbers within 1000000000, at most 6 decimals, such as "
     "uniform(0.00,100)"},
    {"normal", parseNormal,
     "normal(MEAN,DEVIATION) with numbers within 1000000000, at most 6 decimals, such as "
     "normal(20.00,5)"},
    {"choice", parseChoice, "choice(TEXT|TEXT) without commas and quotes"},
    {"text", parseLetters, "text(LENGTH) with 1 to 65536"},
}};

FieldType parseType(std::string_view name, std::string_view text)
{
    const auto open = std::min(text.find('('), text.size());
    const auto typeName = trimmed(text.substr(0, open));
    const auto* const known = std::ranges::find(KnownTypes, typeName, &KnownType::name);
    if (known == KnownTypes.end())
    {
        refuse(fmt::format("has the field '{}' of type '{}'; allowed: sequence, timestamp, "
                           "uniform, normal, choice, text",
                           name, typeName));
    }
    std::vector<std::string_view> arguments;
    bool isWhole = true;
    if (open < text.size())
    {
        isWhole = text.ends_with(')');
        arguments = split(text.substr(open + 1, text.size() - open - 2), ',');
    }
    auto type = isWhole ? known->parse(arguments) : std::nullopt;
    if (!type)
    {
        refuse(fmt::format("has the field '{}' as '{}'; allowed: {}", name, text, known->usage));
    }
    return std::move(*type);
}

std::size_t longestBytesOf(const FieldType& type)
{
    if (const auto* const choice = std::get_if<Choice>(&type))
    {
        return std::ranges::max(choice->texts, {}, &std::string::size).size();
    }
    const auto* const letters = std::get_if<Letters>(&type);
    return letters != nullptr ? letters->count : NumberBytesMost;
}

// Writing.

char* writeNumber(char* at, std::int64_t number, int decimals) noexcept
{
    if (number < 0)
    {
        *at++ = '-';
        number = -number;
    }
    const auto scale = PowersOfTen[static_cast<std::size_t>(decimals)];
    at = std::to_chars(at, at + NumberBytesMost, number / scale).ptr;
    if (decimals == 0)
    {
        return at;
    }
    *at = '.';
    auto fraction = number % scale;
    for (int digit = decimals; digit > 0; --digit)
    {
        at[digit] = static_cast<char>('0' + fraction % 10);
        fraction /= 10;
    }
    return at + 1 + decimals;
}

char* writeText(char* at, std::string_view text) noexcept
{
    std::memcpy(at, text.data(), text.size());
    return at + text.size();
}

struct Writer
{
    char* at;
    const RecordStamp& stamp;
    RandomNumbers& random;

    char* operator()(const Sequence& sequence) const noexcept
    {
        const auto number = static_cast<std::uint64_t>(sequence.first) + stamp.number;
        return std::to_chars(at, at + NumberBytesMost, number).ptr;
    }

    char* operator()(const Timestamp& timestamp) const noexcept
    {
        return writeNumber(at, stamp.time.count() / timestamp.unitNs, 0);
    }

    char* operator()(const Uniform& uniform) const noexcept
    {
        const auto above = static_cast<std::int64_t>(random.below(uniform.count));
        return writeNumber(at, uniform.least + above, uniform.decimals);
    }

    /// The sum of twelve uniform numbers, whose deviation is one: no logarithm, which machines
    /// round differently.
    char* operator()(const Normal& normal) const noexcept
    {
        constexpr double MeanOfSum = 12 * 65535 / 2.0;
        std::uint64_t sum = 0;
        for (int draw = 0; draw < 3; ++draw)
        {
            const auto bits = random.next();
            sum += (bits & 0xffff) + (bits >> 16 & 0xffff) + (bits >> 32 & 0xffff) + (bits >> 48);
        }
        const auto deviations = (static_cast<double>(sum) - MeanOfSum) * 0x1p-16;
        const auto offset = deviations * static_cast<double>(normal.deviation);
        return writeNumber(at, normal.mean + static_cast<std::int64_t>(std::llround(offset)),
                           normal.decimals);
    }

    char* operator()(const Choice& choice) const noexcept
    {
        return writeText(at, choice.texts[random.below(choice.texts.size())]);
    }

    char* operator()(const Letters& letters) const noexcept
    {
        constexpr std::string_view Alphabet = "abcdefghijklmnopqrstuvwxyz012345";
        constexpr int LettersPerNumber = 12;
        auto* place = at;
        for (auto left = letters.count; left > 0;)
        {
            auto bits = random.next();
            const auto count = std::min<std::size_t>(left, LettersPerNumber);
            for (std::size_t letter = 0; letter < count; ++letter)
            {
                *place++ = Alphabet[bits % Alphabet.size()];
                bits /= Alphabet.size();
            }
            left -= count;
        }
        return place;
    }
};

} // namespace

RecordSchema::RecordSchema(std::string_view text)
{
    for (const auto part : split(text, ','))
    {
        const auto colon = part.find(':');
        const auto name = trimmed(part.substr(0, std::min(colon, part.size())));
        if (colon == std::string_view::npos || name.empty() || !isPlain(name))
        {
            refuse(
                fmt::format("has the field '{}'; allowed: NAME:TYPE, such as id:sequence", part));
        }
        if (std::ranges::find(fields, name, &Field::name) != fields.end())
        {
            refuse(
                fmt::format("has the field '{}' twice; allowed: a name of its own for each", name));
        }
        fields.push_back(
            {.name = std::string(name), .type = parseType(name, trimmed(part.substr(colon + 1)))});
        longestBytes += longestBytesOf(fields.back().type) + 1;
    }
}

std::string RecordSchema::header() const
{
    std::string line;
    for (const auto& field : fields)
    {
        line += field.name + ',';
    }
    line.back() = '\n';
    return line;
}

char* RecordSchema::write(char* at, const RecordStamp& stamp, RandomNumbers& random) const noexcept
{
    for (const auto& field : fields)
    {
        at = std::visit(Writer{.at = at, .stamp = stamp, .random = random}, field.type);
        *at++ = ',';
    }
    at[-1] = '\n';
    return at;
}

} // namespace weft
