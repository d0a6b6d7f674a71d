/* tests/bench/poll_libmodbus.c: the least that a poller can do: libmodbus reads the same registers again and again.
 * usage: poll_libmodbus PORT REGISTERS SECONDS    prints polls a second, and microseconds on a processor for each */
#include <errno.h>
#include <modbus/modbus.h>

#include "tests/bench/measure.h"

int main(int count, char** words) {
    uint16_t values[MODBUS_MAX_READ_REGISTERS];
    modbus_t* device;
    struct bench_times begin, now;
    long polls = 0;
    int registers;
    double seconds;
    if (count < 4) return 2;
    registers = atoi(words[2]);
    seconds = atof(words[3]);
    device = modbus_new_tcp("127.0.0.1", atoi(words[1]));
    if (device == NULL || modbus_connect(device) != 0) {
        fprintf(stderr, "poll_libmodbus: %s\n", modbus_strerror(errno));
        return 1;
    }
    modbus_set_slave(device, 1);
    begin = now = bench_now();
    while (now.clock - begin.clock < seconds) {
        if (modbus_read_registers(device, 0, registers, values) != registers) {
            fprintf(stderr, "poll_libmodbus: %s\n", modbus_strerror(errno));
            return 1;
        }
        if (++polls % 64 == 0) now = bench_now();
    }
    now = bench_now();
    printf("%.1f %.3f\n", (double)polls / (now.clock - begin.clock), (now.processor - begin.processor) * 1e6 / (double)polls);
    modbus_free(device);
    return 0;
}
