/* examples/adapters/system_load.c: an adapter in C99, whole: what the board itself is doing, from /proc, as points.
 * Not here: C++ (number_files.cpp). The rules of the interface stand in adapters/adapter.h.
 *
 *     buses:
 *       board:
 *         adapter: system_load
 *         devices:
 *           board:
 *             every: 10s
 *             points:
 *               load:   { what: load_1min }
 *               memory: { what: memory_available, unit: MiB }
 *               uptime: { what: uptime, unit: s }
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <adapters/adapter.h>

/* ---- The keys: the gateway reads the config by this table, and tells the user about misspellings. ---- */

static const tidegate_key keys[] = {
    {TIDEGATE_POINT, TIDEGATE_KEY_CHOICE, "what", "load_1min|memory_available|uptime", 0, 0, "What to read (no default)."},
};

/* ---- The bus ---- */

enum what { LOAD_1MIN, MEMORY_AVAILABLE, UPTIME };

struct tidegate_bus {
    size_t point_count;
    enum what points[]; /* by the number that the gateway gives a point */
};

static tidegate_bus* create(const tidegate_bus_config* config, const tidegate_faults* faults) {
    tidegate_bus* bus = (tidegate_bus*)calloc(1, sizeof *bus + config->point_count * sizeof bus->points[0]);
    size_t point, i, missing = 0;
    if (bus == NULL) {
        faults->report(faults->context, TIDEGATE_BUS, 0, "", "there is no memory left");
        return NULL;
    }
    bus->point_count = config->point_count;
    for (point = 0; point < config->point_count; ++point) {
        const char* word = NULL;
        for (i = 0; i < config->points[point].setting_count; ++i)
            if (strcmp(config->points[point].settings[i].path, "what") == 0) word = config->points[point].settings[i].text;
        if (word == NULL) {
            faults->report(faults->context, TIDEGATE_POINT, point, "",
                           "a point needs to say what to read: load_1min, memory_available or uptime");
            ++missing;
            continue;
        }
        bus->points[point] = strcmp(word, "load_1min") == 0 ? LOAD_1MIN : strcmp(word, "uptime") == 0 ? UPTIME : MEMORY_AVAILABLE;
    }
    if (missing == 0) return bus;
    free(bus);
    return NULL;
}

static void destroy(tidegate_bus* bus) { free(bus); }

/* ---- Reading ---- */

/* 0, or why there is no number. */
static const char* read_number(enum what which, double* to) {
    const char* path = which == LOAD_1MIN ? "/proc/loadavg" : which == UPTIME ? "/proc/uptime" : "/proc/meminfo";
    FILE* file = fopen(path, "r");
    char line[256];
    int found = 0;
    if (file == NULL) return "the kernel doesn't say (is /proc mounted?)";
    while (!found && fgets(line, sizeof line, file) != NULL) {
        if (which == MEMORY_AVAILABLE) {
            found = sscanf(line, "MemAvailable: %lf kB", to) == 1;
            *to /= 1024;
        } else {
            found = sscanf(line, "%lf", to) == 1;
        }
    }
    fclose(file);
    return found ? NULL : "the kernel's file has another form than expected";
}

static uint32_t poll_bus(tidegate_bus* bus, const tidegate_poll* poll, const tidegate_readings* to) {
    size_t i;
    for (i = 0; i < poll->candidate_count; ++i) { /* reading costs nothing: so all at once */
        const uint32_t point = poll->candidates[i].point;
        tidegate_value value;
        const char* why;
        memset(&value, 0, sizeof value);
        value.kind = TIDEGATE_FLOAT64;
        why = read_number(bus->points[point], &value.as.number);
        if (why == NULL)
            to->value(to->context, point, &value);
        else
            to->failure(to->context, point, why);
    }
    return TIDEGATE_DONE;
}

static void interrupt(tidegate_bus* bus) { (void)bus; /* poll_bus never waits */ }

/* ---- What `tidegate check` shows ---- */

static void plan(tidegate_bus* bus, const uint32_t* points, size_t point_count, const tidegate_plan* to) {
    tidegate_planned_request request;
    (void)bus;
    memset(&request, 0, sizeof request);
    request.struct_size = sizeof request;
    request.what = "files of /proc";
    request.points = points;
    request.point_count = point_count;
    to->request(to->context, &request);
}

/* ---- The one symbol that is exported ---- */

static const tidegate_adapter adapter = {
    .struct_size = sizeof adapter,
    .abi_version = TIDEGATE_ADAPTER_ABI,
    .name = "system_load",
    .version = "1",
    .keys = keys,
    .key_count = sizeof keys / sizeof keys[0],
    .create = create,
    .destroy = destroy,
    .plan = plan,
    .poll = poll_bus,
    .interrupt = interrupt,
};

__attribute__((visibility("default"))) const tidegate_adapter* tidegate_adapter_entry(uint32_t host_abi) {
    return host_abi == TIDEGATE_ADAPTER_ABI ? &adapter : NULL;
}
