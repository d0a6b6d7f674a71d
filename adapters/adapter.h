/* adapters/adapter.h: the contract between Tidegate and an adapter (a shared object that talks to devices).
 * Not here: when to poll, what a reading becomes, how it is kept. The host decides when; the adapter decides how.
 *
 * Pure C99, so an adapter can be written in C, C++, Rust or anything that exports C functions. Rules:
 *  - Versions: the host asks tidegate_adapter_entry() with the version it speaks. Structs that cross the border start with
 *    struct_size, written by whoever made the struct. New fields are only ever added at the end; a reader looks at no field
 *    beyond struct_size. A change that this can't carry gets a new TIDEGATE_ADAPTER_ABI. So an adapter built with an older
 *    header of the same ABI is loaded by a newer host, and the other way round.
 *  - Ownership: whatever one side passes is valid during that call only; who wants to keep it copies it. The one exception
 *    is said at its declaration. Text is UTF-8, ends in NUL and is never a null pointer.
 *  - Threads: create, recall, plan and destroy are called from one thread at a time. poll, write and serve are called from one
 *    thread of the bus's own and may block; interrupt and rehearse may come from any thread while one of them runs.
 *  - No exception or longjmp may leave a function of the adapter. An adapter logs nothing: it returns what happened.
 *  - Time: durations are nanoseconds in int64_t. An adapter never needs the wall clock.
 */
#ifndef TIDEGATE_ADAPTER_H
#define TIDEGATE_ADAPTER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TIDEGATE_ADAPTER_ABI 1u

/* ---- Values ---------------------------------------------------------------------------------------------------------- */

enum tidegate_kind {
    TIDEGATE_NULL = 0,     /* The device itself says that it has no value now (a null sentinel). */
    TIDEGATE_BOOLEAN = 1,  /* as.integer is 0 or 1. */
    TIDEGATE_INTEGER = 2,  /* as.integer */
    TIDEGATE_UNSIGNED = 3, /* as.natural */
    TIDEGATE_FLOAT32 = 4,  /* as.number, exactly representable as float: printed as the shortest float32 that reads back. */
    TIDEGATE_FLOAT64 = 5,  /* as.number */
    TIDEGATE_TEXT = 6      /* as.text with length bytes of valid UTF-8; no NUL needed after it. */
};

typedef struct tidegate_value {
    uint32_t kind;   /* enum tidegate_kind */
    uint32_t length; /* TIDEGATE_TEXT: bytes */
    union {
        int64_t integer;
        uint64_t natural;
        double number;
        const char* text;
    } as;
} tidegate_value;

/* ---- What an adapter's part of the config file may say ----------------------------------------------------------------- */

enum tidegate_scope { TIDEGATE_BUS = 0, TIDEGATE_DEVICE = 1, TIDEGATE_POINT = 2 };

enum tidegate_key_type {
    TIDEGATE_KEY_TEXT = 0,
    TIDEGATE_KEY_CHOICE = 1,         /* one of the words in choices, separated by '|' */
    TIDEGATE_KEY_INTEGER = 2,        /* decimal or 0x hexadecimal, least <= value <= most */
    TIDEGATE_KEY_NUMBER = 3,         /* decimal, finite; text holds it as written, so "0.1" stays exact */
    TIDEGATE_KEY_BOOLEAN = 4,        /* true | false */
    TIDEGATE_KEY_DURATION = 5,       /* 250ms, 5s, 1h: integer holds nanoseconds, least <= value <= most */
    TIDEGATE_KEY_NUMBER_LIST = 6,    /* a list of numbers (or a single one): one setting for each, same path */
    TIDEGATE_KEY_TEXT_BY_NUMBER = 7, /* a map of integer to text: one setting for each, integer = key, text = value */
    TIDEGATE_KEY_UNBUILT = 8,        /* known and designed, but not built yet: the config reader says so */
    TIDEGATE_KEY_TEXT_LIST = 9       /* a list of texts (or a single one): one setting for each, same path, in order */
};

/* One key. path is "register", or "serial.port" for a key inside a map. A map is present as soon as one of its keys is. */
typedef struct tidegate_key {
    uint32_t scope; /* enum tidegate_scope */
    uint32_t type;  /* enum tidegate_key_type */
    const char* path;
    const char* choices; /* TIDEGATE_KEY_CHOICE, else "" */
    int64_t least, most; /* INTEGER, DURATION; both 0: no limit */
    const char* help;    /* one sentence, with the unit and the default */
} tidegate_key;

/* One key as the user set it, already checked against the key's type and range. */
typedef struct tidegate_setting {
    const char* path;
    const char* text; /* as written */
    int64_t integer;  /* INTEGER, BOOLEAN, DURATION (ns), TEXT_BY_NUMBER (the key) */
    double number;    /* NUMBER, NUMBER_LIST, INTEGER */
} tidegate_setting;

typedef struct tidegate_point_config {
    const char* name;
    const tidegate_setting* settings;
    size_t setting_count;
} tidegate_point_config;

typedef struct tidegate_device_config {
    const char* name;
    const tidegate_setting* settings;
    size_t setting_count;
    size_t first_point, point_count; /* its slice of tidegate_bus_config.points; slices don't overlap and cover all */
} tidegate_device_config;

typedef struct tidegate_bus_config {
    uint32_t struct_size;
    const char* name;
    const tidegate_setting* settings;
    size_t setting_count;
    const tidegate_device_config* devices;
    size_t device_count;
    const tidegate_point_config* points; /* a point's index here is its number in every later call */
    size_t point_count;
    /* Since 1.1: look at struct_size. For each point 1 if commands may write it, else 0. */
    const uint8_t* writable;
} tidegate_bus_config;

/* Where create() reports what is wrong with a config: every fault, not only the first. */
typedef struct tidegate_faults {
    uint32_t struct_size;
    void* context;
    /* scope and index say which bus (index 0), device or point; path names the key at fault, or "" for the whole of it.
     * message is a sentence without a full stop that says what is wrong and what would be right. */
    void (*report)(void* context, uint32_t scope, size_t index, const char* path, const char* message);
} tidegate_faults;

/* ---- Polling ----------------------------------------------------------------------------------------------------------- */

enum tidegate_outcome {
    TIDEGATE_DONE = 0,          /* The device answered; each point covered was reported by value() or failure(). */
    TIDEGATE_DEVICE_SILENT = 1, /* No valid answer in time. */
    TIDEGATE_BUS_DOWN = 2,      /* The port or connection can't be opened, or was lost: no device was asked. */
    TIDEGATE_INTERRUPTED = 3,   /* interrupt() was called. */
    TIDEGATE_DEVICE_DOWN =
        4, /* Known at once and without cost to the bus that this device is away (a TCP gateway's exception 11). */
    TIDEGATE_DEVICE_BUSY =
        5 /* Since 1.1: the device answered that it can't now (exceptions 5 and 6): it is alive, and asked again soon. */
};

/* A point that the host would like to have now. */
typedef struct tidegate_candidate {
    uint32_t point;
    uint32_t reserved;
    int64_t due_in; /* ns until its cycle is due; 0 or less: due. */
    int64_t period; /* ns; 0: as fast as the bus allows. */
} tidegate_candidate;

enum tidegate_poll_flags {
    TIDEGATE_PROBE = 1, /* The device is thought to be dead: ask for the first candidate alone, and wait no longer than pays. */
    TIDEGATE_TRACE = 2  /* Since 1.2: somebody is watching the bus: report each frame by frame(). */
};

/* candidates[0] is the most urgent and must be covered; all candidates are of one device. */
typedef struct tidegate_poll {
    uint32_t struct_size;
    uint32_t flags;
    const tidegate_candidate* candidates;
    size_t candidate_count;
} tidegate_poll;

/* Since 1.1. What became of a request, for the statistics of the bus. */
enum tidegate_exchange_result {
    TIDEGATE_ANSWERED = 0,
    TIDEGATE_EXCEPTION = 1,  /* The device answered that it won't or can't: exception says which way. */
    TIDEGATE_TIMED_OUT = 2,  /* Nothing that could be its answer came. */
    TIDEGATE_DAMAGED = 3,    /* An answer came and was not whole or not right. */
    TIDEGATE_UNREACHABLE = 4 /* Nothing was sent: the port or connection can't be opened, or was lost. */
};

typedef struct tidegate_exchange {
    uint32_t struct_size;
    uint32_t device;
    uint32_t result;    /* enum tidegate_exchange_result */
    uint32_t exception; /* 0: none */
    int64_t turnaround; /* ns from the request's end to the answer's first byte; 0: not known */
} tidegate_exchange;

/* Since 1.2. What went over the wire, as it was there: for somebody who watches the bus. */
enum tidegate_frame_direction {
    TIDEGATE_FRAME_SENT = 0,
    TIDEGATE_FRAME_RECEIVED = 1, /* a frame that was taken for an answer */
    TIDEGATE_FRAME_DISCARDED = 2 /* bytes that were none: noise, an echo, a late or foreign answer */
};

typedef struct tidegate_frame {
    uint32_t struct_size;
    uint32_t direction; /* enum tidegate_frame_direction */
    const uint8_t* bytes;
    size_t length;
    int64_t age; /* ns from the frame's last byte to this call; negative: a serial port is still sending it */
} tidegate_frame;

/* Where poll() reports. Called from within poll(), on its thread, before it returns. */
typedef struct tidegate_readings {
    uint32_t struct_size;
    void* context;
    void (*value)(void* context, uint32_t point, const tidegate_value* value);
    /* This point could not be read although the device answered; reason is a phrase ("exception 2: illegal data address").
     * Empty: there is nothing to read now, and that is in order (no code was scanned). */
    void (*failure)(void* context, uint32_t point, const char* reason);
    /* Why the outcome isn't TIDEGATE_DONE, or what went wrong on the way: a phrase for a person. */
    void (*note)(void* context, const char* text);
    /* Since version 1.1 of this header: look at struct_size. What the adapter has learned of a device and would like to know
     * again after a restart (which registers it lacks, how much it gives at once): text of the adapter's own, at most
     * TIDEGATE_LEARNED_MAX bytes, which replaces what it reported before. The host keeps it and hands it to recall(). */
    void (*learned)(void* context, uint32_t device, const char* text);
    /* Since 1.1: what became of the request; once for each that was made. */
    void (*exchanged)(void* context, const tidegate_exchange* exchange);
    /* Since 1.2: with TIDEGATE_TRACE, each frame in the order of the wire. May be a null pointer. */
    void (*frame)(void* context, const tidegate_frame* frame);
} tidegate_readings;
#define TIDEGATE_LEARNED_MAX 8192u

/* ---- Writing (since 1.1) ------------------------------------------------------------------------------------------------- */

enum tidegate_write_outcome {
    TIDEGATE_WRITE_ACCEPTED = 0, /* The device has acknowledged it. */
    TIDEGATE_WRITE_REJECTED =
        1, /* Nothing was sent: a value doesn't fit its point, or the point can't be written. note() says why. */
    TIDEGATE_WRITE_REFUSED = 2, /* The device answered that it won't (exception() says how); it has changed nothing, it says. */
    TIDEGATE_WRITE_PENDING = 3, /* The device has taken the command and is still at it (exception 5): read it back later. */
    TIDEGATE_WRITE_UNANSWERED = 4, /* It was sent and no valid answer came: it may or may not have been carried out. */
    TIDEGATE_WRITE_BUS_DOWN = 5,   /* Nothing was sent: the port or connection can't be opened, or was lost. */
    TIDEGATE_WRITE_INTERRUPTED = 6 /* interrupt() was called; what was sent may have been carried out. */
};

enum tidegate_write_flags {
    TIDEGATE_WRITE_CHECK = 1, /* Only say whether it could be written: no I/O; TIDEGATE_WRITE_ACCEPTED or _REJECTED. */
    TIDEGATE_WRITE_TRACE = 2  /* Since 1.2: report each frame by frame(). */
};

typedef struct tidegate_write_item {
    uint32_t point;
    uint32_t reserved;
    tidegate_value value; /* As poll() reports it: scaled, or the name that an enum gives the number. Any kind of number. */
} tidegate_write_item;

/* All items are of one device. Several are written in one request, or rejected if they can't be. */
typedef struct tidegate_write {
    uint32_t struct_size;
    uint32_t flags;
    const tidegate_write_item* items;
    size_t item_count;
} tidegate_write;

typedef struct tidegate_write_report {
    uint32_t struct_size;
    void* context;
    /* Right before the first byte leaves for the device; what goes out, in words ("function 6, holding 120 = 0x0141").
     * With TIDEGATE_WRITE_CHECK, if it is known: what would go out. */
    void (*sending)(void* context, const char* what);
    void (*exception)(void* context, uint32_t code);
    void (*note)(void* context, const char* text);
    /* Since 1.2: as in tidegate_readings. */
    void (*frame)(void* context, const tidegate_frame* frame);
} tidegate_write_report;

/* ---- The plan, for `tidegate check` -------------------------------------------------------------------------------------- */

typedef struct tidegate_planned_request {
    uint32_t struct_size;
    const char* what; /* "unit 3, input 52..67 (30053..30068)" */
    const uint32_t* points;
    size_t point_count;
    size_t registers; /* registers or bits on the wire, gaps included; 0: not known, or there are none */
    int64_t bus_time; /* ns that the bus is taken, computed; 0: not known */
} tidegate_planned_request;

typedef struct tidegate_plan {
    uint32_t struct_size;
    void* context;
    void (*request)(void* context, const tidegate_planned_request* request);
} tidegate_plan;

/* ---- Simulation, for `tidegate simulate` --------------------------------------------------------------------------------- */

typedef struct tidegate_simulation {
    uint32_t struct_size;
    void* context;
    /* Called once when the bus can be reached: where, as a person would type it ("tcp 127.0.0.1:1502", "/tmp/plant/bus0"). */
    void (*listening)(void* context, const char* where);
    /* A line worth showing (a request refused, a client come and gone). */
    void (*note)(void* context, const char* text);
} tidegate_simulation;

enum tidegate_rehearsed {
    TIDEGATE_REHEARSED = 0,        /* Done. */
    TIDEGATE_REHEARSE_WRONG = 1,   /* Not understood, or it can't be: note() said what would be right. */
    TIDEGATE_REHEARSE_NOT_MINE = 2 /* It names a device or point that this bus hasn't. */
};

/* ---- The adapter --------------------------------------------------------------------------------------------------------- */

typedef struct tidegate_bus tidegate_bus; /* the adapter's own; opaque to the host */

typedef struct tidegate_adapter {
    uint32_t struct_size;
    uint32_t abi_version; /* TIDEGATE_ADAPTER_ABI */
    const char* name;     /* what `adapter:` says in the config file */
    const char* version;
    const tidegate_key* keys; /* valid as long as the adapter is loaded */
    size_t key_count;

    /* Checks the config and makes the bus. No I/O: the port is opened by the first poll. Returns NULL after reporting at
     * least one fault, never NULL without. */
    tidegate_bus* (*create)(const tidegate_bus_config* config, const tidegate_faults* faults);
    void (*destroy)(tidegate_bus* bus);

    /* Says into which requests these points of one device would go if all were due together. No I/O. */
    void (*plan)(tidegate_bus* bus, const uint32_t* points, size_t point_count, const tidegate_plan* plan);

    /* Makes exactly one request, which covers candidates[0] and whichever others are worth taking along; a candidate that
     * is not reported was not asked for, or its answer is to be awaited by another poll. Where the bus takes several requests
     * at once (pipelining), an adapter may make some more beside it, for other candidates that are due; the outcome is that of
     * the first. Returns an enum tidegate_outcome. Bounded: a bus that is away or silent costs its
     * time-outs, no more. Opens the port or connection where need be; the host spaces its attempts. */
    uint32_t (*poll)(tidegate_bus* bus, const tidegate_poll* poll, const tidegate_readings* readings);

    /* Makes a poll or serve that is running, and every later one, return soon. From any thread. */
    void (*interrupt)(tidegate_bus* bus);

    /* Optional (NULL): serves the bus's devices as simulated ones until interrupted. Returns 0, or 1 after note() said why. */
    uint32_t (*serve)(tidegate_bus* bus, const tidegate_simulation* simulation);

    /* Since 1.1; a table of 1.0 ends above. */

    /* Optional (NULL): writes points. On the bus's thread, between polls; bounded like poll(). Never written twice of the
     * adapter's own accord. Returns an enum tidegate_write_outcome. The host checks afterwards, by poll(), what came of it. */
    uint32_t (*write)(tidegate_bus* bus, const tidegate_write* write, const tidegate_write_report* report);

    /* Optional (NULL): what learned() reported of this device in an earlier life, under the same config. After create() and
     * before the first poll. An adapter ignores text that it can't make sense of. */
    void (*recall)(tidegate_bus* bus, uint32_t device, const char* text);

    /* Optional (NULL): a line that a person typed for the bus's simulated devices, such as "fault boiler late 10%"; a device of
     * the bus is named without the bus. Before or while they are served, from any thread. simulation->note() says what came of
     * it, or what would be right; simulation->listening is not called. Returns an enum tidegate_rehearsed. */
    uint32_t (*rehearse)(tidegate_bus* bus, const char* line, const tidegate_simulation* simulation);

    /* Since 1.2; a table of 1.1 ends above. */

    /* Optional (NULL): closes the port or connection, so that another bus may open it; the next poll or write opens it again.
     * On the bus's thread, between polls. */
    void (*release)(tidegate_bus* bus);
} tidegate_adapter;

/* The one symbol that an adapter exports. Returns NULL if it can't speak host_abi. The result lives as long as the object is
 * loaded. */
const tidegate_adapter* tidegate_adapter_entry(uint32_t host_abi);
typedef const tidegate_adapter* (*tidegate_adapter_entry_function)(uint32_t host_abi);

#ifdef __cplusplus
}
#endif
#endif
