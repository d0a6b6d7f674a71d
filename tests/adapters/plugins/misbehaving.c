/* tests/adapters/plugins/misbehaving.c: an adapter that does what no adapter may, as its config says: bus key `deed`.
 * Not here: anything to copy. tests/gateway/bus/adapter_process_test.cpp and tests/system/plugin_test.py load it. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adapters/adapter.h"

struct tidegate_bus {
    const char* deed;
    long polls;
    volatile int interrupted;
};

static const char deeds[] =
    "nothing|crash|crash_once|exit|hang|hang_in_create|crash_in_create|lie|nonsense_outcome|empty_create|flood|learn";
static const tidegate_key keys[] = {
    {TIDEGATE_BUS, TIDEGATE_KEY_CHOICE, "deed", deeds, 0, 0, "what it does"},
    {TIDEGATE_BUS, TIDEGATE_KEY_TEXT, "once", "", 0, 0, "a link that crash_once makes before it crashes"},
};
static const char* once;

static tidegate_bus* create(const tidegate_bus_config* config, const tidegate_faults* faults) {
    tidegate_bus* bus = (tidegate_bus*)calloc(1, sizeof *bus);
    const char* deed = "nothing";
    size_t i;
    (void)faults;
    for (i = 0; i < config->setting_count; ++i) {
        if (strcmp(config->settings[i].path, "deed") == 0) deed = config->settings[i].text;
        if (strcmp(config->settings[i].path, "once") == 0) once = strdup(config->settings[i].text);
    }
    bus->deed = strdup(deed); /* never freed: what it is good for ends with the process */
    if (strcmp(deed, "crash_in_create") == 0) abort();
    if (strcmp(deed, "empty_create") == 0) return NULL;
    while (strcmp(deed, "hang_in_create") == 0) pause();
    return bus;
}

static void destroy(tidegate_bus* bus) { free(bus); }

static void plan(tidegate_bus* bus, const uint32_t* points, size_t count, const tidegate_plan* to) {
    (void)bus, (void)points, (void)count, (void)to;
}

static void report(const tidegate_readings* to, uint32_t point, int64_t number) {
    tidegate_value value;
    memset(&value, 0, sizeof value);
    value.kind = TIDEGATE_INTEGER;
    value.as.integer = number;
    to->value(to->context, point, &value);
}

static uint32_t poll_bus(tidegate_bus* bus, const tidegate_poll* poll, const tidegate_readings* to) {
    const uint32_t point = poll->candidates[0].point;
    size_t i;
    ++bus->polls;
    if (strcmp(bus->deed, "crash") == 0) *(volatile int*)(uintptr_t)bus->interrupted = 1; /* 0 */
    if (strcmp(bus->deed, "crash_once") == 0 && once != NULL && symlink("/", once) == 0) abort();
    if (strcmp(bus->deed, "exit") == 0) _exit(3);
    while (strcmp(bus->deed, "hang") == 0) pause();
    if (strcmp(bus->deed, "lie") == 0) { /* points that nobody asked for, a kind that there isn't, a text that never ends */
        tidegate_value value;
        char* text = (char*)malloc(1 << 20);
        memset(&value, 0, sizeof value);
        memset(text, 'x', 1 << 20);
        report(to, 4000000000u, 1);
        report(to, point + 1, 2);
        value.kind = 99;
        to->value(to->context, point, &value);
        value.kind = TIDEGATE_TEXT;
        value.length = 1 << 20;
        value.as.text = text;
        to->value(to->context, point, &value);
        free(text);
    }
    if (strcmp(bus->deed, "flood") == 0)
        for (i = 0; i < 100000; ++i) report(to, point, (int64_t)i);
    if (strcmp(bus->deed, "nonsense_outcome") == 0) return 77;
    if (strcmp(bus->deed, "learn") == 0) to->learned(to->context, 0, "holes 1 2 3");
    for (i = 0; i < poll->candidate_count; ++i) report(to, poll->candidates[i].point, bus->polls);
    return TIDEGATE_DONE;
}

static void interrupt(tidegate_bus* bus) { bus->interrupted = 1; }

static const tidegate_adapter adapter = {sizeof adapter,
                                         TIDEGATE_ADAPTER_ABI,
                                         "misbehaving",
                                         "1",
                                         keys,
                                         sizeof keys / sizeof *keys,
                                         create,
                                         destroy,
                                         plan,
                                         poll_bus,
                                         interrupt,
                                         NULL,
                                         NULL,
                                         NULL,
                                         NULL,
                                         NULL};

const tidegate_adapter* tidegate_adapter_entry(uint32_t host_abi) { return host_abi == TIDEGATE_ADAPTER_ABI ? &adapter : NULL; }
