// adapters/modbus/sunspec_models.cpp: the SunSpec models that are known, as data: SunSpec's official model definitions (JSON,
// repository sunspec/models at 7abdf89) in our own form. Not here: where a device has them (sunspec.cpp).
//
// Every model begins with its ID and its length L; then these, at these offsets from the ID. A name with [] is of a repeating
// block, given for its first instance. Inverters of one, two and three phases (101–103, 111–113) and the meters (201–204,
// 211–214) have one layout each and differ in what is mandatory. 101, 103, 111 and 113 were compared; of 102, 112, 201, 202, 204,
// 211, 212 and 214 that is from memory, as the definitions weren't at hand.
#include "adapters/modbus/sunspec_models.hpp"

#include <algorithm>
#include <array>

namespace modbus {
namespace {

using t = sunspec_type;

// Common: who made the device.
constexpr sunspec_point model_1[] = {
    {"Mn", t::string, 2, 16, "", ""}, {"Md", t::string, 18, 16, "", ""}, {"Opt", t::string, 34, 8, "", ""},
    {"Vr", t::string, 42, 8, "", ""}, {"SN", t::string, 50, 16, "", ""}, {"DA", t::uint16, 66, 1, "", ""},
};

// Inverters, whole numbers and scale factors.
constexpr sunspec_point model_103[] = {
    {"A", t::uint16, 2, 1, "A_SF", "A"},
    {"AphA", t::uint16, 3, 1, "A_SF", "A"},
    {"AphB", t::uint16, 4, 1, "A_SF", "A"},
    {"AphC", t::uint16, 5, 1, "A_SF", "A"},
    {"A_SF", t::sunssf, 6, 1, "", ""},
    {"PPVphAB", t::uint16, 7, 1, "V_SF", "V"},
    {"PPVphBC", t::uint16, 8, 1, "V_SF", "V"},
    {"PPVphCA", t::uint16, 9, 1, "V_SF", "V"},
    {"PhVphA", t::uint16, 10, 1, "V_SF", "V"},
    {"PhVphB", t::uint16, 11, 1, "V_SF", "V"},
    {"PhVphC", t::uint16, 12, 1, "V_SF", "V"},
    {"V_SF", t::sunssf, 13, 1, "", ""},
    {"W", t::int16, 14, 1, "W_SF", "W"},
    {"W_SF", t::sunssf, 15, 1, "", ""},
    {"Hz", t::uint16, 16, 1, "Hz_SF", "Hz"},
    {"Hz_SF", t::sunssf, 17, 1, "", ""},
    {"VA", t::int16, 18, 1, "VA_SF", "VA"},
    {"VA_SF", t::sunssf, 19, 1, "", ""},
    {"VAr", t::int16, 20, 1, "VAr_SF", "var"},
    {"VAr_SF", t::sunssf, 21, 1, "", ""},
    {"PF", t::int16, 22, 1, "PF_SF", "%"},
    {"PF_SF", t::sunssf, 23, 1, "", ""},
    {"WH", t::acc32, 24, 2, "WH_SF", "Wh"},
    {"WH_SF", t::sunssf, 26, 1, "", ""},
    {"DCA", t::uint16, 27, 1, "DCA_SF", "A"},
    {"DCA_SF", t::sunssf, 28, 1, "", ""},
    {"DCV", t::uint16, 29, 1, "DCV_SF", "V"},
    {"DCV_SF", t::sunssf, 30, 1, "", ""},
    {"DCW", t::int16, 31, 1, "DCW_SF", "W"},
    {"DCW_SF", t::sunssf, 32, 1, "", ""},
    {"TmpCab", t::int16, 33, 1, "Tmp_SF", "°C"},
    {"TmpSnk", t::int16, 34, 1, "Tmp_SF", "°C"},
    {"TmpTrns", t::int16, 35, 1, "Tmp_SF", "°C"},
    {"TmpOt", t::int16, 36, 1, "Tmp_SF", "°C"},
    {"Tmp_SF", t::sunssf, 37, 1, "", ""},
    {"St", t::enum16, 38, 1, "", ""},
    {"StVnd", t::enum16, 39, 1, "", ""},
    {"Evt1", t::bitfield32, 40, 2, "", ""},
    {"Evt2", t::bitfield32, 42, 2, "", ""},
    {"EvtVnd1", t::bitfield32, 44, 2, "", ""},
    {"EvtVnd2", t::bitfield32, 46, 2, "", ""},
    {"EvtVnd3", t::bitfield32, 48, 2, "", ""},
    {"EvtVnd4", t::bitfield32, 50, 2, "", ""},
};

// Inverters, floats.
constexpr sunspec_point model_113[] = {
    {"A", t::float32, 2, 2, "", "A"},          {"AphA", t::float32, 4, 2, "", "A"},
    {"AphB", t::float32, 6, 2, "", "A"},       {"AphC", t::float32, 8, 2, "", "A"},
    {"PPVphAB", t::float32, 10, 2, "", "V"},   {"PPVphBC", t::float32, 12, 2, "", "V"},
    {"PPVphCA", t::float32, 14, 2, "", "V"},   {"PhVphA", t::float32, 16, 2, "", "V"},
    {"PhVphB", t::float32, 18, 2, "", "V"},    {"PhVphC", t::float32, 20, 2, "", "V"},
    {"W", t::float32, 22, 2, "", "W"},         {"Hz", t::float32, 24, 2, "", "Hz"},
    {"VA", t::float32, 26, 2, "", "VA"},       {"VAr", t::float32, 28, 2, "", "var"},
    {"PF", t::float32, 30, 2, "", "%"},        {"WH", t::float32, 32, 2, "", "Wh"},
    {"DCA", t::float32, 34, 2, "", "A"},       {"DCV", t::float32, 36, 2, "", "V"},
    {"DCW", t::float32, 38, 2, "", "W"},       {"TmpCab", t::float32, 40, 2, "", "°C"},
    {"TmpSnk", t::float32, 42, 2, "", "°C"},   {"TmpTrns", t::float32, 44, 2, "", "°C"},
    {"TmpOt", t::float32, 46, 2, "", "°C"},    {"St", t::enum16, 48, 1, "", ""},
    {"StVnd", t::enum16, 49, 1, "", ""},       {"Evt1", t::bitfield32, 50, 2, "", ""},
    {"Evt2", t::bitfield32, 52, 2, "", ""},    {"EvtVnd1", t::bitfield32, 54, 2, "", ""},
    {"EvtVnd2", t::bitfield32, 56, 2, "", ""}, {"EvtVnd3", t::bitfield32, 58, 2, "", ""},
    {"EvtVnd4", t::bitfield32, 60, 2, "", ""},
};

// Nameplate ratings.
constexpr sunspec_point model_120[] = {
    {"DERTyp", t::enum16, 2, 1, "", ""},
    {"WRtg", t::uint16, 3, 1, "WRtg_SF", "W"},
    {"WRtg_SF", t::sunssf, 4, 1, "", ""},
    {"VARtg", t::uint16, 5, 1, "VARtg_SF", "VA"},
    {"VARtg_SF", t::sunssf, 6, 1, "", ""},
    {"VArRtgQ1", t::int16, 7, 1, "VArRtg_SF", "var"},
    {"VArRtgQ2", t::int16, 8, 1, "VArRtg_SF", "var"},
    {"VArRtgQ3", t::int16, 9, 1, "VArRtg_SF", "var"},
    {"VArRtgQ4", t::int16, 10, 1, "VArRtg_SF", "var"},
    {"VArRtg_SF", t::sunssf, 11, 1, "", ""},
    {"ARtg", t::uint16, 12, 1, "ARtg_SF", "A"},
    {"ARtg_SF", t::sunssf, 13, 1, "", ""},
    {"PFRtgQ1", t::int16, 14, 1, "PFRtg_SF", "cos()"},
    {"PFRtgQ2", t::int16, 15, 1, "PFRtg_SF", "cos()"},
    {"PFRtgQ3", t::int16, 16, 1, "PFRtg_SF", "cos()"},
    {"PFRtgQ4", t::int16, 17, 1, "PFRtg_SF", "cos()"},
    {"PFRtg_SF", t::sunssf, 18, 1, "", ""},
    {"WHRtg", t::uint16, 19, 1, "WHRtg_SF", "Wh"},
    {"WHRtg_SF", t::sunssf, 20, 1, "", ""},
    {"AhrRtg", t::uint16, 21, 1, "AhrRtg_SF", "AH"},
    {"AhrRtg_SF", t::sunssf, 22, 1, "", ""},
    {"MaxChaRte", t::uint16, 23, 1, "MaxChaRte_SF", "W"},
    {"MaxChaRte_SF", t::sunssf, 24, 1, "", ""},
    {"MaxDisChaRte", t::uint16, 25, 1, "MaxDisChaRte_SF", "W"},
    {"MaxDisChaRte_SF", t::sunssf, 26, 1, "", ""},
};

// MPPT: each string of modules.
constexpr sunspec_point model_160[] = {
    {"DCA_SF", t::sunssf, 2, 1, "", ""},
    {"DCV_SF", t::sunssf, 3, 1, "", ""},
    {"DCW_SF", t::sunssf, 4, 1, "", ""},
    {"DCWH_SF", t::sunssf, 5, 1, "", ""},
    {"Evt", t::bitfield32, 6, 2, "", ""},
    {"N", t::count, 8, 1, "", ""},
    {"TmsPer", t::uint16, 9, 1, "", ""},
    {"module[].ID", t::uint16, 10, 1, "", ""},
    {"module[].IDStr", t::string, 11, 8, "", ""},
    {"module[].DCA", t::uint16, 19, 1, "DCA_SF", "A"},
    {"module[].DCV", t::uint16, 20, 1, "DCV_SF", "V"},
    {"module[].DCW", t::uint16, 21, 1, "DCW_SF", "W"},
    {"module[].DCWH", t::acc32, 22, 2, "DCWH_SF", "Wh"},
    {"module[].Tms", t::uint32, 24, 2, "", "s"},
    {"module[].Tmp", t::int16, 26, 1, "", "°C"},
    {"module[].DCSt", t::enum16, 27, 1, "", ""},
    {"module[].DCEvt", t::bitfield32, 28, 2, "", ""},
};

// Meters, whole numbers and scale factors.
constexpr sunspec_point model_203[] = {
    {"A", t::int16, 2, 1, "A_SF", "A"},
    {"AphA", t::int16, 3, 1, "A_SF", "A"},
    {"AphB", t::int16, 4, 1, "A_SF", "A"},
    {"AphC", t::int16, 5, 1, "A_SF", "A"},
    {"A_SF", t::sunssf, 6, 1, "", ""},
    {"PhV", t::int16, 7, 1, "V_SF", "V"},
    {"PhVphA", t::int16, 8, 1, "V_SF", "V"},
    {"PhVphB", t::int16, 9, 1, "V_SF", "V"},
    {"PhVphC", t::int16, 10, 1, "V_SF", "V"},
    {"PPV", t::int16, 11, 1, "V_SF", "V"},
    {"PhVphAB", t::int16, 12, 1, "V_SF", "V"},
    {"PhVphBC", t::int16, 13, 1, "V_SF", "V"},
    {"PhVphCA", t::int16, 14, 1, "V_SF", "V"},
    {"V_SF", t::sunssf, 15, 1, "", ""},
    {"Hz", t::int16, 16, 1, "Hz_SF", "Hz"},
    {"Hz_SF", t::sunssf, 17, 1, "", ""},
    {"W", t::int16, 18, 1, "W_SF", "W"},
    {"WphA", t::int16, 19, 1, "W_SF", "W"},
    {"WphB", t::int16, 20, 1, "W_SF", "W"},
    {"WphC", t::int16, 21, 1, "W_SF", "W"},
    {"W_SF", t::sunssf, 22, 1, "", ""},
    {"VA", t::int16, 23, 1, "VA_SF", "VA"},
    {"VAphA", t::int16, 24, 1, "VA_SF", "VA"},
    {"VAphB", t::int16, 25, 1, "VA_SF", "VA"},
    {"VAphC", t::int16, 26, 1, "VA_SF", "VA"},
    {"VA_SF", t::sunssf, 27, 1, "", ""},
    {"VAR", t::int16, 28, 1, "VAR_SF", "var"},
    {"VARphA", t::int16, 29, 1, "VAR_SF", "var"},
    {"VARphB", t::int16, 30, 1, "VAR_SF", "var"},
    {"VARphC", t::int16, 31, 1, "VAR_SF", "var"},
    {"VAR_SF", t::sunssf, 32, 1, "", ""},
    {"PF", t::int16, 33, 1, "PF_SF", "%"},
    {"PFphA", t::int16, 34, 1, "PF_SF", "%"},
    {"PFphB", t::int16, 35, 1, "PF_SF", "%"},
    {"PFphC", t::int16, 36, 1, "PF_SF", "%"},
    {"PF_SF", t::sunssf, 37, 1, "", ""},
    {"TotWhExp", t::acc32, 38, 2, "TotWh_SF", "Wh"},
    {"TotWhExpPhA", t::acc32, 40, 2, "TotWh_SF", "Wh"},
    {"TotWhExpPhB", t::acc32, 42, 2, "TotWh_SF", "Wh"},
    {"TotWhExpPhC", t::acc32, 44, 2, "TotWh_SF", "Wh"},
    {"TotWhImp", t::acc32, 46, 2, "TotWh_SF", "Wh"},
    {"TotWhImpPhA", t::acc32, 48, 2, "TotWh_SF", "Wh"},
    {"TotWhImpPhB", t::acc32, 50, 2, "TotWh_SF", "Wh"},
    {"TotWhImpPhC", t::acc32, 52, 2, "TotWh_SF", "Wh"},
    {"TotWh_SF", t::sunssf, 54, 1, "", ""},
    {"TotVAhExp", t::acc32, 55, 2, "TotVAh_SF", "VAh"},
    {"TotVAhExpPhA", t::acc32, 57, 2, "TotVAh_SF", "VAh"},
    {"TotVAhExpPhB", t::acc32, 59, 2, "TotVAh_SF", "VAh"},
    {"TotVAhExpPhC", t::acc32, 61, 2, "TotVAh_SF", "VAh"},
    {"TotVAhImp", t::acc32, 63, 2, "TotVAh_SF", "VAh"},
    {"TotVAhImpPhA", t::acc32, 65, 2, "TotVAh_SF", "VAh"},
    {"TotVAhImpPhB", t::acc32, 67, 2, "TotVAh_SF", "VAh"},
    {"TotVAhImpPhC", t::acc32, 69, 2, "TotVAh_SF", "VAh"},
    {"TotVAh_SF", t::sunssf, 71, 1, "", ""},
    {"TotVArhImpQ1", t::acc32, 72, 2, "TotVArh_SF", "varh"},
    {"TotVArhImpQ1PhA", t::acc32, 74, 2, "TotVArh_SF", "varh"},
    {"TotVArhImpQ1PhB", t::acc32, 76, 2, "TotVArh_SF", "varh"},
    {"TotVArhImpQ1PhC", t::acc32, 78, 2, "TotVArh_SF", "varh"},
    {"TotVArhImpQ2", t::acc32, 80, 2, "TotVArh_SF", "varh"},
    {"TotVArhImpQ2PhA", t::acc32, 82, 2, "TotVArh_SF", "varh"},
    {"TotVArhImpQ2PhB", t::acc32, 84, 2, "TotVArh_SF", "varh"},
    {"TotVArhImpQ2PhC", t::acc32, 86, 2, "TotVArh_SF", "varh"},
    {"TotVArhExpQ3", t::acc32, 88, 2, "TotVArh_SF", "varh"},
    {"TotVArhExpQ3PhA", t::acc32, 90, 2, "TotVArh_SF", "varh"},
    {"TotVArhExpQ3PhB", t::acc32, 92, 2, "TotVArh_SF", "varh"},
    {"TotVArhExpQ3PhC", t::acc32, 94, 2, "TotVArh_SF", "varh"},
    {"TotVArhExpQ4", t::acc32, 96, 2, "TotVArh_SF", "varh"},
    {"TotVArhExpQ4PhA", t::acc32, 98, 2, "TotVArh_SF", "varh"},
    {"TotVArhExpQ4PhB", t::acc32, 100, 2, "TotVArh_SF", "varh"},
    {"TotVArhExpQ4PhC", t::acc32, 102, 2, "TotVArh_SF", "varh"},
    {"TotVArh_SF", t::sunssf, 104, 1, "", ""},
    {"Evt", t::bitfield32, 105, 2, "", ""},
};

// Meters, floats.
constexpr sunspec_point model_213[] = {
    {"A", t::float32, 2, 2, "", "A"},
    {"AphA", t::float32, 4, 2, "", "A"},
    {"AphB", t::float32, 6, 2, "", "A"},
    {"AphC", t::float32, 8, 2, "", "A"},
    {"PhV", t::float32, 10, 2, "", "V"},
    {"PhVphA", t::float32, 12, 2, "", "V"},
    {"PhVphB", t::float32, 14, 2, "", "V"},
    {"PhVphC", t::float32, 16, 2, "", "V"},
    {"PPV", t::float32, 18, 2, "", "V"},
    {"PPVphAB", t::float32, 20, 2, "", "V"},
    {"PPVphBC", t::float32, 22, 2, "", "V"},
    {"PPVphCA", t::float32, 24, 2, "", "V"},
    {"Hz", t::float32, 26, 2, "", "Hz"},
    {"W", t::float32, 28, 2, "", "W"},
    {"WphA", t::float32, 30, 2, "", "W"},
    {"WphB", t::float32, 32, 2, "", "W"},
    {"WphC", t::float32, 34, 2, "", "W"},
    {"VA", t::float32, 36, 2, "", "VA"},
    {"VAphA", t::float32, 38, 2, "", "VA"},
    {"VAphB", t::float32, 40, 2, "", "VA"},
    {"VAphC", t::float32, 42, 2, "", "VA"},
    {"VAR", t::float32, 44, 2, "", "var"},
    {"VARphA", t::float32, 46, 2, "", "var"},
    {"VARphB", t::float32, 48, 2, "", "var"},
    {"VARphC", t::float32, 50, 2, "", "var"},
    {"PF", t::float32, 52, 2, "", ""},
    {"PFphA", t::float32, 54, 2, "", ""},
    {"PFphB", t::float32, 56, 2, "", ""},
    {"PFphC", t::float32, 58, 2, "", ""},
    {"TotWhExp", t::float32, 60, 2, "", "Wh"},
    {"TotWhExpPhA", t::float32, 62, 2, "", "Wh"},
    {"TotWhExpPhB", t::float32, 64, 2, "", "Wh"},
    {"TotWhExpPhC", t::float32, 66, 2, "", "Wh"},
    {"TotWhImp", t::float32, 68, 2, "", "Wh"},
    {"TotWhImpPhA", t::float32, 70, 2, "", "Wh"},
    {"TotWhImpPhB", t::float32, 72, 2, "", "Wh"},
    {"TotWhImpPhC", t::float32, 74, 2, "", "Wh"},
    {"TotVAhExp", t::float32, 76, 2, "", "VAh"},
    {"TotVAhExpPhA", t::float32, 78, 2, "", "VAh"},
    {"TotVAhExpPhB", t::float32, 80, 2, "", "VAh"},
    {"TotVAhExpPhC", t::float32, 82, 2, "", "VAh"},
    {"TotVAhImp", t::float32, 84, 2, "", "VAh"},
    {"TotVAhImpPhA", t::float32, 86, 2, "", "VAh"},
    {"TotVAhImpPhB", t::float32, 88, 2, "", "VAh"},
    {"TotVAhImpPhC", t::float32, 90, 2, "", "VAh"},
    {"TotVArhImpQ1", t::float32, 92, 2, "", "varh"},
    {"TotVArhImpQ1phA", t::float32, 94, 2, "", "varh"},
    {"TotVArhImpQ1phB", t::float32, 96, 2, "", "varh"},
    {"TotVArhImpQ1phC", t::float32, 98, 2, "", "varh"},
    {"TotVArhImpQ2", t::float32, 100, 2, "", "varh"},
    {"TotVArhImpQ2phA", t::float32, 102, 2, "", "varh"},
    {"TotVArhImpQ2phB", t::float32, 104, 2, "", "varh"},
    {"TotVArhImpQ2phC", t::float32, 106, 2, "", "varh"},
    {"TotVArhExpQ3", t::float32, 108, 2, "", "varh"},
    {"TotVArhExpQ3phA", t::float32, 110, 2, "", "varh"},
    {"TotVArhExpQ3phB", t::float32, 112, 2, "", "varh"},
    {"TotVArhExpQ3phC", t::float32, 114, 2, "", "varh"},
    {"TotVArhExpQ4", t::float32, 116, 2, "", "varh"},
    {"TotVArhExpQ4phA", t::float32, 118, 2, "", "varh"},
    {"TotVArhExpQ4phB", t::float32, 120, 2, "", "varh"},
    {"TotVArhExpQ4phC", t::float32, 122, 2, "", "varh"},
    {"Evt", t::bitfield32, 124, 2, "", ""},
};

// DER AC measurement.
constexpr sunspec_point model_701[] = {
    {"ACType", t::enum16, 2, 1, "", ""},
    {"St", t::enum16, 3, 1, "", ""},
    {"InvSt", t::enum16, 4, 1, "", ""},
    {"ConnSt", t::enum16, 5, 1, "", ""},
    {"Alrm", t::bitfield32, 6, 2, "", ""},
    {"DERMode", t::bitfield32, 8, 2, "", ""},
    {"W", t::int16, 10, 1, "W_SF", "W"},
    {"VA", t::int16, 11, 1, "VA_SF", "VA"},
    {"Var", t::int16, 12, 1, "Var_SF", "var"},
    {"PF", t::int16, 13, 1, "PF_SF", ""},
    {"A", t::int16, 14, 1, "A_SF", "A"},
    {"LLV", t::uint16, 15, 1, "V_SF", "V"},
    {"LNV", t::uint16, 16, 1, "V_SF", "V"},
    {"Hz", t::uint32, 17, 2, "Hz_SF", "Hz"},
    {"TotWhInj", t::uint64, 19, 4, "TotWh_SF", "Wh"},
    {"TotWhAbs", t::uint64, 23, 4, "TotWh_SF", "Wh"},
    {"TotVarhInj", t::uint64, 27, 4, "TotVarh_SF", "varh"},
    {"TotVarhAbs", t::uint64, 31, 4, "TotVarh_SF", "varh"},
    {"TmpAmb", t::int16, 35, 1, "Tmp_SF", "°C"},
    {"TmpCab", t::int16, 36, 1, "Tmp_SF", "°C"},
    {"TmpSnk", t::int16, 37, 1, "Tmp_SF", "°C"},
    {"TmpTrns", t::int16, 38, 1, "Tmp_SF", "°C"},
    {"TmpSw", t::int16, 39, 1, "Tmp_SF", "°C"},
    {"TmpOt", t::int16, 40, 1, "Tmp_SF", "°C"},
    {"WL1", t::int16, 41, 1, "W_SF", "W"},
    {"VAL1", t::int16, 42, 1, "VA_SF", "VA"},
    {"VarL1", t::int16, 43, 1, "Var_SF", "var"},
    {"PFL1", t::int16, 44, 1, "PF_SF", ""},
    {"AL1", t::int16, 45, 1, "A_SF", "A"},
    {"VL1L2", t::uint16, 46, 1, "V_SF", "V"},
    {"VL1", t::uint16, 47, 1, "V_SF", "V"},
    {"TotWhInjL1", t::uint64, 48, 4, "TotWh_SF", "Wh"},
    {"TotWhAbsL1", t::uint64, 52, 4, "TotWh_SF", "Wh"},
    {"TotVarhInjL1", t::uint64, 56, 4, "TotVarh_SF", "varh"},
    {"TotVarhAbsL1", t::uint64, 60, 4, "TotVarh_SF", "varh"},
    {"WL2", t::int16, 64, 1, "W_SF", "W"},
    {"VAL2", t::int16, 65, 1, "VA_SF", "VA"},
    {"VarL2", t::int16, 66, 1, "Var_SF", "var"},
    {"PFL2", t::int16, 67, 1, "PF_SF", ""},
    {"AL2", t::int16, 68, 1, "A_SF", "A"},
    {"VL2L3", t::uint16, 69, 1, "V_SF", "V"},
    {"VL2", t::uint16, 70, 1, "V_SF", "V"},
    {"TotWhInjL2", t::uint64, 71, 4, "TotWh_SF", "Wh"},
    {"TotWhAbsL2", t::uint64, 75, 4, "TotWh_SF", "Wh"},
    {"TotVarhInjL2", t::uint64, 79, 4, "TotVarh_SF", "varh"},
    {"TotVarhAbsL2", t::uint64, 83, 4, "TotVarh_SF", "varh"},
    {"WL3", t::int16, 87, 1, "W_SF", "W"},
    {"VAL3", t::int16, 88, 1, "VA_SF", "VA"},
    {"VarL3", t::int16, 89, 1, "Var_SF", "var"},
    {"PFL3", t::int16, 90, 1, "PF_SF", ""},
    {"AL3", t::int16, 91, 1, "A_SF", "A"},
    {"VL3L1", t::uint16, 92, 1, "V_SF", "V"},
    {"VL3", t::uint16, 93, 1, "V_SF", "V"},
    {"TotWhInjL3", t::uint64, 94, 4, "TotWh_SF", "Wh"},
    {"TotWhAbsL3", t::uint64, 98, 4, "TotWh_SF", "Wh"},
    {"TotVarhInjL3", t::uint64, 102, 4, "TotVarh_SF", "varh"},
    {"TotVarhAbsL3", t::uint64, 106, 4, "TotVarh_SF", "varh"},
    {"ThrotPct", t::uint16, 110, 1, "", "%"},
    {"ThrotSrc", t::bitfield32, 111, 2, "", ""},
    {"A_SF", t::sunssf, 113, 1, "", ""},
    {"V_SF", t::sunssf, 114, 1, "", ""},
    {"Hz_SF", t::sunssf, 115, 1, "", ""},
    {"W_SF", t::sunssf, 116, 1, "", ""},
    {"PF_SF", t::sunssf, 117, 1, "", ""},
    {"VA_SF", t::sunssf, 118, 1, "", ""},
    {"Var_SF", t::sunssf, 119, 1, "", ""},
    {"TotWh_SF", t::sunssf, 120, 1, "", ""},
    {"TotVarh_SF", t::sunssf, 121, 1, "", ""},
    {"Tmp_SF", t::sunssf, 122, 1, "", ""},
    {"MnAlrmInfo", t::string, 123, 32, "", ""},
};

// DER storage capacity.
constexpr sunspec_point model_713[] = {
    {"WHRtg", t::uint16, 2, 1, "WH_SF", "WH"}, {"WHAvail", t::uint16, 3, 1, "WH_SF", "WH"},
    {"SoC", t::uint16, 4, 1, "Pct_SF", "%"},   {"SoH", t::uint16, 5, 1, "Pct_SF", "%"},
    {"Sta", t::enum16, 6, 1, "", ""},          {"WH_SF", t::sunssf, 7, 1, "", ""},
    {"Pct_SF", t::sunssf, 8, 1, "", ""},
};

// Battery.
constexpr sunspec_point model_802[] = {
    {"AHRtg", t::uint16, 2, 1, "AHRtg_SF", "Ah"},
    {"WHRtg", t::uint16, 3, 1, "WHRtg_SF", "Wh"},
    {"WChaRteMax", t::uint16, 4, 1, "WChaDisChaMax_SF", "W"},
    {"WDisChaRteMax", t::uint16, 5, 1, "WChaDisChaMax_SF", "W"},
    {"DisChaRte", t::uint16, 6, 1, "DisChaRte_SF", "%WHRtg"},
    {"SoCMax", t::uint16, 7, 1, "SoC_SF", "%WHRtg"},
    {"SoCMin", t::uint16, 8, 1, "SoC_SF", "%WHRtg"},
    {"SocRsvMax", t::uint16, 9, 1, "SoC_SF", "%WHRtg"},
    {"SoCRsvMin", t::uint16, 10, 1, "SoC_SF", "%WHRtg"},
    {"SoC", t::uint16, 11, 1, "SoC_SF", "%WHRtg"},
    {"DoD", t::uint16, 12, 1, "DoD_SF", "%"},
    {"SoH", t::uint16, 13, 1, "SoH_SF", "%"},
    {"NCyc", t::uint32, 14, 2, "", ""},
    {"ChaSt", t::enum16, 16, 1, "", ""},
    {"LocRemCtl", t::enum16, 17, 1, "", ""},
    {"Hb", t::uint16, 18, 1, "", ""},
    {"CtrlHb", t::uint16, 19, 1, "", ""},
    {"AlmRst", t::uint16, 20, 1, "", ""},
    {"Typ", t::enum16, 21, 1, "", ""},
    {"State", t::enum16, 22, 1, "", ""},
    {"StateVnd", t::enum16, 23, 1, "", ""},
    {"WarrDt", t::uint32, 24, 2, "", ""},
    {"Evt1", t::bitfield32, 26, 2, "", ""},
    {"Evt2", t::bitfield32, 28, 2, "", ""},
    {"EvtVnd1", t::bitfield32, 30, 2, "", ""},
    {"EvtVnd2", t::bitfield32, 32, 2, "", ""},
    {"V", t::uint16, 34, 1, "V_SF", "V"},
    {"VMax", t::uint16, 35, 1, "V_SF", "V"},
    {"VMin", t::uint16, 36, 1, "V_SF", "V"},
    {"CellVMax", t::uint16, 37, 1, "CellV_SF", "V"},
    {"CellVMaxStr", t::uint16, 38, 1, "", ""},
    {"CellVMaxMod", t::uint16, 39, 1, "", ""},
    {"CellVMin", t::uint16, 40, 1, "CellV_SF", "V"},
    {"CellVMinStr", t::uint16, 41, 1, "", ""},
    {"CellVMinMod", t::uint16, 42, 1, "", ""},
    {"CellVAvg", t::uint16, 43, 1, "CellV_SF", "V"},
    {"A", t::int16, 44, 1, "A_SF", "A"},
    {"AChaMax", t::uint16, 45, 1, "AMax_SF", "A"},
    {"ADisChaMax", t::uint16, 46, 1, "AMax_SF", "A"},
    {"W", t::int16, 47, 1, "W_SF", "W"},
    {"ReqInvState", t::enum16, 48, 1, "", ""},
    {"ReqW", t::int16, 49, 1, "W_SF", "W"},
    {"SetOp", t::enum16, 50, 1, "", ""},
    {"SetInvState", t::enum16, 51, 1, "", ""},
    {"AHRtg_SF", t::sunssf, 52, 1, "", ""},
    {"WHRtg_SF", t::sunssf, 53, 1, "", ""},
    {"WChaDisChaMax_SF", t::sunssf, 54, 1, "", ""},
    {"DisChaRte_SF", t::sunssf, 55, 1, "", ""},
    {"SoC_SF", t::sunssf, 56, 1, "", ""},
    {"DoD_SF", t::sunssf, 57, 1, "", ""},
    {"SoH_SF", t::sunssf, 58, 1, "", ""},
    {"V_SF", t::sunssf, 59, 1, "", ""},
    {"CellV_SF", t::sunssf, 60, 1, "", ""},
    {"A_SF", t::sunssf, 61, 1, "", ""},
    {"AMax_SF", t::sunssf, 62, 1, "", ""},
    {"W_SF", t::sunssf, 63, 1, "", ""},
};

constexpr std::array models{
    sunspec_model{1, model_1},     sunspec_model{103, model_103}, sunspec_model{113, model_113}, sunspec_model{120, model_120},
    sunspec_model{160, model_160}, sunspec_model{203, model_203}, sunspec_model{213, model_213}, sunspec_model{701, model_701},
    sunspec_model{713, model_713}, sunspec_model{802, model_802}, sunspec_model{101, model_103}, sunspec_model{102, model_103},
    sunspec_model{111, model_113}, sunspec_model{112, model_113}, sunspec_model{201, model_203}, sunspec_model{202, model_203},
    sunspec_model{204, model_203}, sunspec_model{211, model_213}, sunspec_model{212, model_213}, sunspec_model{214, model_213},
};

struct family {
    std::string_view name;
    std::array<std::uint16_t, 8> models;  // 0: none
};
constexpr std::array families{
    family{"common", {1}},
    family{"inverter", {101, 102, 103, 111, 112, 113}},
    family{"nameplate", {120}},
    family{"mppt", {160}},
    family{"meter", {201, 202, 203, 204, 211, 212, 213, 214}},
    family{"der", {701}},
    family{"storage", {713}},
    family{"battery", {802}},
};

}  // namespace

const sunspec_model* find_sunspec_model(std::uint16_t id) {
    const auto found = std::find_if(models.begin(), models.end(), [&](const auto& each) { return each.id == id; });
    return found == models.end() ? nullptr : &*found;
}

std::vector<std::uint16_t> sunspec_family(std::string_view name) {
    std::vector<std::uint16_t> ids;
    for (const auto& each : families)
        if (each.name == name)
            for (const auto id : each.models)
                if (id != 0) ids.push_back(id);
    return ids;
}

std::string sunspec_family_names() {
    std::string names;
    for (const auto& each : families) names += (names.empty() ? "" : ", ") + std::string(each.name);
    return names;
}

const sunspec_point* find_sunspec_point(const sunspec_model& of, std::string_view name) {
    const auto found = std::find_if(of.points.begin(), of.points.end(), [&](const auto& each) { return each.name == name; });
    return found == of.points.end() ? nullptr : &*found;
}

std::uint16_t block_length(const sunspec_model& of) {
    std::uint32_t first = 0, end = 0;
    for (const auto& each : of.points) {
        if (each.name.find("[]") == std::string_view::npos) continue;
        if (first == 0) first = each.offset;
        end = std::max<std::uint32_t>(end, std::uint32_t{each.offset} + each.registers);
    }
    return static_cast<std::uint16_t>(end - first);
}

}  // namespace modbus
