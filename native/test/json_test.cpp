// The JSON reader: what RFC 8259 allows, what it does not, and what would cost too much.
#include "core/json.h"

#include <cmath>
#include <limits>

#include "check.h"
#include "core/error.h"
#include "core/printable.h"

using namespace signalbox;

namespace {

Json parse(std::string_view text) { return Json::parse(text, "t.json"); }

void refused(std::string_view text, const std::string& part) {
  CHECK_THROWS(parse(text), ErrorCode::kInvalidModel, part);
}

}  // namespace

TEST("values of every kind come back as they were written") {
  const Json value = parse(
      " {\"a\": [1, -2.5e1, true, false, null, \"x\"],\r\n\t"
      "\"b\": {}, \"c\": [] , \"\": \"empty\"}\n");
  const auto& items = value.find("a")->asArray();
  CHECK(items.size() == 6);
  CHECK(items[0].asInteger() == 1);
  CHECK(items[1].asNumber() == -25 && items[1].asInteger() == -25);
  CHECK(items[2].asBool() && !items[3].asBool());
  CHECK(items[4].isNull());
  CHECK(items[5].asString() == "x");
  CHECK(value.find("b")->asObject().empty() && value.find("c")->asArray().empty());
  CHECK(value.find("")->asString() == "empty");
  CHECK(value.find("d") == nullptr);
  CHECK(parse("7").asInteger() == 7 && parse("\"s\"").asString() == "s" && parse("null").isNull());
}

TEST("numbers keep their value to the last bit, and whole ones are known as whole") {
  CHECK(parse("1e-05").asNumber() == 1e-05);
  CHECK(parse("0.1").asNumber() == 0.1);
  CHECK(parse("1.7976931348623157e308").asNumber() == std::numeric_limits<double>::max());
  CHECK(parse("9223372036854775807").asInteger() == INT64_MAX);
  CHECK(parse("-9223372036854775808").asInteger() == INT64_MIN);
  CHECK(parse("9007199254740993").asInteger() == 9007199254740993);  // no double
  CHECK(parse("3.0").asInteger() == 3 && parse("5E+5").asInteger() == 500000);
  CHECK(parse("-0").asInteger() == 0 && std::signbit(parse("-0.0").asNumber()));
  for (const char* text : {"9223372036854775808", "3.5", "1e19", "-9.3e18", "1e300"}) {
    CHECK_THROWS(parse(text).asInteger(), ErrorCode::kInvalidModel, "must be a whole number");
    CHECK(std::isfinite(parse(text).asNumber()));
  }
  refused("1e309", "beyond the range of double");
  refused("-1e999999999999", "beyond the range of double");
}

TEST("text that is no number, or not by this grammar, is refused") {
  for (const char* text : {"01", "+1", ".5", "1.", "1.e3", "1e", "1e+", "-", "- 1", "--1", "0x10",
                           "NaN", "Infinity", "-Infinity", "1_000", "1,", "00", "-01"}) {
    refused(text, "t.json: line 1, column ");
  }
}

TEST("structure that is not JSON is refused") {
  for (const char* text :
       {"", "  ", "{", "}", "[", "]", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "{\"a\"}", "{\"a\":}",
        "{\"a\":1,}", "{a:1}", "{'a':1}", "{\"a\":1 \"b\":2}", "{\"a\" 1}", "{1:1}", "tru", "nul",
        "True", "[1]]", "1 2", "{}{}", "// c\n1", "[1]/**/", "\xef\xbb\xbf{}", "\"a", "\"a\\\"",
        "{\"a\":1", "{\"a\"", "{\"a", "{\"a\":"}) {
    refused(text, "t.json: line ");
  }
  refused(std::string_view("[1]\0", 4), "text after the end");
  refused(std::string_view("\0", 1), "a value is expected");
}

TEST("strings: escapes and UTF-8 come back, everything else is refused") {
  CHECK(parse(R"("\"\\\/\b\f\n\r\t\u0041\u00e9\u20AC\ud83d\uDE00")").asString() ==
        "\"\\/\b\f\n\r\tA\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
  CHECK(parse(R"("\u0000")").asString() == std::string(1, '\0'));
  CHECK(parse("\"\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf\x7f\"").asString().size() == 11);
  for (const char* text : {R"("\a")", R"("\u12")", R"("\u12g4")", R"("\ud800")", R"("\ud800x")",
                           R"("\ud800\u0041")", R"("\udc00")", "\"\n\"", "\"\x01\"", R"("\)"}) {
    refused(text, "t.json: line 1, column ");
  }
  for (const char* bytes : {"\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80",
                            "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff",
                            "\xc3", "\xe2\x82", "\xf0\x9f\x98"}) {
    refused('"' + std::string(bytes) + '"', "no UTF-8");
    refused('"' + std::string(bytes), "no UTF-8");
  }
}

TEST("a key that stands twice is refused where it stands the second time") {
  refused("{\"a\": 1,\n \"b\": 2, \"a\": 3}", "t.json: line 2, column 10: the key \"a\"");
  refused(R"({"x": {"a": 1, "\u0061": 1}})", "second time");
  parse(R"({"x": {"a": 1}, "y": {"a": 1}})");
}

TEST("errors name line and column in characters") {
  refused("{\n  \"\xc3\xa9\xc3\xa9\": x}",
          "t.json: line 2, column 9: a value is expected, not \"x}\"");
  refused("[1,\n", "t.json: line 2, column 1: the text ends where a value");
}

TEST("a value of the wrong kind is refused by its path") {
  const Json value = parse(R"({"rope": {"list": [1, {"factor": "x"}]}, "n": null})");
  const Json& factor = *value.find("rope")->find("list")->asArray()[1].find("factor");
  CHECK(factor.path() == "t.json: rope.list[1].factor");
  CHECK(value.path() == "t.json");
  CHECK_THROWS(factor.asNumber(), ErrorCode::kInvalidModel,
               "t.json: rope.list[1].factor is \"x\": must be a number");
  CHECK_THROWS(factor.asBool(), ErrorCode::kInvalidModel, "true or false");
  CHECK_THROWS(factor.asArray(), ErrorCode::kInvalidModel, "an array");
  CHECK_THROWS(factor.find("a"), ErrorCode::kInvalidModel, "an object");
  CHECK_THROWS(value.find("n")->asString(), ErrorCode::kInvalidModel, "t.json: n is null");
  CHECK_THROWS(value.find("n")->asInteger(), ErrorCode::kInvalidModel, "a whole number");
  CHECK_THROWS(value.asNumber(), ErrorCode::kInvalidModel, "t.json is an object");
}

TEST("a path outlives the text, the source and the values above it") {
  Json inner;
  {
    const std::string text = R"([{"key": 3}])";
    inner = *Json::parse(text, std::string("gone.json")).asArray()[0].find("key");
  }
  CHECK(inner.path() == "gone.json: [0].key");
}

TEST("depth has a bound, on both sides of it") {
  const auto nested = [](int depth) {
    return std::string(static_cast<std::size_t>(depth), '[') +
           std::string(static_cast<std::size_t>(depth), ']');
  };
  parse(nested(kJsonDepthMax));
  refused(nested(kJsonDepthMax + 1), "nested deeper");
  refused(std::string(50'000'000, '['), "nested deeper");
}

TEST("the number of values has a bound, on both sides of it") {
  std::string text = "[0";
  for (std::size_t i = 2; i < kJsonNodesMax; ++i) text += ",0";
  CHECK(parse(text + "]").asArray().size() == kJsonNodesMax - 1);
  refused(text + ",0]", "more than 1048576 values");
}

TEST("a longer text than any folder has is refused before it is read") {
  refused(std::string(kJsonBytesMax + 1, ' '), "bytes of JSON, at most");
}

TEST("many keys under a long name cost no more than they are long") {
  // 4 MB of key above 100,000 values: a full path kept by each would take 400 GB.
  std::string text = "{\"" + std::string(std::size_t{4} << 20, 'k') + "\": [0";
  for (int i = 1; i < 100'000; ++i) text += ",0";
  const Json value = parse(text + "]}");
  const std::string path = value.asObject()[0].second.asArray()[99'999].path();
  CHECK(path.size() < 200 && path.ends_with("kkk[99999]"));
}

TEST("a name that would steer a terminal is shown in hexadecimal, a long one is clipped") {
  CHECK(printable("a\x1b[31m\nb\x7f") == "a\\x1b[31m\\x0ab\\x7f");
  CHECK(printable("caf\xc3\xa9 \xc2\x9b \xff\xc3") == "caf\xc3\xa9 \\xc2\\x9b \\xff\\xc3");
  CHECK(printable(std::string(100, 'a') + std::string(100, 'b'), 20) == "aaaaaaaaaa...bbbbbbbbbb");
  CHECK(printable(std::string(20, 'a'), 20) == std::string(20, 'a'));
}

TEST_MAIN
