// tests/gateway/commission/register_list_test.cpp: register lists in the styles of several makers and spreadsheets.
// Not here: whether `check` takes what comes out (tests/system/import_test.py).
#include "gateway/commission/register_list.hpp"

#include <catch2/catch.hpp>

#include "gateway/commission/register_output.hpp"

namespace {

using gateway::notation;
using gateway::register_list;

register_list read(std::string_view text, const gateway::list_wishes& wishes = {}) {
    return gateway::read_registers(gateway::read_csv(text), wishes);
}

/// The point's line as it goes into a template.
std::string line_of(const register_list& list, std::size_t which) {
    const auto written = template_of(list, {"list.csv", "meter", "device", "", 1});
    std::string_view rest = written.text;
    for (std::size_t line = 1; line < written.first_line + which; ++line) rest.remove_prefix(rest.find('\n') + 1);
    const auto line = rest.substr(0, rest.find('\n'));
    return std::string(line.substr(line.find_first_not_of(' ')));
}

std::vector<std::string> lines_of(const register_list& list) {
    std::vector<std::string> out;
    for (std::size_t i = 0; i < list.points.size(); ++i) out.push_back(line_of(list, i));
    return out;
}

using lines = std::vector<std::string>;

}  // namespace

TEST_CASE("register lists: commas, hexadecimal addresses, function codes", "[import]") {
    const auto list = read(
        "Parameter,Register (hex),Function code,Data type,Scale,Unit,R/W\n"
        "Phase 1 line to neutral volts,0x0000,04,Float,,V,R\n"
        "Import active energy,0048,04,FLOAT32,1,kWh,RO\n"
        "Demand period,0x0002,03/16,float 32 bit,,min,R/W\n");
    REQUIRE(list.problem.empty());
    CHECK(list.notation == notation::from_0);
    CHECK(list.sure);
    CHECK(lines_of(list) == lines{"phase_1_line_to_neutral_volts: { input: 0, type: float32, unit: V }",
                                  "import_active_energy: { input: 72, type: float32, unit: kWh }",
                                  "demand_period: { holding: 2, type: float32, unit: min }  # RW"});
}

TEST_CASE("register lists: semicolons, decimal commas, Windows-1252 and German words", "[import]") {
    const auto list = read(
        "Z\xE4hler XY;;;;;\r\n"
        "Bezeichnung;Registeradresse;Datentyp;Faktor;Einheit;Zugriff\r\n"
        "\"Spannung L1; gegen N\";40001;UINT16;0,1;V;R\r\n"
        "Temperatur K\xFChler;40002;INT16;0,01;\xB0"
        "C;R/W\r\n"
        "Z\xE4hlerstand;40003;UINT32;0,001;kWh;R\r\n");
    REQUIRE(list.problem.empty());
    CHECK(list.notation == notation::modicon);
    CHECK(lines_of(list) == lines{"spannung_l1_gegen_n: { register: 40001, type: uint16, scale: 0.1, unit: V }",
                                  "temperatur_kuehler: { register: 40002, type: int16, scale: 0.01, unit: \"\xC2\xB0"
                                  "C\" }  # RW",
                                  "zaehlerstand: { register: 40003, type: uint32, scale: 0.001, unit: kWh }"});
    REQUIRE(list.notes.size() == 1);
    CHECK(list.notes.front().find("Windows-1252") != std::string::npos);
}

TEST_CASE("register lists: a byte order mark, tabs, gains and lengths", "[import]") {
    const auto list = read(
        "\xEF\xBB\xBFNo.\tSignal Name\tType\tUnit\tGain\tAddress\tQuantity of registers\tAccess\n"
        "1\tModel\tSTR\tN/A\t1\t30000\t15\tRO\n"
        "2\tInput power\tI32\tkW\t1000\t32064\t2\tRO\n"
        "3\tPhase A voltage\tU16\tV\t10\t32069\t1\tRO\n"
        "4\tShutdown\tU16\tN/A\t1\t40201\t1\tWO\n"
        "5\tState\tBitfield16\tN/A\t1\t32000\t1\tRO\n");
    REQUIRE(list.problem.empty());
    CHECK(list.notation == notation::from_0);
    CHECK(lines_of(list) == lines{"model: { holding: 30000, type: string, length: 15 }",
                                  "input_power: { holding: 32064, type: int32, scale: 0.001, unit: kW }",
                                  "phase_a_voltage: { holding: 32069, type: uint16, scale: 0.1, unit: V }",
                                  "state: { holding: 32000, type: uint16 }"});
    REQUIRE(list.refused.size() == 1);
    CHECK(list.refused.front().line == 5);
    CHECK(list.refused.front().why.find("only be written") != std::string::npos);
}

TEST_CASE("register lists: what addresses count from, by the evidence", "[import]") {
    const auto of = [](std::string_view text, const gateway::list_wishes& wishes = {}) { return read(text, wishes); };
    SECTION("an address 0") { CHECK(of("name,address\na,0\nb,1\n").notation == notation::from_0); }
    SECTION("long values at odd addresses") {
        const auto list = of("name,address,type\na,1,float\nb,3,float\nc,5,float\n");
        CHECK(list.notation == notation::from_1);
        CHECK_FALSE(list.sure);
        CHECK(template_of(list, {"x", "y", "d", "", 1}).text.find("\n  base: 1\n") != std::string::npos);
    }
    SECTION("long values at odd addresses, none of them 1") {
        CHECK(of("name,address,type\na,3,float\nb,5,float\nc,7,float\n").notation == notation::from_1);
    }
    SECTION("long values at even addresses") {
        CHECK(of("name,address,type\na,2,float\nb,4,float\nc,6,float\n").notation == notation::from_0);
    }
    SECTION("hexadecimal beside") {
        CHECK(of("name,address,hex\na,1,0x0001\nb,3,0x0003\n").notation == notation::from_0);
        CHECK(of("name,address,hex\na,1,0x0000\nb,3,0x0002\n").notation == notation::from_1);
    }
    SECTION("Modicon beside") {
        CHECK(of("name,address,Modicon\na,1,40002\nb,3,40004\n").notation == notation::from_0);
        CHECK(of("name,address,Modicon\na,1,40001\nb,3,40003\n").notation == notation::from_1);
    }
    SECTION("the column's name") {
        CHECK(of("name,address (1-based)\na,7\nb,8\n").notation == notation::from_1);
        CHECK(of("name,protocol address\na,1\nb,3\n").notation == notation::from_0);
    }
    SECTION("40000 is no Modicon number") { CHECK(of("name,address\na,40000\nb,40002\n").notation == notation::from_0); }
    SECTION("input registers of a protocol that are no Modicon numbers") {
        CHECK(of("name,address,fc\na,40001,4\nb,40003,4\n").notation != notation::modicon);
    }
    SECTION("as told") {
        gateway::list_wishes wishes;
        wishes.notation = notation::from_1;
        CHECK(of("name,address\na,2\n", wishes).notation == notation::from_1);
        const auto list = of("name,address\na,0\nb,2\n", wishes);
        REQUIRE(list.refused.size() == 1);
        CHECK(list.refused.front().why == "there is no address 0 where they count from 1");
    }
}

TEST_CASE("register lists: ways to write an address", "[import]") {
    const auto list = read(
        "name;address;type\na;4x0001;uint16\nb;3x0002;uint16\nc;4x0010-4x0011;\nd;4x0020.3;bool\ne;40 "
        "030;uint16\nf;what;uint16\n");
    REQUIRE(list.problem.empty());
    REQUIRE(list.points.size() == 5);
    CHECK(list.points[0].number == 1);
    CHECK(list.points[1].table == gateway::register_table::input);
    CHECK(list.points[2].type == "uint32");
    CHECK(list.points[3].bit == 3);
    CHECK(list.points[4].number == 40'030);
    REQUIRE(list.refused.size() == 1);
    CHECK(list.refused.front().line == 7);
    CHECK(list.refused.front().why == "'what' is no address");
}

TEST_CASE("register lists: ways to write a type", "[import]") {
    const auto type = [](const char* text) {
        const auto found = gateway::type_in(text);
        return found ? found->type() : std::string("?");
    };
    const std::vector<std::pair<const char*, const char*>> all = {{"int16", "int16"},
                                                                  {"UINT32", "uint32"},
                                                                  {"U32", "uint32"},
                                                                  {"S16", "int16"},
                                                                  {"FLOAT32", "float32"},
                                                                  {"float 32 bit", "float32"},
                                                                  {"32 bit float", "float32"},
                                                                  {"DINT", "int32"},
                                                                  {"UDINT", "uint32"},
                                                                  {"WORD", "uint16"},
                                                                  {"DWORD", "uint32"},
                                                                  {"LREAL", "float64"},
                                                                  {"double", "float64"},
                                                                  {"Unsigned 16-bit", "uint16"},
                                                                  {"16-bit signed", "int16"},
                                                                  {"signed int 32", "int32"},
                                                                  {"unsigned long", "uint32"},
                                                                  {"uint64", "uint64"},
                                                                  {"acc32", "uint32"},
                                                                  {"enum16", "uint16"},
                                                                  {"sunssf", "int16"},
                                                                  {"BCD32", "bcd32"},
                                                                  {"string", "string"},
                                                                  {"ASCII", "string"},
                                                                  {"bool", "bool"},
                                                                  {"short", "int16"},
                                                                  {"ushort", "uint16"},
                                                                  {"yes", "?"},
                                                                  {"", "?"}};
    for (const auto& [text, expected] : all) {
        INFO(text);
        CHECK(type(text) == expected);
    }
    CHECK(gateway::type_in("2 registers")->registers == 2);
    CHECK(gateway::type_in("float32 CDAB")->order == "CDAB");
    CHECK(gateway::type_in("uint32 (word swapped)")->order == "CDAB");
}

TEST_CASE("register lists: ways to write a scale", "[import]") {
    const auto factor = [](const char* text) {
        const auto found = gateway::scale_in(text);
        return found ? found->factor : std::string("?");
    };
    const std::vector<std::pair<const char*, const char*>> all = {{"0.1", "0.1"},
                                                                  {"0,01", "0.01"},
                                                                  {"1/10", "0.1"},
                                                                  {"x10", "10"},
                                                                  {"*0.1", "0.1"},
                                                                  {"\xC3\xB7"
                                                                   "100",
                                                                   "0.01"},
                                                                  {"/1000", "0.001"},
                                                                  {"10^-2", "0.01"},
                                                                  {"1e-3", "0.001"},
                                                                  {"", "1"},
                                                                  {"-", "1"},
                                                                  {"0.1 V", "0.1"},
                                                                  {"\xC3\x97 0.001", "0.001"},
                                                                  {"1", "1"},
                                                                  {"2.5", "2.5"},
                                                                  {"see 3", "?"},
                                                                  {"0", "?"},
                                                                  {"many", "?"}};
    for (const auto& [text, expected] : all) {
        INFO(text);
        CHECK(factor(text) == expected);
    }
    CHECK(gateway::scale_in("0.1 V")->unit == "V");
    CHECK(gateway::inverse_of("1000") == "0.001");
    CHECK(gateway::inverse_of("0.01") == "100");
    CHECK(gateway::inverse_of("3").starts_with("0.333"));
}

TEST_CASE("register lists: lengths in bytes are told by the types", "[import]") {
    const auto list = read("name,address,type,length\na,0,uint16,2\nb,2,uint32,4\nc,6,string,8\n");
    REQUIRE(list.points.size() == 3);
    CHECK(list.points[2].registers == 4);
    const auto registers = read("name,address,type,length\na,0,uint16,1\nb,2,uint32,2\nc,6,string,8\n");
    CHECK(registers.points[2].registers == 8);
}

TEST_CASE("register lists: word orders in a column, and as told", "[import]") {
    const auto list =
        read("name,address,type,word order\na,0,uint32,little endian word swap\nb,2,float64,CDAB\nc,6,uint16,CDAB\n");
    CHECK(lines_of(list) == lines{"a: { holding: 0, type: uint32, order: CDAB }",
                                  "b: { holding: 2, type: float64, order: GHEFCDAB }", "c: { holding: 6, type: uint16 }"});
    gateway::list_wishes wishes;
    wishes.order = "CDAB";
    CHECK(line_of(read("name,address,type\na,0,uint32\n", wishes), 0) == "a: { holding: 0, type: uint32, order: CDAB }");
}

TEST_CASE("register lists: names are topics, and no two alike", "[import]") {
    CHECK(gateway::point_name("Spannung L1-N (V)") == "spannung_l1_n_v");
    CHECK(gateway::point_name("a/b+c#{d}") == "a_b_plus_c_d");
    CHECK(gateway::point_name("\xE7\x94\xB5\xE5\x8E\x8B") == "\xE7\x94\xB5\xE5\x8E\x8B");
    CHECK(gateway::point_name("???").empty());
    CHECK(gateway::point_name(std::string(300, 'x')).size() <= 64);
    const auto list = read("name,address\nPower,0\nPower,1\npower,2\n,3\n???,4\n");
    std::vector<std::string> names;
    for (const auto& one : list.points) names.push_back(one.name);
    CHECK(names == std::vector<std::string>{"power", "power_2", "power_3", "holding_3", "holding_4"});
    std::string volts;  // 60 characters of three bytes each, of which the number takes two
    for (int i = 0; i < 60; ++i) volts += "\xE7\x94\xB5";
    const auto longest = read("name,address\n" + volts + ",0\n" + volts + ",1\n");
    CHECK(longest.points[0].name == volts);
    CHECK(longest.points[1].name == volts.substr(0, 3 * 58) + "_2");
}

TEST_CASE("register lists: titles between the lines, and heads that come again", "[import]") {
    const auto list = read(
        "My meter\n\nname,address,type\nVoltages,,\na,0,uint16\nname,address,type\nCurrents,,\nb,1,uint16\nReserved,2,uint16\n");
    CHECK(list.points.size() == 2);
    CHECK(list.headings == 3);
    REQUIRE(list.refused.size() == 1);
    CHECK(list.refused.front().why == "it is reserved");
}

TEST_CASE("register lists: what is none says why", "[import]") {
    CHECK(read("").problem == "it has no lines");
    CHECK(read("a,b\n1,2\n").problem.find("--column") != std::string::npos);
    CHECK(read(std::string("PK\x03\x04") + "zip").problem.find("save it as CSV") != std::string::npos);
    CHECK(read(std::string("\xFF\xFE") + "a").problem.find("UTF-16") != std::string::npos);
    CHECK(read(std::string("name,address\n") + std::string(5 << 20, 'a')).problem.find("4 MiB") != std::string::npos);
    gateway::list_wishes wishes;
    wishes.columns = {{"address", "Wo"}, {"name", "Was"}};
    const auto list = read("Was,Wo,Typ\nx,5,uint16\n", wishes);
    REQUIRE(list.points.size() == 1);
    CHECK(list.points.front().name == "x");
    wishes.columns = {{"adress", "Wo"}};
    CHECK_FALSE(read("Was,Wo,Typ\nx,5,uint16\n", wishes).problem.empty());
    wishes.columns = {{"address", "Wo"}, {"scale", "Wie"}};
    CHECK(read("Was,Wo,Typ\nx,5,uint16\n", wishes).problem == "no line heads its columns with 'Wo' and 'Wie'");
}

TEST_CASE("register lists: a head that begins with #, and comments that do", "[import]") {
    CHECK(lines_of(read("#;Name;Register;Type\n1;Volts;40001;UINT16\n#2;Amps;40002;UINT16\n")) ==
          lines{"volts: { register: 40001, type: uint16 }"});
    CHECK(lines_of(read("# Name,Address,Type\na,0,uint16\n")) == lines{"a: { holding: 0, type: uint16 }"});
    CHECK(lines_of(read("# name,address,type\nname,register\na,0\n")) == lines{"a: { holding: 0, type: uint16 }"});
}

TEST_CASE("register lists: a head of two lines, and columns that mean nothing", "[import]") {
    const auto list = read("The list of all registers;;;\nName;Address;;Data;\n;dec;hex;type;unit\na;16;0x10;INT16;V\n");
    CHECK(lines_of(list) == lines{"a: { holding: 16, type: int16, unit: V }"});
    CHECK(list.unused.empty());
    const auto other = read("Nr;Name;Address;Offset\n1;a;0;-40\n");
    CHECK(other.unused == std::vector<std::string>{"Nr", "Offset"});
    gateway::list_wishes wishes;
    wishes.columns = {{"offset", "Offset"}};
    CHECK(line_of(read("Nr;Name;Address;Offset\n1;a;0;-40\n2;b;1;1\n", wishes), 1) ==
          "b: { holding: 1, type: uint16, offset: 1 }");
}

TEST_CASE("register lists: bounds that decide", "[import]") {
    CHECK(line_of(read("name,address,type,bytes\na,0,string,5\n"), 0) == "a: { holding: 0, type: string, length: 3 }");
    CHECK(line_of(read("name,address,type,gain\na,0,uint16,10\nb,1,uint16,0.1\n"), 0) ==
          "a: { holding: 0, type: uint16, scale: 10 }");
    CHECK(line_of(read("name,address,scale\na,0,10e-2\n"), 0) == "a: { holding: 0, type: uint16, scale: 0.1 }");
    CHECK(read("name,address,type\na,3,float\nb,5,float\nc,7,float\nd,10,float\ne,12,float\n").notation == notation::from_0);
    CHECK(read("name,address\na,0\nb,65535\nc,65536\n").points.size() == 2);
    CHECK(read("name,address\na,40001\nb,1000A\n").notes.front().find("hexadecimal") == std::string::npos);
    CHECK(line_of(read("name,address\na,40001\nb,107\nc,00001\n"), 2) == "c: { holding: 1, type: uint16 }");
}

TEST_CASE("register lists: French heads", "[import]") {
    const auto list =
        read("D\xE9signation;Registre;Type;Longueur;Facteur;Unit\xE9;Acc\xE8s;Fonction\nTension;0;UINT;2;0,1;V;L/E;4\n");
    CHECK(lines_of(list) == lines{"tension: { input: 0, type: uint32, scale: 0.1, unit: V }  # RW"});
    CHECK(list.unused.empty());
}

TEST_CASE("register lists: what the addresses of a column say of each other", "[import]") {
    SECTION("letters in one of them make all of them hexadecimal") {
        const auto list = read("name,address\na,0000\nb,000A\nc,0010\n");
        CHECK(lines_of(list)[2] == "c: { holding: 16, type: uint16 }");
        CHECK(list.notes.front() == "addresses are hexadecimal, as some have letters: 000A");
    }
    SECTION("00001 beside Modicon's other numbers is a coil") {
        const auto list = read("name,address\na,40001\nb,30001\nc,00001\n");
        CHECK(list.notation == notation::modicon);
        CHECK(lines_of(list)[2] == "c: { coil: 0 }");
    }
    SECTION("00001 beside 00000 is none") {
        CHECK(lines_of(read("name,address\na,00000\nb,00001\nc,40001\n"))[1] == "b: { holding: 1, type: uint16 }");
    }
    SECTION("coils alone may count from 0 as well") {
        const auto list = read("name,address,fc\na,1,1\nb,2,1\n");
        CHECK_FALSE(list.sure);
        CHECK(list.notation == notation::from_1);
    }
    SECTION(".0 beside other bits is bit 0") {
        CHECK(lines_of(read("name,address,type\na,107.0,bool\nb,107.0,uint16\n")) ==
              lines{"a: { holding: 107, bit: 0 }", "b: { holding: 107, type: uint16 }"});
    }
    SECTION("more registers than the type has") {
        const auto list = read("name,address,type\na,100-199,uint16\nb,200-201,float\n");
        CHECK(list.points.size() == 1);
        REQUIRE(list.refused.size() == 1);
        CHECK(list.refused.front().why == "it has 100 registers, and its type 1: several values in one line");
    }
}

TEST_CASE("register lists: signs that a config can't have are left out of comments", "[import]") {
    CHECK(line_of(read("name,address,note\na,0,x\xE2\x80\xA8y\xC2\x85z\x7F\n"), 0) ==
          "a: { holding: 0, type: uint16 }  # x y z ");
}

TEST_CASE("register lists: a column of types may hold tables", "[import]") {
    const auto list = read("name,address,type\na,0,Holding\nb,1,Input\nc,2,Coil\nd,3,Discrete input\n");
    CHECK(lines_of(list) ==
          lines{"a: { holding: 0, type: uint16 }", "b: { input: 1, type: uint16 }", "c: { coil: 2 }", "d: { discrete: 3 }"});
}

TEST_CASE("csv: quotes, line ends and delimiters", "[import]") {
    const auto table = gateway::read_csv("a;\"b;\"\"c\"\"\nd\";e\r\n#comment;x;y\r\n\r\nf;g;h");
    REQUIRE(table.rows.size() == 3);
    CHECK(table.delimiter == ';');
    CHECK(table.rows[0].cells == std::vector<std::string>{"a", "b;\"c\" d", "e"});
    CHECK(table.rows[1].hash);
    CHECK(table.rows[2].line == 5);
    CHECK(gateway::read_csv("a\tb\tc\n1,5\t2,5\t3\n").delimiter == '\t');
    CHECK(gateway::read_csv("a;b\n1,5;2,5\n").delimiter == ';');
    const std::string never_closed = "line 2 has a quotation mark that begins a cell and doesn't end it";
    CHECK(gateway::read_csv("a,b\n\"never closed,b\nc,d\n").problem == never_closed);
    CHECK(gateway::read_csv("a,b\n\"never closed,b\nc,\"d\"\n").problem == never_closed);
    CHECK(gateway::read_csv("a,b\n\"two\nlines\" ,b\n").problem.empty());
    CHECK(gateway::read_csv("a,b\n3\" pipe,b\n").problem.empty());
    CHECK(gateway::read_csv("a,b\n\"pipe\" 3,b\n").problem.empty());
}
