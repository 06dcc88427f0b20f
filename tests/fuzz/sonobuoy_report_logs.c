/* e2e.log in pieces, whose size the first byte says. */
#include "sonobuoy/report-internal.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const tests[] = {"t", "[It] [sig-a] B should c [D]", "", NULL};
    g_autoptr(ReportLogs) logs = report_logs_new();
    size_t piece = size > 0 ? data[0] + 1u : 1;
    for (size_t i = 0; tests[i]; i++)
        report_logs_want(logs, "p", tests[i]);
    report_logs_begin(logs, "p");
    for (size_t done = 1; done < size; done += piece)
        report_logs_feed(logs, (const char *)data + done, MIN(piece, size - done));
    report_logs_end(logs);
    for (size_t i = 0; tests[i]; i++) {
        const char *found = report_logs_get(logs, "p", tests[i]);
        g_assert_true(!found || strlen(found) > 0);
    }
    return 0;
}
