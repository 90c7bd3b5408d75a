// Why: who can write a file can compute its checksum. What lies in it must still be refused, by
// what is wrong with it, before memory is taken for it.
#include <stdexcept>

#include "check.hpp"
#include "model_files.hpp"

using model_files::edited;
using model_files::parse;

namespace {

void check_refused(const std::string& bytes, const std::string& text) {
    CHECK_THROWS(parse(bytes), std::invalid_argument, text);
}

// One entry of the metadata replaced, as JSON within a string of JSON.
std::string with(const std::string& name, const std::string& from, const std::string& to) {
    const auto escaped = [](const std::string& text) {
        std::string made;
        for (const char c : text) {
            if (c == '"' || c == '\\') made += '\\';
            made += c;
        }
        return made;
    };
    return edited(name, escaped(from), escaped(to));
}

const std::string counts = "\"shape\":[3],\"data_offsets\":[24,48]";

}  // namespace

TEST(a_file_sealed_again_is_as_it_was) {
    for (const char* name : {"float32", "str_labels"}) {
        const auto [header, body] = model_files::apart(model_files::bytes_of(name));
        CHECK(model_files::sealed(header, body) == model_files::bytes_of(name));
    }
}

TEST(headers_that_are_none) {
    const std::string body(80, 'x');
    for (const char* header : {"[]", "3", "null", "\"x\"", "{}", "{\"__metadata__\":null}",
                               "{\"__metadata__\":[\"zbins\"]}", "{\"__metadata__\":{}}",
                               "{\"__metadata__\":{\"format\":\"pt\"}}",
                               "{\"__metadata__\":{\"zbins\":\"{}\",\"format\":\"pt\"}}",
                               "{\"__metadata__\":{\"zbins\":3}}"})
        check_refused(model_files::sealed(header, body), "it has no entry 'zbins'");
    check_refused(model_files::sealed("{x}", body), "its header is no JSON: at byte 1");
    check_refused(model_files::sealed("{} {}", body), "its header is no JSON: at byte 3");
    check_refused(model_files::sealed("{\"\xff\":1}", body), "its header is no UTF-8");
    check_refused(model_files::sealed("{\"\\ud800\":1}", body), "its header is no JSON");
    check_refused(model_files::sealed("{\"__metadata__\":{\"zbins\":\"[]\"}}", body),
                  "its entry 'zbins' is no object");
    check_refused(model_files::sealed("{\"__metadata__\":{\"zbins\":\"{\"}}", body),
                  "its entry 'zbins' is no JSON");
    check_refused(model_files::sealed("{\"__metadata__\":{\"zbins\":\"{}\"}}", body),
                  "other names than expected");
}

TEST(sizes_that_lie) {
    const std::string small = model_files::bytes_of("float32");
    check_refused("", "its 0 bytes are too few for the header");
    check_refused(std::string(8, '\xff'), "which says it takes 18446744073709551615");
    check_refused(std::string("\x00\x00\x00\x00\x01\x00\x00\x00{}", 10), "takes 4294967296");
    const auto entry = [](const std::string& to) { return edited("float32", counts, to); };
    const std::string where = ",\"data_offsets\":[24,48]";
    const std::string bytes = "'counts' has other than the bytes that its shape takes";
    check_refused(entry("\"shape\":[4]" + where), bytes);
    check_refused(entry("\"shape\":[2305843009213693955]" + where), bytes);
    check_refused(entry("\"shape\":[4194305,4194305,211106198978564]" + where), bytes);
    check_refused(entry("\"shape\":[18446744073709551615,2,0]" + where), bytes);
    for (const char* size : {"-1", "-0", "3.0", "3e0", "18446744073709551616", "null", "[3]"})
        check_refused(entry("\"shape\":[" + std::string(size) + "]" + where), "no whole number");
    check_refused(entry("\"shape\":3" + where), "not just a dtype");
    check_refused(entry("\"shape\":[3,1]" + where), "wrong number of dimensions");
    check_refused(entry("\"shape\":[],\"x\":1" + where), "not just a dtype");
    check_refused(entry("\"shape\":[3]"), "not just a dtype");
    check_refused(entry("\"shape\":[3],\"data_offsets\":[24,48,48]"), "not just a dtype");
    check_refused(entry("\"shape\":[3],\"data_offsets\":[24]"), "not just a dtype");
    const auto offsets = [&](const std::string& to) {
        return entry("\"shape\":[3],\"data_offsets\":" + to);
    };
    const std::string hole = "does not begin where what is before it ends";
    for (const char* to : {"[25,49]", "[0,24]", "[16,40]", "[48,24]", "[1000000,1000024]",
                           "[18446744073709551592,18446744073709551615]"})
        check_refused(offsets(to), hole);
    check_refused(offsets("[24,4800]"), "reaches past the end of the file");
    const auto [header, body] = model_files::apart(small);
    check_refused(model_files::sealed(header, body + "x"), "its tensors end before the file does");
    check_refused(model_files::sealed(header, body.substr(1)), "past the end of the file");
}

TEST(tensors_of_another_type) {
    const auto typed = [](const std::string& from, const std::string& to) {
        return edited("float32", from, to);
    };
    check_refused(typed("\"dtype\":\"I64\"", "\"dtype\":\"U64\""),
                  "the tensor 'counts' is uint64 of shape (3,)");
    check_refused(typed("\"dtype\":\"U64\"", "\"dtype\":\"F64\""),
                  "the tensor 'codes' is float64 of shape (3, 1)");
    check_refused(typed("\"dtype\":\"I64\"", "\"dtype\":\"F8_E4M3\""), "of the type 'F8_E4M3'");
    check_refused(typed("\"dtype\":\"I64\"", "\"dtype\":\"i64\""), "of the type 'i64'");
    check_refused(typed("\"dtype\":\"I64\"", "\"dtype\":3"), "not just a dtype");
    check_refused(typed("\"counts\"", "\"count\""), "it has the tensors ['codes', 'count', ");
    check_refused(typed("\"codes\":{", "\"counts\":{"), "a name occurs twice in the header");
}

TEST(files_of_another_kind_or_version) {
    check_refused(with("float32", "\"format_version\":1", "\"format_version\":2"),
                  "its format version is 2; this release reads 1");
    check_refused(with("float32", "\"format_version\":1", "\"format_version\":true"),
                  "its format version is True");
    check_refused(with("float32", "\"format_version\":1", "\"format_version\":1.0"),
                  "its format version is 1.0");
    check_refused(with("float32", "\"n_bins\":4", "\"posterior\":4"),
                  "it is for zbins.torch.LatentGenerator.load to read");
    check_refused(with("float32", "\"n_bins\":4", "\"autoencoder\":4"),
                  "it is for the load of a class of zbins.autoencoders to read");
    check_refused(with("float32", "\"n_bins\":4", "\"bins\":4"), "other names than expected");
    check_refused(with("float32", "\"n_bins\":4", "\"n_bins\":4,\"n_bins\":4"), "twice");
}

TEST(metadata_that_cannot_be) {
    const auto refused = [](const std::string& name, const std::string& from, const std::string& to,
                            const std::string& text) {
        const check::Note note(from, " ", to);
        check_refused(with(name, from, to), text);
    };
    const std::string seen = "\"n_samples_seen\":", ignored = "\"n_samples_ignored\":";
    refused("float32", seen + "7", seen + "8", "add up to 7, but it says 8 rows were seen");
    refused("float32", seen + "7", seen + "7.0", "not whole and positive");
    for (const char* value : {"-1", "0.5", "null", "\"0\"", "9223372036854775808", "false"})
        refused("float32", ignored + "0", ignored + value, "not whole and positive");
    const std::string n_bins = "\"n_bins\":", bounds = "\"bounds\":";
    for (const char* value : {"0", "65537", "[0,3]", "18446744073709551616"})
        refused("float32", n_bins + "4", n_bins + value, "; accepted are whole numbers from 1 to");
    for (const char* value : {"3.0", "null", "true", "\"3\"", "[]", "[[3,4]]", "[true,false]", "{}",
                              "NaN", "[18446744073709551616,3]"})
        refused("float32", n_bins + "4", n_bins + value, "; accepted are a whole number from 1");
    refused("float32", n_bins + "4", n_bins + "[3]", "n_bins has 1 entries for 2 columns");
    for (const char* value : {"3", "\"ab\"", "[1]", "[1,2,3]", "[\"quantile\",0.5]", "{}",
                              "[\"quantile\",NaN]", "[\"quantile\",true]", "[\"q\",0.1]"})
        refused("float32", bounds + "null", bounds + value, "bounds is ");
    for (const char* value : {"[null,1]", "[[[0]],1]", "[0,true]", "[0,[true,false]]"})
        refused("float32", bounds + "null", bounds + value, "; accepted are None, a pair");
    refused("float32", bounds + "null", bounds + "[0,Infinity]", "every bound must be finite");
    refused("float32", bounds + "null", bounds + "[[0],1]", "lower bounds have 1 entries for 2");
    refused("float32", bounds + "null", bounds + "[0,1e39]",
            "the upper bound of column 0 is 1e+39, beyond the range of float32");
    refused("float32", "\"grow\"", "\"shrink\"", "out_of_range is 'shrink'; accepted are 'grow'");
    refused("names", "[\"u\",\"v\"]", "[\"u\"]", "not a list of one name per column");
    refused("names", "[\"u\",\"v\"]", "[\"u\",\"v\",\"w\"]", "not a list of one name per column");
    refused("names", "[\"u\",\"v\"]", "[\"u\",3]", "not a list of one name per column");
    // Judged as NumPy does: true and false beside numbers are 1 and 0.
    parse(with("float32", n_bins + "4", n_bins + "[true,7]"));
    parse(with("float32", bounds + "null", bounds + "[[false,0.5],1e38]"));
    parse(with("float32", bounds + "null", bounds + "[\"quantile\",0]"));
}

TEST(labels_that_cannot_be) {
    const std::string ints = "[-1,3,4611686018427387904]";
    const auto refused = [&](const std::string& to, const std::string& text) {
        const check::Note note("classes ", to);
        check_refused(with("int_labels", ints, to), text);
    };
    refused("null", "it has a type of labels, but no labels");
    refused("[]", "not all of the type int");
    refused("[-1,3.0,4]", "not all of the type int");
    refused("[-1,true,4]", "not all of the type int");
    refused("[-1,4,3]", "not sorted");
    refused("[-1,3,3]", "not sorted");
    refused("[-1,3,9223372036854775808]", "does not fit 64 bits");
    refused("[-1,3,4,5]", "the label 5 has no rows");
    refused("[-1,3]", "labels of a bin are not increasing, or name no class");
    refused("{}", "its labels are of the type 'int'");
    check_refused(with("int_labels", "\"class_type\":\"int\"", "\"class_type\":\"float\""),
                  "its labels are of the type 'float'");
    check_refused(with("int_labels", "\"class_type\":\"int\"", "\"class_type\":null"),
                  "its labels are of the type None");
    check_refused(with("int_labels", ints, "null"), "it has a type of labels");
    check_refused(with("str_labels", "[\"a\",", "[\"a\\u0000\","), "a label ends in NUL");
    check_refused(with("bool_labels", "[false,true]", "[true,false]"), "not sorted");
}

TEST(messages_are_short) {
    const std::string bytes =
        with("float32", "\"bounds\":null", "\"bounds\":\"" + std::string(100'000, 'x') + "\"");
    try {
        parse(bytes);
        CHECK(false);
    } catch (const std::invalid_argument& error) {
        CHECK(std::string(error.what()).size() < 500);
    }
}
