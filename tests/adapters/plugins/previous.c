/* tests/adapters/plugins/previous.c: an adapter that was built when adapter.h was at its first version (previous/adapter.h): its
 * tables end earlier. Not here: anything but what shows that it is loaded and polled. */
#include <stdlib.h>
#include <string.h>

#include "tests/adapters/plugins/previous/adapter.h"

struct tidegate_bus {
    int64_t polls;
};

static tidegate_bus* create(const tidegate_bus_config* config, const tidegate_faults* faults) {
    (void)config, (void)faults;
    return (tidegate_bus*)calloc(1, sizeof(struct tidegate_bus));
}
static void destroy(tidegate_bus* bus) { free(bus); }
static void plan(tidegate_bus* bus, const uint32_t* points, size_t count, const tidegate_plan* to) {
    (void)bus, (void)points, (void)count, (void)to;
}
static uint32_t poll_bus(tidegate_bus* bus, const tidegate_poll* poll, const tidegate_readings* to) {
    size_t i;
    ++bus->polls;
    for (i = 0; i < poll->candidate_count; ++i) {
        tidegate_value value;
        memset(&value, 0, sizeof value);
        value.kind = TIDEGATE_INTEGER;
        value.as.integer = bus->polls;
        to->value(to->context, poll->candidates[i].point, &value);
    }
    return TIDEGATE_DONE;
}
static void interrupt(tidegate_bus* bus) { (void)bus; }

/* What follows the table in memory is none of the host's business: if it looked there it would call this. */
static void never(void) { abort(); }
static const struct {
    tidegate_adapter table;
    void (*beyond[4])(void);
} adapter = {
    {sizeof(tidegate_adapter), TIDEGATE_ADAPTER_ABI, "previous", "1", NULL, 0, create, destroy, plan, poll_bus, interrupt, NULL},
    {never, never, never, never}};

const tidegate_adapter* tidegate_adapter_entry(uint32_t host_abi) {
    return host_abi == TIDEGATE_ADAPTER_ABI ? &adapter.table : NULL;
}
